"""Whether an objective without labels finds what the probe would choose."""

import dataclasses

import numpy as np

from tfcmc.evaluation.label_free import FEWEST, rank_correlation
from tfcmc.searches.ranking import Results, ranked
from tfcmc.searches.records import LABEL_FREE, OBJECTIVES

JUDGE = "linear_probe"


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How an objective without labels agrees with the linear probe.

    Regrets are what the probe's accuracy falls short of the best trial's, in
    [0, 1]; that of the defaults is negative where no trial reaches them.
    """

    objective: str  # one of `LABEL_FREE`
    trials: int  # how many it is of
    # Spearman's, in [-1, 1], of the objective, the better the higher, and the
    # accuracy; None where one of them is constant.
    correlation: float | None
    chosen: int  # number of the trial that the objective likes best
    regret: float  # of that trial
    random_regret: float  # of choosing at random: the mean over trials
    default_regret: float | None  # of the loss's defaults, or None

    def words(self) -> tuple[str, str]:
        """Says how it agrees with the probe, and what choosing by it costs."""
        lost = {
            "its choice": self.regret,
            "random": self.random_regret,
            "defaults": self.default_regret,
        }
        points = ", ".join(
            f"{name} {100 * regret:.1f}"
            for name, regret in lost.items()
            if regret is not None
        )
        told = "no rank correlation: one is constant"
        if self.correlation is not None:
            told = f"Spearman's rank correlation {self.correlation:.2f}"
        return told, f"points below the best trial:\n{points}"


def agreements(results: Results) -> list[Agreement]:
    """Measures how objectives without labels agree with the probe.

    Of the trials that can be compared and have both scores; none of fewer
    than `FEWEST`.

    Reference: Spearman 1904.
    """
    found = []
    for objective in LABEL_FREE:
        both = [
            trial
            for trial in ranked(results.trials, objective)
            if JUDGE in trial.scores
        ]
        if len(both) >= FEWEST:
            found.append(_agreement(objective, both, results.rival))
    return found


def _agreement(objective, trials, default):
    """Measures it of trials in the order of the objective."""
    accuracy = np.array([trial.scores[JUDGE] for trial in trials])
    rating = OBJECTIVES[objective].rating
    ratings = np.array([rating(trial.scores[objective]) for trial in trials])
    best = float(accuracy.max())
    known = None if default is None else default.scores.get(JUDGE)
    return Agreement(
        objective=objective,
        trials=len(trials),
        correlation=rank_correlation(ratings, accuracy),
        chosen=trials[0].number,
        regret=best - float(accuracy[0]),
        random_regret=best - float(accuracy.mean()),
        default_regret=None if known is None else best - known,
    )
