"""What each level of an axis does, and what two axes do together."""

import dataclasses
import itertools

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.studies.design import contrasts, model_matrix

special = LazyModule("scipy.special")
LEVEL = 0.05  # a probability beneath which chance is not believed
DRAWS = 20_000
ROUNDING = 1e-9
DIGITS = 9  # of percents: what differs behind them is rounding


@dataclasses.dataclass(frozen=True)
class Effect:
    """One axis, or two together, over seeds."""

    axes: tuple  # names of one or two
    levels: tuple  # of each of them
    # [seeds, levels], or [seeds, levels, levels]: the mean that the model has
    # of each, the other axes' levels counting alike.
    means: np.ndarray
    # The probability that as large an effect is chance: of one axis that its
    # levels differ, of two that they interact; None of one seed.
    chance: float | None

    @property
    def shown(self) -> bool:
        """Whether it is more than chance explains."""
        return self.chance is not None and self.chance < LEVEL


def effects(observed: dict, axes: dict, pairs=None) -> dict:
    """Estimates every main effect, and every interaction of two axes.

    By least squares, at each seed alone: what a seed adds to all runs is in
    no difference. Main effects are those of a model without interactions;
    each interaction is that of a model with it beside all main effects.

    Formula: of coordinates b_s in orthonormal contrasts at each of n seeds,
        q of them, F = n |b|^2 (n - 1) / sum_s |b_s - b|^2, b their mean, with
        e q and e q (n - 1) degrees of freedom. e is 1 where levels spread
        alike, and less where they do not, by Huynh and Feldt: e = min(1,
        (n q g - 2) / (q (n - 1 - q g))), g = tr(S)^2 / (q tr(S^2)), S the
        covariance of b_s.

    Args:
        observed: Seed to cell to number.
        axes: Axis to its levels.
        pairs: Pairs of axes; None for all.

    Returns:
        `(axis,)` and `(axis, axis)` to `Effect`, without those that the cells
        which were run cannot tell.

    Reference: Huynh and Feldt 1976, "Estimation of the Box correction for
        degrees of freedom from sample data in randomized block and split-plot
        designs".
    """
    if pairs is None:
        pairs = list(itertools.combinations(axes, 2))
    found = {}
    for effect in [*((axis,) for axis in axes), *pairs]:
        parts = [
            part
            for cells in observed.values()
            if (part := _at_one_seed(cells, axes, effect)) is not None
        ]
        if parts:
            means, coordinates = map(np.stack, zip(*parts, strict=True))
            levels = tuple(tuple(axes[axis]) for axis in effect)
            chance = chance_of(coordinates)
            found[effect] = Effect(effect, levels, means, chance)
    return found


def _at_one_seed(cells, axes, effect):
    """The means of an effect and its coordinates; None of too few cells."""
    pairs = [effect] if len(effect) == 2 else []
    matrix, places = model_matrix(list(cells), axes, pairs)
    values = np.array(list(cells.values()), np.float64)
    terms = matrix.shape[1]
    if len(values) < terms or np.linalg.matrix_rank(matrix) < terms:
        return None
    fitted, *_ = np.linalg.lstsq(matrix, values, rcond=None)
    coded = [contrasts(len(axes[axis])) for axis in effect]
    means = fitted[0]
    for place, axis in enumerate(effect):
        along = coded[place] @ fitted[places[axis,]]
        means = means + (along[:, None] if len(effect) - place == 2 else along)
    coordinates = fitted[places[effect]]
    if len(effect) == 2:
        grid = coordinates.reshape(coded[0].shape[1], coded[1].shape[1])
        means = means + coded[0] @ grid @ coded[1].T
    return np.round(means, DIGITS), np.round(coordinates, DIGITS)


def chance_of(coordinates) -> float | None:
    """Returns the probability that coordinates are as far from 0 by chance.

    Args:
        coordinates: `[seeds, dim]`, in orthonormal contrasts.

    Returns:
        A share of 1; None of one seed.
    """
    seeds, dim = coordinates.shape
    mean = coordinates.mean(axis=0)
    around = np.sum((coordinates - mean) ** 2)
    if seeds < 2:
        return None
    if around == 0:
        return 0.0 if mean.any() else 1.0
    ratio = seeds * np.sum(mean**2) * (seeds - 1) / around
    free = dim * _sphericity(coordinates)
    return float(special.fdtrc(free, free * (seeds - 1), ratio))


