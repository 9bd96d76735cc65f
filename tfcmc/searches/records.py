"""What a search leaves on disk: its own settings, and a record a trial.

FOLDER/search.json                 what is searched for, and how
FOLDER/default/                    the loss's defaults: a run, not a trial
FOLDER/trials/0000/, 0001/, ...    the trials: run folders like any other
FOLDER/trials/0000/trial.json      a `Trial`
"""

import dataclasses
import pathlib
from typing import Annotated

from tfcmc.evaluation.label_free import MEASURES
from tfcmc.experiment.config import BRIEF
from tfcmc.foundation.paths import names_in
from tfcmc.foundation.records import COUNT, SHARE, Within, damaged, read_record
from tfcmc.runs.folder import Run, write_json
from tfcmc.runs.identity import PLACE
from tfcmc.runs.record import SPHERE


@dataclasses.dataclass(frozen=True)
class Objective:
    """What trials are ranked by."""

    title: str  # what it is called
    short: str  # likewise, at the head of a column
    better: str = "higher"  # or "lower"
    percent: bool = False  # whether it is a share, shown in percent
    digits: int = 1  # after the point

    def rating(self, score):
        """Returns a score so that the higher is the better."""
        return score if self.better == "higher" else -score

    def text(self, score: float) -> str:
        """Writes a score: "59.0" of 0.59 in percent."""
        return f"{100 * score if self.percent else score:.{self.digits}f}"

    def words(self, score: float) -> str:
        """Writes a score with its title: "linear probe 59.0 %"."""
        unit = " %" if self.percent else ""
        return f"{self.title} {self.text(score)}{unit}"


OBJECTIVES = {
    "least_probe": Objective(
        "lower of linear probe and kNN", "lower probe", percent=True
    ),
    "linear_probe": Objective("linear probe", "linear", percent=True),
    "knn": Objective("kNN", "kNN", percent=True),
    "alignment_uniformity": Objective(
        "alignment + uniformity", "align. + unif.", "lower", digits=3
    ),
    "effective_rank": Objective("effective rank", "eff. rank", digits=0),
}
OBJECTIVES |= {
    name: Objective(
        each.rated or each.title,
        f"|{each.short} - 1|" if each.rated else each.short,
        each.better,
        digits=each.digits,
    )
    for name, each in MEASURES.items()
}
PROBES = BRIEF
LABELLED = ("least_probe", *PROBES)
LABEL_FREE = tuple(name for name in OBJECTIVES if name not in LABELLED)
TUNERS = ("bayesian", "random", "hyperband", "grid")
RUNNING, DONE, FAILED, STOPPED = "running", "done", "failed", "stopped"

