"""VICReg against its formula."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.vicreg import vicreg


def loop(first, second, invariance, variance, covariance):
    """The three terms, a number at a time."""
    count, dim = first.shape

    def covariance_of(view, i, j):
        x = [float(row[i]) for row in view]
        y = [float(row[j]) for row in view]
        mean_x, mean_y = sum(x) / count, sum(y) / count
        products = (
            (a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)
        )
        return sum(products) / (count - 1)

    apart = sum(
        (float(a) - float(b)) ** 2
        for row, other in zip(first, second, strict=True)
        for a, b in zip(row, other, strict=True)
    )
    value = invariance * apart / (count * dim)
    for view in (first, second):
        for i in range(dim):
            spread = math.sqrt(covariance_of(view, i, i) + 1e-4)
            value += variance * max(0.0, 1 - spread) / dim / 2
            for j in range(dim):
                if i != j:
                    square = covariance_of(view, i, j) ** 2
                    value += covariance * square / dim
    return value


@pytest.mark.parametrize("scale", [0.3, 2.0])
def test_formula(rng, scale):
    """The mean agrees with a float64 double loop, positives in any order."""
    anchor = scale * rng.normal(size=(7, 4)).astype(np.float32) + 0.5
    candidates = scale * rng.normal(size=(9, 4)).astype(np.float32) - 1
    positive = np.array([3, 0, 8, 1, 6, 2, 4])
    options = {"invariance": 20.0, "variance": 30.0, "covariance": 2.0}
    got = vicreg(term(anchor, candidates, positive), **options)
    want = loop(anchor, candidates[positive], **options)
    assert np.mean(got) == pytest.approx(want, rel=1e-5)
