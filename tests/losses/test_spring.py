"""The spring-like loss against its formula."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.spring import spring


def loop(anchor, candidates, positive, margin, weighting, squared):
    """d / 2 and max(0, m - d) / 2, a pair at a time."""
    power = 2 if squared else 1
    values = []
    for i, vector in enumerate(anchor):
        pull, push = 0.0, []
        for j, candidate in enumerate(candidates):
            d = math.sqrt(
                sum(
                    (float(a) - float(b)) ** 2
                    for a, b in zip(vector, candidate, strict=True)
                )
            )
            if j == positive[i]:
                pull = d**power / 2
            else:
                push.append(max(0.0, margin - d) ** power / 2)
        if weighting == "pairs":
            values.append((pull + sum(push)) / len(candidates))
        else:
            values.append(pull + sum(push) / len(push))
    return values


@pytest.mark.parametrize("weighting", ["balanced", "pairs"])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("margin", [0.7, 2.0])
def test_formula(unit_vectors, weighting, squared, margin):
    """Agrees with a float64 double loop, positives in any order."""
    anchor, candidates = unit_vectors(5, 4), unit_vectors(9, 4)
    positive = np.array([3, 0, 8, 1, 6])
    options = {"margin": margin, "weighting": weighting, "squared": squared}
    got = spring(term(anchor, candidates, positive), **options)
    want = loop(anchor, candidates, positive, **options)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_collapse_values():
    """One point costs m / 2 balanced; orthogonal constants 0.71 / count."""
    one = np.tile([[1.0, 0.0]], (8, 1)).astype(np.float32)
    other = np.tile([[0.0, 1.0]], (8, 1)).astype(np.float32)
    which = np.arange(8)
    point = spring(term(one, one, which), margin=1.0)
    np.testing.assert_allclose(point, 0.5, rtol=1e-5)
    apart = spring(term(one, other, which), margin=1.4, weighting="pairs")
    np.testing.assert_allclose(apart, math.sqrt(2) / 2 / 8, rtol=1e-5)


def test_pairs_prefer_orthogonal_constants(unit_vectors):
    """Over all pairs of a batch the paper's collapse beats a perfect match.

    That is why its Table 1 has alignment 2 and uniformity near 0.
    """
    one = np.tile([[1.0, 0.0]], (128, 1)).astype(np.float32)
    other = np.tile([[0.0, 1.0]], (128, 1)).astype(np.float32)
    spread = unit_vectors(128, 16)
    which = np.arange(128)
    options = {"margin": 1.4, "weighting": "pairs"}
    collapsed = np.mean(spring(term(one, other, which), **options))
    matched = np.mean(spring(term(spread, spread, which), **options))
    assert collapsed < matched
