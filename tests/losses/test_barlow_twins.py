"""Barlow Twins against its formula."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.barlow_twins import barlow_twins


def loop(first, second, weight):
    """The paper's equations 1 and 2, an entry of C at a time."""
    count, dim = first.shape

    def standard(view, feature):
        column = [float(row[feature]) for row in view]
        mean = sum(column) / count
        variance = sum((x - mean) ** 2 for x in column) / count
        return [(x - mean) / math.sqrt(variance + 1e-5) for x in column]

    value = 0.0
    for i in range(dim):
        for j in range(dim):
            pairs = zip(standard(first, i), standard(second, j), strict=True)
            c = sum(x * y for x, y in pairs) / count
            value += (1 - c) ** 2 if i == j else weight * c**2
    return value


@pytest.mark.parametrize("weight", [0.005, 0.5])
def test_formula(rng, weight):
    """Agrees with a float64 double loop, positives in any order."""
    anchor = rng.normal(size=(7, 4)).astype(np.float32) * 3 + 0.5
    candidates = rng.normal(size=(9, 4)).astype(np.float32) - 1
    positive = np.array([3, 0, 8, 1, 6, 2, 4])
    candidates[positive] += 0.2 * anchor
    got = barlow_twins(
        term(anchor, candidates, positive), redundancy_weight=weight
    )
    want = loop(anchor, candidates[positive], weight)
    assert got.shape == (7,)
    np.testing.assert_allclose(got, want, rtol=1e-5)
