"""Whether an objective without labels finds what the probe would choose."""

import dataclasses

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.search.ranking import ranked, rating

stats = LazyModule("scipy.stats")

JUDGE = "linear_probe"
FEWEST = 3  # trials that can be ranked to any purpose


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How an objective without labels agrees with the linear probe.

    Regrets are what the probe's accuracy falls short of the best trial's, in
    [0, 1]; that of the defaults is negative where no trial reaches them.

    Attributes:
        objective: One of `LABEL_FREE`.
        trials: How many trials it is of.
        correlation: Spearman's, in [-1, 1], of the objective, the better the
            higher, and the accuracy; None where one of them is constant.
        chosen: Number of the trial that the objective likes best.
        regret: Of that trial.
        random_regret: Of choosing at random: the mean over trials.
        default_regret: Of the loss's defaults, or None.
    """

    objective: str
    trials: int
    correlation: float | None
    chosen: int
    regret: float
    random_regret: float
    default_regret: float | None


def agreement(objective, trials, default):
    """Measures how an objective without labels agrees with the probe.

    Args:
        objective: One of `LABEL_FREE`.
        trials: `Trial`s; those are taken that can be compared and have both
            scores.
        default: Objective to score of the loss's defaults, or None.

    Returns:
        An `Agreement`, or None of fewer than `FEWEST` such trials.

    Reference: Spearman 1904.
    """
    both = [
        trial for trial in ranked(trials, objective) if JUDGE in trial.scores
    ]
    if len(both) < FEWEST:
        return None
    accuracy = np.array([trial.scores[JUDGE] for trial in both])
    best = float(accuracy.max())
    known = None if default is None else default.get(JUDGE)
    return Agreement(
        objective=objective,
        trials=len(both),
        correlation=_correlation(objective, both),
        chosen=both[0].number,
        regret=best - float(accuracy[0]),
        random_regret=best - float(accuracy.mean()),
        default_regret=None if known is None else best - known,
    )


def _correlation(objective, trials):
    """Returns Spearman's correlation, ties at the mean of their ranks."""
    first = [rating(objective, trial.scores[objective]) for trial in trials]
    second = [trial.scores[JUDGE] for trial in trials]
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return float(stats.spearmanr(first, second).statistic)