WRITER = "a search"
OPTION = (float, str, bool, None)
SPAN = {"low": float, "high": float, "scale": {"linear", "log"}}
SCORES = dict.fromkeys([f"{name}?" for name in LABELLED], SHARE)
SCORES |= dict.fromkeys([f"{name}?" for name in LABEL_FREE], float)
JUDGED = {
    "loss": str,
    "encoders_sha256": {str: str},
    "epochs?": COUNT,
    "sphere_all": SPHERE,
    **dict.fromkeys(
        [f"{name}?" for name in PROBES],
        {"accuracy": SHARE, "interval": [SHARE, SHARE]},
    ),
}
VERDICT = {
    "trial": COUNT,
    "judged_on": str,
    "winner": JUDGED,
    "default": JUDGED,
    "difference?": {
        "linear_probe": float,
        "interval": [float, float],
        "within_noise": bool,
    },
    "before": [COUNT],
}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One choice of options that is tried, with the form of its record.

    Attributes:
        number: From 0, in the order they were chosen.
        values: Name of each option searched to its value.
        epochs: How many epochs its encoders are trained for, those of the
            trial that it continues among them.
        parent: Number of the trial whose weights it continues, or None.
        status: "done", "failed", or "stopped" where it had no chance to be
            the best; "running" is never written down.
        reason: Why it failed or was stopped, in one line, or None.
        scores: Objective to number, of those in `OBJECTIVES` that the data
            allow: accuracies in [0, 1] on the validation part.
        seconds: What its training and judging took.
    """

    number: Annotated[int, COUNT]
    values: Annotated[dict, {str: OPTION}]
    epochs: Annotated[int, Within(1, whole=True)]
    parent: Annotated[int | None, (COUNT, None)] = None
    status: Annotated[str, {DONE, FAILED, STOPPED}] = DONE
    reason: Annotated[str | None, (str, None)] = None
    scores: Annotated[dict, SCORES] = dataclasses.field(default_factory=dict)
    seconds: Annotated[float, Within(0)] = 0.0


@dataclasses.dataclass(frozen=True)
class Search:
    """What is searched for, and how, with the form of its record.

    Attributes:
        loss: Spec of the loss that is tuned, in full.
        space: Name of each option searched to its span: `{"low", "high",
            "scale"}`, scale "linear" or "log" and, for whole numbers,
            `"whole": true`; or `{"choices": [...]}`.
        tuner: One of `TUNERS`.
        objective: One of `OBJECTIVES`; None until the data have settled it.
        trials: How many trials, at most.
        seed: Of what the tuner draws.
        settings: The settings of every trial's run but its folder and what is
            searched: name to value.
        jobs: How many trials are chosen at once, before any of them has
            ended.
    """

    loss: Annotated[str, str]
    space: Annotated[
        dict, {str: ({**SPAN, "whole?": bool}, {"choices": [OPTION]})}
    ]
    tuner: Annotated[str, set(TUNERS)]
    objective: Annotated[str | None, (set(OBJECTIVES), None)]
    trials: Annotated[int, Within(1, whole=True)]
    seed: Annotated[int, COUNT]
    settings: Annotated[dict, {str: OPTION}]
    jobs: Annotated[int, Within(1, whole=True)] = 1


def trial_folder(folder, number):
    """Returns the run folder of a trial."""
    return pathlib.Path(folder) / "trials" / f"{number:04d}"


def runs_of(folder):
    """Returns the `Run`s of a search that are there, the defaults' first."""
    trials = sorted(pathlib.Path(folder).glob("trials/*"))
    return [Run(path) for path in (pathlib.Path(folder) / "default", *trials)]


def place_of(search):
    """Returns where a search last found its pictures: name to setting."""
    return {
        name: search.settings[name]
        for name in PLACE
        if name in search.settings
    }


def write_record(path, record):
    """Writes a `Trial` or a `Search` as JSON, whole or not at all."""
    write_json(path, dataclasses.asdict(record))


def read_search(folder) -> Search | None:
    """Reads what a folder's search is; None where there is none.

    Raises:
        UsageError: if its record is damaged.
    """
    return read_record(pathlib.Path(folder) / "search.json", Search, WRITER)


def read_trials(folder) -> list[Trial]:
    """Reads the trials that have ended, in the order of their numbers.

    Raises:
        UsageError: if a record is damaged, or of no trial of this search.
    """
    search = read_search(folder)
    trials = []
    place = pathlib.Path(folder) / "trials"
    for path in (place / name / "trial.json" for name in names_in(place)):
        trial = read_record(path, Trial, WRITER)
        if trial is None:  # it has not ended
            continue
        if told := _strange(trial, path, search):
            raise damaged(path, told, WRITER)
        trials.append(trial)
    return trials


def read_verdict(folder) -> dict | None:
    """Reads the verdict on a search's winner; None where there is none.

    Raises:
        UsageError: if its record is damaged.
    """
    path = pathlib.Path(folder) / "verdict.json"
    return read_record(path, VERDICT, WRITER)


def _strange(trial, path, search):
    """Says in what a trial is none of its place and search, or None."""
    if trial_folder(path.parents[2], trial.number) != path.parent:
        return f"number is {trial.number}"
    if search is None:
        return None
    if trial.values.keys() != search.space.keys():
        return f"values of {', '.join(trial.values)}"
    if trial.status == DONE and search.objective not in (None, *trial.scores):
        return f"scores lacks {search.objective}"
    return None
