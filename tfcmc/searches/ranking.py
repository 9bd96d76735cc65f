"""The trials of a search in order, and the settings of the best."""

import dataclasses
import functools
import math
import pathlib
import shlex

from tfcmc.evaluation.label_free import MEASURES
from tfcmc.foundation.errors import UsageError
from tfcmc.runs.folder import Run
from tfcmc.runs.record import measured_by, read_metrics, read_settings
from tfcmc.searches.records import (
    DONE,
    OBJECTIVES,
    PROBES,
    Objective,
    Search,
    Trial,
    place_of,
    read_search,
    read_trials,
    trial_folder,
)
from tfcmc.searches.space import values_of

# What a run's settings hold that is not the user's choice of an experiment.
NOT_KEPT = ("run_dir", "preset", "evaluate", "stop_on_collapse")


@dataclasses.dataclass(frozen=True)
class Results:
    """A search, and the trials that have ended."""

    folder: pathlib.Path
    search: Search
    trials: list[Trial]

    @property
    def objective(self) -> Objective:
        """What is searched for."""
        return OBJECTIVES[self.search.objective]

    @property
    def order(self) -> list[Trial]:
        """The trials that can be compared, the best first."""
        return ranked(self.trials, self.search.objective)

    @property
    def best(self) -> Trial | None:
        """The best trial by the search's objective."""
        return next(iter(self.order), None)

    @functools.cached_property
    def default(self) -> Trial | None:
        """The run of the loss's defaults as if it were a trial.

        Without a number and without the seconds that it took; None where the
        run is not finished.

        Raises:
            UsageError: if it was judged again by other constants than the
                trials.
        """
        run = Run(self.folder / "default")
        metrics = read_metrics(run)
        if metrics is None:
            return None
        known = self.settings_of(None)
        if not measured_by(metrics, known):
            command = shlex.join(["tfcmc", "evaluate", str(run.folder)])
            raise UsageError(
                f"`search` must hold runs judged by their own alpha and t. "
                f"Received: {run.folder}, judged by others.\n"
                f"{command} judges it again."
            )
        return Trial(
            number=None,
            values=values_of(known, self.search.space),
            epochs=metrics["epochs"],
            scores=scores_of(metrics),
            seconds=None,
        )

    @property
    def rival(self) -> Trial | None:
        """The defaults, where they were trained for as long as the best."""
        best, default = self.best, self.default
        alike = best and default and default.epochs == best.epochs
        return default if alike else None

    def settings_of(self, trial: Trial | None) -> dict:
        """Reads the settings of a trial's run as `--config` takes them.

        Args:
            trial: The trial; None for the loss's defaults.

        Returns:
            Setting name to value: without the run's folder, and judged on
            test.

        Raises:
            UsageError: if the folder holds no run.
        """
        folder = self.folder / "default"
        if trial is not None:
            folder = trial_folder(self.folder, trial.number)
        stored = read_settings(Run(folder))
        if stored is None:
            raise UsageError(
                f"`search` must hold the runs of its trials. Received: "
                f"{folder / 'config.json'}, which is not there"
            )
        kept = {name: stored[name] for name in stored if name not in NOT_KEPT}
        return kept | place_of(self.search) | {"judge_on": "test"}


def open_search(folder) -> Results:
    """Reads a search and its trials.

    Raises:
        UsageError: if there is none, or a record is damaged.
    """
    search = read_search(folder)
    if search is None:
        raise UsageError(
            f"`search` must be the folder of a search, with a search.json. "
            f"Received: {str(folder)!r}"
        )
    return Results(pathlib.Path(folder), search, read_trials(folder))


def scores_of(metrics: dict) -> dict:
    """Reads every objective that the data allow off a run's `metrics.json`.

    Returns:
        Objective to number, those that are finite.
    """
    found = {
        name: metrics[name]["accuracy"] for name in PROBES if name in metrics
    }
    if found.keys() >= set(PROBES):
        # Standardised, a linear probe reads something off a collapsed cloud.
        found["least_probe"] = min(found[name] for name in PROBES)
    shape = metrics["sphere"]
    found["alignment_uniformity"] = (
        metrics["alignment"] + metrics["uniformity"]
    )
    found["effective_rank"] = shape["effective_rank"]
    found |= {
        name: each.rating(shape[name])
        for name, each in MEASURES.items()
        if name in shape
    }
    return {
        name: value for name, value in found.items() if math.isfinite(value)
    }


def ranked(trials: list[Trial], objective: str) -> list[Trial]:
    """Orders the trials that have been trained to the end and have a score.

    A tuner that gives most trials few epochs compares them among themselves;
    with one trained for longer they cannot be compared.

    Returns:
        The best first; of equal ones the earlier first.
    """
    done = [trial for trial in trials if trial.status == DONE]
    most = max((trial.epochs for trial in done), default=0)
    rating = OBJECTIVES[objective].rating
    return sorted(
        (t for t in done if t.epochs == most and objective in t.scores),
        key=lambda t: (-rating(t.scores[objective]), t.number),
    )
