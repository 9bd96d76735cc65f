"""Effects, interactions and ranking against loops and known tests."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from tfcmc.studies.design import chosen, combinations, in_order, model_matrix
from tfcmc.studies.effects import (
    effects,
    front,
    hold_together,
    interval,
    probability_best,
)

AXES = {"loss": ("a", "b", "c"), "frame": ("x", "y"), "width": ("1", "2")}


@pytest.fixture
def observed(rng):
    """Four seeds of all combinations, at random."""
    cells = combinations(AXES)
    return {
        seed: dict(zip(cells, rng.normal(50, 5, len(cells)), strict=True))
        for seed in range(4)
    }


def means_of(observed, place, levels):
    """By a loop: `[seeds, levels]` of one axis where all cells are there."""
    return np.array(
        [
            [
                np.mean([v for cell, v in cells.items() if cell[place] == one])
                for one in levels
            ]
            for cells in observed.values()
        ]
    )


def analysed(means):
    """By a loop: the ratio of levels to noise, and the freedom of both."""
    seeds, count = means.shape
    total, between, noise = means.mean(), 0.0, 0.0
    for s, k in itertools.product(range(seeds), range(count)):
        level, seed = means[:, k].mean(), means[s].mean()
        between += (level - total) ** 2
        noise += (means[s, k] - level - seed + total) ** 2
    freedom = count - 1, (count - 1) * (seeds - 1)
    return between / freedom[0] / (noise / freedom[1]), *freedom


def test_main_effects(observed):
    """Plain averages; the test is the analysis of variance with seeds."""
    # One level that spreads far more than the others.
    for cells in observed.values():
        cells |= {n: 50 + 9 * (v - 50) for n, v in cells.items() if "a" in n}
    found, alike = effects(observed, AXES), []
    for place, (axis, levels) in enumerate(AXES.items()):
        want = means_of(observed, place, levels)
        effect = found[axis,]
        np.testing.assert_allclose(effect.means, want)
        seeds, count = want.shape
        ratio, *freedom = analysed(want)
        # Box's, of the covariance of the levels; then Huynh and Feldt's.
        covered = np.cov(want, rowvar=False)
        all_of, diagonal = covered.mean(), np.diag(covered).mean()
        squares = np.sum(covered**2) + (count * all_of) ** 2
        squares -= 2 * count * np.sum(covered.mean(axis=1) ** 2)
        box = (count * (diagonal - all_of)) ** 2 / ((count - 1) * squares)
        times = seeds * (count - 1) * box - 2
        times /= (count - 1) * (seeds - 1 - (count - 1) * box)
        alike.append(min(1.0, times))
        chance = stats.f.sf(ratio, *(alike[-1] * each for each in freedom))
        assert effect.chance == pytest.approx(chance)
    # Two levels have one contrast, whose spread is like itself.
    assert alike[0] < 0.9 and alike[1:] == pytest.approx([1.0, 1.0])
    paired = means_of(observed, 1, AXES["frame"]).T
    chance = stats.ttest_rel(*paired).pvalue
    assert found["frame",].chance == pytest.approx(chance)


def test_interactions(observed):
    """Averages of two axes; of two levels each, the t test of a contrast."""
    found = effects(observed, AXES)
    effect = found["frame", "width"]
    contrast = []
    for row, cells in enumerate(observed.values()):
        grid = np.zeros([2, 2])
        for cell, value in cells.items():
            grid[AXES["frame"].index(cell[1]), int(cell[2]) - 1] += value / 3
        np.testing.assert_allclose(effect.means[row], grid)
        contrast.append(grid[0, 0] - grid[0, 1] - grid[1, 0] + grid[1, 1])
    chance = stats.ttest_1samp(contrast, 0.0).pvalue
    assert effect.chance == pytest.approx(chance)
    assert found["loss", "frame"].means.shape == (4, 3, 2)


def test_all_that_are_shown_hold(observed):
    """Holm's: by a loop over the sorted chances, as the paper steps down."""
    found = effects(observed, AXES)
    known = {axes: each for axes, each in found.items() if len(axes) == 2}
    held = hold_together(known)
    ranked = sorted(known, key=lambda axes: known[axes].chance)
    for level in (0.01, 0.05, 0.2, 0.5, 0.8):
        shown = []
        for place, axes in enumerate(ranked):
            if known[axes].chance > level / (len(ranked) - place):
                break
            shown.append(axes)
        assert shown == [axes for axes in ranked if held[axes].chance <= level]
    alone = {axes: each for axes, each in known.items() if axes == ranked[0]}
    assert hold_together(alone) == alone


def test_a_fraction_of_the_cells(rng):
    """Where axes add up, some cells tell what all would."""
    loss, frame, width = (
        rng.normal(0, 9, len(each)) for each in AXES.values()
    )
    cells = chosen(combinations(AXES), AXES, 6)
    observed = {
        seed: {
            (a, b, c): loss["abc".index(a)]
            + frame["xy".index(b)]
            + width["12".index(c)]
            + 10 * seed
            for a, b, c in cells
        }
        for seed in range(2)
    }
    found = effects(observed, AXES)["loss",]
    want = loss + frame.mean() + width.mean()
    np.testing.assert_allclose(found.means, [want, want + 10])
    # Of two cells, one effect cannot be told from the other.
    two = {0: {("a", "x"): 1.0, ("b", "y"): 2.0}}
    assert effects(two, {"one": ("a", "b"), "other": ("x", "y")}) == {}


