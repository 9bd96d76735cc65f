"""A search, round by round: proposed, run, told.

The trials of a round are proposed together and told in the order of their
numbers, whichever ends first: so the same seed gives the same trials. What a
folder has recorded is told again and not run again.
"""

import math

from tfcmc.foundation.errors import TrainingFailed, UsageError, is_number
from tfcmc.search.records import DONE, read_trials, trial_folder, write_record

ALL_FAILED = 3  # trials at the beginning: then something else is wrong
TOLERANCE = 1e-3  # relative; what is proposed is rounded to four digits


class NothingWorks(TrainingFailed):
    """The first trials have all failed.

    Args:
        reason: Of the last of them.
    """

    def __init__(self, reason):
        super().__init__(f"the first {ALL_FAILED} trials failed: {reason}")


def conduct(tuner, search, folder, run):
    """Runs the trials of a search that are not recorded yet.

    Args:
        tuner: A `Tuner`, new.
        search: The `Search`.
        folder: Path of the search.
        run: Called with `Proposal`s, yields the `Trial` of each as it ends.

    Returns:
        The `Trial`s, in the order of their numbers.

    Raises:
        UsageError: if what is recorded is not what the tuner proposes.
        NothingWorks: if the first trials all fail.
    """
    recorded = {trial.number: trial for trial in read_trials(folder)}
    told = []
    while len(told) < search.trials:
        count = min(search.jobs, search.trials - len(told))
        proposals = tuner.propose(count)
        if not proposals:
            break
        for proposal in proposals:
            check_recorded(proposal, recorded.get(proposal.number), folder)
        missing = [p for p in proposals if p.number not in recorded]
        for trial in run(missing) if missing else ():
            path = trial_folder(folder, trial.number) / "trial.json"
            write_record(path, trial)
            recorded[trial.number] = trial
        for proposal in proposals:
            tuner.tell(recorded[proposal.number])
            told.append(recorded[proposal.number])
        check_beginning(told)
    return told


def check_recorded(proposal, trial, folder):
    """Checks that a recorded trial is the one that is proposed.

    Args:
        proposal: A `Proposal`.
        trial: The `Trial` of its number, or None.
        folder: Path of the search.

    Raises:
        UsageError: if it is another.
    """
    if trial is None:
        return
    same = (
        trial.values.keys() == proposal.values.keys()
        and (trial.epochs, trial.parent) == (proposal.epochs, proposal.parent)
        and all(
            _close(trial.values[name], value)
            for name, value in proposal.values.items()
        )
    )
    if not same:
        raise UsageError(
            f"`run-dir` must hold trials as this search proposes them. "
            f"Received: {trial_folder(folder, trial.number)}, which has "
            f"{trial.values} and not {proposal.values}.\nOther versions of "
            f"KerasTuner or scikit-learn may have made it: choose another "
            f"--run-dir."
        )


def check_beginning(told):
    """Raises `NothingWorks` if there are some trials, and all failed."""
    if len(told) >= ALL_FAILED and all(t.status != DONE for t in told):
        raise NothingWorks(told[-1].reason)


def _close(value, other):
    if is_number(value) and is_number(other):
        return math.isclose(value, other, rel_tol=TOLERANCE, abs_tol=1e-9)
    return value == other