def _sphericity(coordinates):
    """How alike levels spread, by Huynh and Feldt: 1 where they do."""
    seeds, dim = coordinates.shape
    if seeds == 2:  # of two no covariance tells
        return 1.0
    spread = np.atleast_2d(np.cov(coordinates, rowvar=False))
    # dim times Greenhouse and Geisser's, from 1 to the rank of the spread.
    kept = np.trace(spread) ** 2 / np.sum(spread**2)
    left = seeds - 1 - kept
    if left < ROUNDING:
        return 1.0
    return min(1.0, (seeds * kept - 2) / (dim * left))


def hold_together(effects: dict) -> dict:
    """Makes the chances of effects such that all that are shown hold at once.

    Formula: of m chances in rising order p_1, ..., p_m, the largest over
        i <= k of min(1, (m - i + 1) p_i).

    Args:
        effects: As `effects` returns them.

    Reference: Holm 1979, "A simple sequentially rejective multiple test
        procedure".
    """
    known = [axes for axes, each in effects.items() if each.chance is not None]
    found, least = dict(effects), 0.0
    for place, axes in enumerate(sorted(known, key=lambda a: found[a].chance)):
        chance = min(1.0, (len(known) - place) * found[axes].chance)
        least = max(least, chance)
        found[axes] = dataclasses.replace(found[axes], chance=least)
    return found


def interval(values, of: int = 1) -> tuple[float, float] | None:
    """Returns the 95 % interval of a mean over seeds, by Student's t.

    Args:
        values: `[seeds]`.
        of: How many means it was picked of, as the one that tells most: all
            of their intervals hold together (Bonferroni's).

    Returns:
        `(low, high)`; None of one seed, or where all are the same.
    """
    count = len(values)
    deviation = np.std(values, ddof=1) if count > 1 else 0.0
    if deviation == 0:
        return None
    half = (
        special.stdtrit(count - 1, 1 - 0.025 / of) * deviation / np.sqrt(count)
    )
    return float(np.mean(values) - half), float(np.mean(values) + half)


def probability_best(values) -> np.ndarray | None:
    """Returns the probability of each contender that it is the best.

    Seeds pair them: what a seed adds to all is taken out. The mean of each is
    then believed as Student's t has it, of its own spread, drawn 20,000 times.

    Formula: the share of draws in which m_k + s_k t / sqrt(n) is the largest
        over k of K, shared where several are; m_k the mean, s_k^2 K/(K - 1)
        times the variance over n seeds of what is left once the seed's mean
        over all is taken out, t Student's of n - 1 degrees.

    Args:
        values: `[seeds, contenders]`.

    Returns:
        `[contenders]`, adding up to 1; None of one seed.
    """
    values = np.round(np.asarray(values, np.float64), DIGITS)
    seeds, count = values.shape
    if seeds < 2:
        return None
    apart = values - values.mean(axis=1, keepdims=True)
    shared = count / max(1, count - 1)  # what the mean took of a variance
    spread = apart.std(axis=0, ddof=1) * np.sqrt(shared / seeds)
    generator = np.random.default_rng(0)
    drawn = generator.standard_t(seeds - 1, [DRAWS, count])
    drawn = values.mean(axis=0) + spread * drawn
    best = drawn == drawn.max(axis=1, keepdims=True)
    return np.mean(best / best.sum(axis=1, keepdims=True), axis=0)


def front(costs, values) -> list[int]:
    """Returns who is not outdone: none is at most as costly and better.

    Args:
        costs: `[count]`.
        values: `[count]`, the higher the better.

    Returns:
        Their places, from the least cost on.
    """
    ranked = sorted(
        range(len(costs)), key=lambda place: (costs[place], -values[place])
    )
    kept, best = [], -np.inf
    for place in ranked:
        if (value := values[place]) > best:
            kept.append(place)
            best = value
    return kept
