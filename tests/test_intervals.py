"""Intervals of accuracies, against scipy and by drawing."""

import pytest
from scipy import stats

from tfcmc.evaluation.intervals import difference_interval, share_interval


def test_share_interval(rng):
    """Wilson's, as scipy 1.17 has it."""
    for count in (1, 7, 400, 8000):
        for hits in {0, count, *rng.integers(0, count + 1, 5).tolist()}:
            expected = stats.binomtest(hits, count).proportion_ci(
                method="wilson"
            )
            found = share_interval(hits / count, count)
            assert found == pytest.approx(tuple(expected), abs=1e-7)


def test_difference_interval(rng):
    """Holds 0 for equals; turned round, its ends change places."""
    for first, second in rng.uniform(size=(20, 2)):
        low, high = difference_interval(first, second, 150)
        assert -1 <= low < first - second < high <= 1
        turned = difference_interval(second, first, 150)
        assert turned == pytest.approx((-high, -low))
        low, high = difference_interval(first, first, 150)
        assert low == pytest.approx(-high)


def test_difference_interval_covers(rng):
    """Of 2,000 draws it holds the true difference about 95 in 100 times."""
    count, first, second = 300, 0.55, 0.47
    held = 0
    for _ in range(2000):
        drawn = [rng.binomial(count, p) / count for p in (first, second)]
        low, high = difference_interval(*drawn, count)
        held += low <= first - second <= high
    assert 0.935 <= held / 2000 <= 0.965
