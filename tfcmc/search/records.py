"""What a search leaves on disk: its own settings, and a record a trial.

FOLDER/search.json                 what is searched for, and how
FOLDER/default/                    the loss's defaults: a run, not a trial
FOLDER/trials/0000/, 0001/, ...    the trials: run folders like any other
FOLDER/trials/0000/trial.json      a `Trial`
"""

import dataclasses
import json
import pathlib

from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.records import COUNT, SHARE, Within, damaged, read_record
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import PLACE

# Objective to its direction. The last two need no labels.
OBJECTIVES = {
    "linear_probe": "max",
    "knn": "max",
    "alignment_uniformity": "min",
    "effective_rank": "max",
}
LABEL_FREE = ("alignment_uniformity", "effective_rank")
DONE, FAILED = "done", "failed"
TUNERS = ("bayesian", "random", "hyperband", "grid")

WRITER = "a search"
OPTION = (float, str, bool, None)
TRIAL = {
    "number": COUNT,
    "values": {str: OPTION},
    "epochs": Within(1, whole=True),
    "parent": (COUNT, None),
    "status": {DONE, FAILED},
    "reason": (str, None),
    "scores": {
        "linear_probe?": SHARE,
        "knn?": SHARE,
        "alignment_uniformity?": float,
        "effective_rank?": float,
    },
    "seconds": Within(0),
}
SPAN = {"low": float, "high": float, "scale": {"linear", "log"}}
SEARCH = {
    "loss": str,
    "space": {str: ({**SPAN, "whole?": bool}, {"choices": [OPTION]})},
    "tuner": set(TUNERS),
    "objective": (set(OBJECTIVES), None),
    "trials": Within(1, whole=True),
    "seed": COUNT,
    "settings": {str: OPTION},
    "jobs": Within(1, whole=True),
}
JUDGED = {
    "loss": str,
    "encoders_sha256": {str: str},
    "sphere_all": {
        "images": COUNT,
        "alignment": float,
        "uniformity": float,
        "effective_rank": float,
    },
    "linear_probe?": {"accuracy": SHARE, "interval": [SHARE, SHARE]},
    "knn?": {"accuracy": SHARE, "interval": [SHARE, SHARE]},
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
    """One choice of options that was tried; a run folder like any other.

    Attributes:
        number: From 0, in the order they were chosen.
        values: Name of each option searched to its value.
        epochs: How many epochs its encoders have been trained for, those of
            the trial that it continues among them.
        parent: Number of the trial whose weights it continues, or None.
        status: "done" or "failed".
        reason: Why it failed, in one line, or None.
        scores: Objective to number, of those in `OBJECTIVES` that the data
            allow: accuracies in [0, 1] on the validation part.
        seconds: What its training and judging took.
    """

    number: int
    values: dict
    epochs: int
    parent: int | None = None
    status: str = DONE
    reason: str | None = None
    scores: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Search:
    """What is searched for, and how.

    Attributes:
        loss: Spec of the loss that is tuned, in full.
        space: Name of each option searched to its range: `{"low", "high",
            "scale"}`, scale "linear" or "log" and, for whole numbers,
            `"whole": true`; or `{"choices": [...]}`.
        tuner: "bayesian", "random", "hyperband" or "grid".
        objective: One of `OBJECTIVES`.
        trials: How many trials, at most.
        seed: Of what the tuner draws.
        settings: The settings of every trial's run but its folder and what is
            searched: name to value.
        jobs: How many trials are chosen at once, before any of them has
            ended.
    """

    loss: str
    space: dict
    tuner: str
    objective: str
    trials: int
    seed: int
    settings: dict
    jobs: int = 1


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
    text = json.dumps(dataclasses.asdict(record), indent=2) + "\n"
    write_whole(path, text)


def read_search(folder):
    """Reads what a folder's search is.

    Args:
        folder: Path of the search.

    Returns:
        A `Search`, or None where there is none.

    Raises:
        UsageError: if its record is damaged.
    """
    return _read(pathlib.Path(folder) / "search.json", SEARCH, Search)


def read_trials(folder):
    """Reads the trials that have ended.

    Args:
        folder: Path of the search.

    Returns:
        `Trial`s in the order of their numbers.

    Raises:
        UsageError: if a record is damaged, or of no trial of this search.
    """
    search = read_search(folder)
    trials = []
    for path in sorted(pathlib.Path(folder).glob("trials/*/trial.json")):
        trial = _read(path, TRIAL, Trial)
        if trial is None:  # gone since
            continue
        if told := _strange(trial, path, search):
            raise damaged(path, told, WRITER)
        trials.append(trial)
    return trials


def read_verdict(folder):
    """Reads the verdict on a search's winner.

    Args:
        folder: Path of the search.

    Returns:
        What `judge_winner` made, or None where there is none.

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


def _read(path, form, kind):
    found = read_record(path, form, WRITER)
    if found is None:
        return None
    names = [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: found[name] for name in names})
