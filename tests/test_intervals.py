"""Intervals, against their formulas and SciPy, and by drawing."""

import functools

import numpy as np
import pytest
from scipy import stats

from tfcmc.evaluation import intervals
from tfcmc.evaluation.intervals import (
    difference_interval,
    mean_difference_interval,
    share_interval,
)
from tfcmc.report import Cell, difference, separated


def test_share_interval(rng):
    """Wilson's: its ends are as far from the share as they themselves vary."""
    for count in (1, 7, 400, 8000):
        for hits in {0, count, *rng.integers(0, count + 1, 5).tolist()}:
            for end in share_interval(hits / count, count):
                reach = 1.959964 * (end * (1 - end) / count) ** 0.5
                assert abs(end - hits / count) == pytest.approx(reach)


def test_difference_interval(rng):
    """Holds 0 for equals; turned round, its ends change places."""
    for first, second in rng.integers(0, 151, (20, 2)) / 150:
        low, high = difference_interval(first, second, 150)
        assert -1 <= low < first - second < high <= 1
        turned = difference_interval(second, first, 150)
        assert turned == pytest.approx((-high, -low))
        low, high = difference_interval(first, first, 150)
        assert low == pytest.approx(-high)


def test_difference_interval_covers(rng, monkeypatch):
    """Of 2,000 draws it holds the true difference about 95 in 100 times."""
    once = functools.cache(share_interval)
    monkeypatch.setattr(intervals, "share_interval", once)
    count, first, second = 300, 0.55, 0.47
    held = 0
    for _ in range(2000):
        drawn = [rng.binomial(count, p) / count for p in (first, second)]
        low, high = difference_interval(*drawn, count)
        held += low <= first - second <= high
    assert 0.935 <= held / 2000 <= 0.965


def test_mean_difference_interval(rng):
    """Welch's, as scipy has it; against a known number, Student's."""
    for counts in ((2, 2), (3, 5), (4, 2)):
        first, second = (
            rng.normal(place, place, n)
            for place, n in zip((2.0, 3.0), counts, strict=True)
        )
        expected = stats.ttest_ind(first, second, equal_var=False)
        pair = [(x.mean(), x.std(ddof=1), len(x)) for x in (first, second)]
        assert mean_difference_interval(*pair) == pytest.approx(
            tuple(expected.confidence_interval())
        )
        expected = stats.ttest_1samp(first, 0.7).confidence_interval()
        low, high = mean_difference_interval(pair[0], (0.7, 0.0, 1))
        assert (low + 0.7, high + 0.7) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("step", [0.0, 0.5])
def test_equal_losses_are_told_apart_by_chance(rng, seeds, step):
    """In no more than 5 of 100 comparisons, also of counted pictures."""
    drawn = rng.normal(50, 1, (3000, 2, seeds))
    drawn = np.round(drawn / step) * step if step else drawn
    told = sum(
        separated(
            difference(*(Cell(x.mean(), x.std(ddof=1), seeds) for x in pair))
        )
        for pair in drawn
    )
    # Three deviations of such a count are 1.2 of 100.
    assert told / 3000 < 0.062
