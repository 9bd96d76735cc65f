"""How far numbers could be off, by the pictures judged or by the seeds."""

import math

from tfcmc.foundation.lazy import LazyModule

special = LazyModule("scipy.special")
stats = LazyModule("scipy.stats")


def share_interval(share: float, count: int) -> tuple[float, float]:
    """The interval of a share that was counted, such as an accuracy: Wilson's.

    Args:
        share: In [0, 1].
        count: Of how many pictures, from 1.

    Returns:
        `(low, high)`: its 95 % interval, in [0, 1].

    Reference: Wilson 1927.
    """
    counted = stats.binomtest(round(share * count), count)
    low, high = counted.proportion_ci(method="wilson")
    return float(low), float(high)


def difference_interval(first, second, count):
    """The interval of the difference of two shares, as if of other pictures.

    Two classifiers err on many of the same pictures, and then the interval is
    wider than it need be: what it separates is separated.

    Formula: d - sqrt((p - l_p)^2 + (u_q - q)^2) and
        d + sqrt((u_p - p)^2 + (q - l_q)^2), d = p - q, with l and u the ends
        of `share_interval`.

    Args:
        first: p, in [0, 1].
        second: q, in [0, 1].
        count: Of how many pictures each, from 1.

    Returns:
        `(low, high)`: the 95 % interval of p - q, in [-1, 1].

    Reference: Newcombe 1998, method 10.
    """
    low, high = share_interval(first, count)
    other_low, other_high = share_interval(second, count)
    gap = first - second
    return (
        gap - math.hypot(first - low, other_high - second),
        gap + math.hypot(high - first, second - other_low),
    )


def mean_difference_interval(first, second) -> tuple:
    """The interval of the difference of two means over seeds.

    Formula: Welch's, d +- t sqrt(e_1 + e_2), d = m_1 - m_2, e = s^2/n, with t
        the 97.5 % quantile of Student's distribution of
        (e_1 + e_2)^2 / (e_1^2/(n_1 - 1) + e_2^2/(n_2 - 1)) degrees of freedom.

    Args:
        first: `(m, s, n)`: mean, standard deviation and number of seeds; a
            deviation of 0 is of a number that is known exactly.
        second: Likewise; one of both deviations is above 0.

    Returns:
        `(low, high)`: the 95 % interval of m_1 - m_2.

    Reference: Welch 1947.
    """
    parts = [(s * s / n, n) for _, s, n in (first, second) if s]
    error = sum(part for part, _ in parts)
    freedom = error**2 / sum(part**2 / (n - 1) for part, n in parts)
    gap = first[0] - second[0]
    half = math.sqrt(error) * float(special.stdtrit(freedom, 0.975))
    return gap - half, gap + half
