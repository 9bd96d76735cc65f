"""What a search leaves on disk: its own settings, and a record a trial.

FOLDER/search.json                 what is searched for, and how
FOLDER/default/                    the loss's defaults: a run, not a trial
FOLDER/trials/0000/, 0001/, ...    the trials: run folders like any other
FOLDER/trials/0000/trial.json      a `Trial`
"""

import dataclasses
import json
import pathlib

from tfcmc.checks import UsageError
from tfcmc.files import write_whole

# Objective to its direction. The last two need no labels.
OBJECTIVES = {
    "linear_probe": "max",
    "knn": "max",
    "alignment_uniformity": "min",
    "effective_rank": "max",
}
LABEL_FREE = ("alignment_uniformity", "effective_rank")
DONE, FAILED = "done", "failed"


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
    return _read(pathlib.Path(folder) / "search.json", Search)


def read_trials(folder):
    """Reads the trials that have ended.

    Args:
        folder: Path of the search.

    Returns:
        `Trial`s in the order of their numbers.

    Raises:
        UsageError: if a record is damaged.
    """
    paths = sorted(pathlib.Path(folder).glob("trials/*/trial.json"))
    return [_read(path, Trial) for path in paths]


def _read(path, kind):
    try:
        return kind(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"`{path.name}` must be a readable record of a search. "
            f"Received: {path} ({error})"
        ) from None
