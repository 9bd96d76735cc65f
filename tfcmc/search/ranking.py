"""The trials of a search in order, and the settings of the best."""

import math
import pathlib

from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import parse_spec
from tfcmc.runs.folder import Run
from tfcmc.runs.record import measured_by, read_metrics, read_settings
from tfcmc.search.records import (
    DONE,
    OBJECTIVES,
    Trial,
    place_of,
    read_search,
    read_trials,
)

# What a run's settings hold that is not the user's choice of an experiment.
NOT_KEPT = ("run_dir", "preset", "evaluate")


def open_search(folder):
    """Reads a search and its trials.

    Args:
        folder: Path of the search.

    Returns:
        `(search, trials)`.

    Raises:
        UsageError: if there is none, or a record is damaged.
    """
    search = read_search(folder)
    if search is None:
        raise UsageError(
            f"`search` must be the folder of a search, with a search.json. "
            f"Received: {str(folder)!r}"
        )
    return search, read_trials(folder)


def scores_of(metrics):
    """Reads every objective that the data allow off a verdict.

    Args:
        metrics: What `metrics.json` holds.

    Returns:
        Objective to number, those that are finite.
    """
    found = {
        name: metrics[name]["accuracy"]
        for name in ("linear_probe", "knn")
        if name in metrics
    }
    found["alignment_uniformity"] = (
        metrics["alignment"] + metrics["uniformity"]
    )
    found["effective_rank"] = metrics["sphere"]["effective_rank"]
    return {
        name: value for name, value in found.items() if math.isfinite(value)
    }


def rating(objective, score):
    """Returns a score so that the higher is the better.

    Args:
        objective: One of `OBJECTIVES`.
        score: A number, or an array.
    """
    return score if OBJECTIVES[objective] == "max" else -score


def comparable(trials):
    """Returns the trials that have been trained to the end.

    A tuner that gives most trials few epochs compares them among themselves;
    with one trained for longer they cannot be compared.

    Args:
        trials: `Trial`s.

    Returns:
        Those that are done and trained for the most epochs of all.
    """
    done = [trial for trial in trials if trial.status == DONE]
    most = max((trial.epochs for trial in done), default=0)
    return [trial for trial in done if trial.epochs == most]


def ranked(trials, objective):
    """Orders trials by an objective.

    Args:
        trials: `Trial`s.
        objective: One of `OBJECTIVES`.

    Returns:
        Those of `comparable` that have the score, the best first; of equal
        ones the earlier first.
    """
    return sorted(
        (trial for trial in comparable(trials) if objective in trial.scores),
        key=lambda trial: (
            -rating(objective, trial.scores[objective]),
            trial.number,
        ),
    )


def best_trial(search, trials):
    """Returns the best trial by the search's objective, or None."""
    return next(iter(ranked(trials, search.objective)), None)


def better(objective, first, second):
    """Whether a score is better than another by an objective."""
    return rating(objective, first) > rating(objective, second)


def defaults(folder, search):
    """Reads the run of the loss's defaults as if it were a trial.

    Args:
        folder: Path of the search.
        search: The `Search`.

    Returns:
        A `Trial` without a number and without the seconds that it took, or
        None where the run is not finished.

    Raises:
        UsageError: if it was judged again by other constants than the trials.
    """
    run = Run(pathlib.Path(folder) / "default")
    metrics = read_metrics(run)
    if metrics is None:
        return None
    known = settings_of(run.folder, search)
    if not measured_by(metrics, known):
        raise UsageError(
            f"`search` must hold runs judged by their own alpha and t. "
            f"Received: {run.folder}, judged by others.\n"
            f"python -m trainers.evaluate {run.folder} judges it again."
        )
    _, options, _ = parse_spec(known["encoder"])
    known |= {f"encoder.{name}": value for name, value in options.items()}
    _, options, _ = parse_spec(known["loss"])
    known |= options
    return Trial(
        number=None,
        values={name: known[name] for name in search.space},
        epochs=metrics["epochs"],
        scores=scores_of(metrics),
        seconds=None,
    )


def settings_of(folder, search):
    """Reads the settings of a run as `--config` takes them.

    Args:
        folder: Path of the run folder of a trial, or of the defaults.
        search: The `Search`, which says where the pictures are.

    Returns:
        Setting name to value: without the run's folder, and judged on test.

    Raises:
        UsageError: if the folder holds no run.
    """
    stored = read_settings(Run(folder))
    if stored is None:
        raise UsageError(
            f"`search` must hold the runs of its trials. Received: "
            f"{pathlib.Path(folder) / 'config.json'}, which is not there"
        )
    kept = {name: stored[name] for name in stored if name not in NOT_KEPT}
    return kept | place_of(search) | {"judge_on": "test"}
