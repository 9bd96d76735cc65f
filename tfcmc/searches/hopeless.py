"""Whether a trial that is being trained may still become the best.

Read off the curves of those that were trained to the end: what they gained
from here on is what this one may gain.
"""

import numpy as np

from tfcmc.foundation.lazy import LazyModule

special = LazyModule("scipy.special")

FEWEST = 3  # curves that the gain is known from
LEAST = 0.01  # the chance below which a trial is stopped
NOISE = 0.005  # the least spread that a gain is taken to have


def chance_of_the_best(curve, others) -> float | None:
    """Returns the chance that a trial ends above the best that ended.

    Formula: P(t > (b - y - g) / (s sqrt(1 + 1/n))), t Student's of n - 1
        degrees of freedom; y where the trial stands, b the best end, g and s
        the mean and the deviation of what the n others gained from here to
        their ends.

    Args:
        curve: What a trial came to at each epoch so far, in [0, 1].
        others: Likewise, of trials that were trained to the end.

    Returns:
        In [0, 1]; None where too few are known.
    """
    place = len(curve) - 1
    others = [each for each in others if len(each) > place]
    if len(others) < FEWEST:
        return None
    gains = np.array([each[-1] - each[place] for each in others])
    count = len(gains)
    spread = max(gains.std(ddof=1), NOISE) * np.sqrt(1 + 1 / count)
    best = max(each[-1] for each in others)
    missing = best - curve[-1] - gains.mean()
    return float(special.stdtr(count - 1, -missing / spread))


def is_hopeless(curve, others) -> bool:
    """Whether a trial has next to no chance to become the best."""
    chance = chance_of_the_best(curve, others)
    return chance is not None and chance < LEAST