def test_two_seeds_know_one(rng):
    """Of two, what spreads unlike cannot be told: the plain test."""
    cells = {
        seed: {(level,): rng.normal(50, 3) for level in "abcd"}
        for seed in range(2)
    }
    found = effects(cells, {"one": tuple("abcd")})["one",]
    ratio, *freedom = analysed(means_of(cells, 0, "abcd"))
    assert freedom == [3, 3]
    assert found.chance == pytest.approx(stats.f.sf(ratio, 3, 3))


def test_one_seed_knows_no_chance(observed):
    """There are means, and nothing that says how sure they are."""
    (first, *_) = observed.items()
    found = effects(dict([first]), AXES)
    assert {effect.chance for effect in found.values()} == {None}
    assert not any(effect.shown for effect in found.values())
    assert interval([1.0]) is None and probability_best([[1.0, 2.0]]) is None


def test_what_does_nothing(rng):
    """An axis that changes no number is not told to, for its rounding."""
    cells = combinations(AXES)
    shown = 0
    for _ in range(20):
        observed = {
            seed: {(a, b, c): of[a] for a, b, c in cells}
            for seed in range(3)
            if (of := dict(zip("abc", rng.normal(50, 5, 3), strict=True)))
        }
        found = effects(observed, AXES)
        shown += sum(
            each.shown for axes, each in found.items() if axes != ("loss",)
        )
        assert found["frame",].chance == 1.0
    assert shown == 0
    # Without any spread, what differs is no chance.
    sure = {seed: {("a",): 1.0, ("b",): 2.0} for seed in range(2)}
    assert effects(sure, {"one": ("a", "b")})["one",].chance == 0.0


def test_interval(rng):
    """Student's, as scipy has it; of several, all hold together."""
    values = rng.normal(3, 2, 5)
    error = stats.sem(values)
    want = stats.t.interval(0.95, 4, values.mean(), error)
    assert interval(values) == pytest.approx(want)
    want = stats.t.interval(1 - 0.05 / 6, 4, values.mean(), error)
    assert interval(values, 6) == pytest.approx(want)


def test_probability_of_the_best(rng):
    """By an integral of two; a seed's own part changes nothing."""
    values = rng.normal([50.0, 50.6], [0.4, 0.7], [3, 2])
    mean = values.mean(axis=0)
    # Of two, what is left of each is half their difference.
    half = np.std(values[:, 0] - values[:, 1], ddof=1) / 2
    spread = half * np.sqrt(2 / 3)

    def density(x):
        t = stats.t(2)
        return (
            t.pdf((x - mean[0]) / spread)
            / spread
            * t.cdf((x - mean[1]) / spread)
        )

    want, _ = integrate.quad(density, -np.inf, np.inf, limit=200)
    found = probability_best(values)
    assert found == pytest.approx([want, 1 - want], abs=0.015)
    moved = probability_best(values + rng.normal(0, 20, [3, 1]))
    np.testing.assert_allclose(moved, found, atol=1e-3)
    # What is equal is equally likely the best.
    equal = np.repeat(values[:, :1], 3, axis=1)
    assert probability_best(equal) == pytest.approx([1 / 3] * 3, abs=0.015)
    assert probability_best(np.full([3, 2], 100.0)).tolist() == [0.5, 0.5]


def test_front(rng):
    """Nobody on it is outdone, and everybody off it is."""
    costs, values = rng.integers(1, 9, 40), rng.integers(1, 9, 40)
    kept = front(costs, values)
    assert list(costs[kept]) == sorted(set(costs[kept]))
    for place in range(40):
        outdone = any(
            costs[other] <= costs[place] and values[other] > values[place]
            for other in range(40)
        )
        alike = any(
            (costs[other], values[other]) == (costs[place], values[place])
            for other in kept
        )
        beaten = outdone or any(
            costs[other] < costs[place] and values[other] == values[place]
            for other in range(40)
        )
        assert alike != beaten


@pytest.mark.parametrize("levels, count", [("222", 4), ("322", 6)])
def test_cells_that_tell_most(levels, count):
    """As much of main effects as the best choice of as many, or nearly."""
    axes = {
        name: tuple(map(str, range(int(many))))
        for name, many in zip("abc", levels, strict=True)
    }
    cells = combinations(axes)

    def told(some):
        matrix, _ = model_matrix(some, axes)
        sign, size = np.linalg.slogdet(matrix.T @ matrix)
        return sign * np.exp(size / matrix.shape[1])

    found = chosen(cells, axes, count)
    assert len(set(found)) == count
    best = max(map(told, itertools.combinations(cells, count)))
    assert told(found) > 0.95 * best > 0
    # In order, all are told apart as soon as there are as many as terms.
    ordered = in_order(cells, axes)
    assert sorted(ordered) == sorted(cells)
    terms = model_matrix(cells, axes)[0].shape[1]
    for many in range(terms, len(cells) + 1):
        matrix, _ = model_matrix(ordered[:many], axes)
        assert np.linalg.matrix_rank(matrix) == terms


def test_without():
    """What has all the levels named is left out, and nothing else."""
    without = [
        {"loss": ("a", "b"), "frame": ("x",)},
        {"width": ("2",), "loss": ("c",)},
    ]
    found = combinations(AXES, without)
    want = [
        cell
        for cell in itertools.product(*AXES.values())
        if not (cell[0] in "ab" and cell[1] == "x")
        and not (cell[2] == "2" and cell[0] == "c")
    ]
    assert found == want and len(want) == 6
