"""A search, round by round: proposed, run, told.

The trials of a round are proposed together and told in the order of their
numbers, whichever ends first: so the same seed gives the same trials. What a
folder has recorded is told again and not run again.
"""

import math

from tfcmc.foundation.errors import TrainingFailed, UsageError, is_number
from tfcmc.searches.records import (
    FAILED,
    Search,
    Trial,
    read_trials,
    trial_folder,
    write_record,
)
from tfcmc.searches.tuner import Tuner

ALL_FAILED = 3  # trials at the beginning: then something else is wrong
TOLERANCE = 1e-3  # relative; what is proposed is rounded to four digits


def conduct(tuner: Tuner, search: Search, folder, run) -> None:
    """Runs the trials of a search that are not recorded yet.

    Args:
        tuner: A new one.
        run: Called with what is proposed, yields each trial as it ends.

    Raises:
        UsageError: if what is recorded is not what the tuner proposes.
        TrainingFailed: if the first trials all fail.
    """
    recorded = {trial.number: trial for trial in read_trials(folder)}
    told = []
    while len(told) < search.trials:
        count = min(search.jobs, search.trials - len(told))
        proposals = tuner.propose(count)
        if not proposals:
            break
        for proposal in proposals:
            if proposal.number in recorded:
                _check_recorded(proposal, recorded[proposal.number], folder)
        missing = [p for p in proposals if p.number not in recorded]
        for trial in run(missing) if missing else ():
            record(folder, trial)
            recorded[trial.number] = trial
        for proposal in proposals:
            told.append(recorded[proposal.number])
            tuner.tell(told[-1])
        if len(told) >= ALL_FAILED and all(t.status == FAILED for t in told):
            raise nothing_works(told[-1].reason)


def record(folder, trial: Trial) -> None:
    """Writes down that a trial has ended."""
    write_record(trial_folder(folder, trial.number) / "trial.json", trial)


def nothing_works(reason: str) -> TrainingFailed:
    """Makes the error for a search whose first trials have all failed."""
    return TrainingFailed(f"the first {ALL_FAILED} trials failed: {reason}")


def _check_recorded(proposal, trial, folder):
    """Refuses a recorded trial that is not the one that is proposed."""
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


def _close(value, other):
    if is_number(value) and is_number(other):
        return math.isclose(value, other, rel_tol=TOLERANCE, abs_tol=1e-9)
    return value == other
