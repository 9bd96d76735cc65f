"""The triplet loss against its formula."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.triplet import triplet


def loop(anchor, candidates, positive, margin, mining, squared):
    """max(0, d_pos - d_neg + m), a triplet at a time."""

    def d(x, y):
        square = sum(
            (float(a) - float(b)) ** 2 for a, b in zip(x, y, strict=True)
        )
        return square if squared else math.sqrt(square)

    values = []
    for i, vector in enumerate(anchor):
        near = d(vector, candidates[positive[i]])
        others = [
            d(vector, candidate)
            for j, candidate in enumerate(candidates)
            if j != positive[i]
        ]
        if mining == "hard":
            others = [min(others)]
        if mining == "semihard":
            farther = [other for other in others if other > near]
            others = [min(farther)] if farther else [max(others)]
        hinges = [max(0.0, near - other + margin) for other in others]
        values.append(sum(hinges) / len(hinges))
    return values


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("margin", [0.2, 1.5])
def test_formula(unit_vectors, mining, squared, margin):
    """Agrees with a float64 double loop, positives in any order."""
    anchor, candidates = unit_vectors(6, 4), unit_vectors(9, 4)
    positive = np.array([3, 0, 8, 1, 6, 2])
    options = {"margin": margin, "mining": mining, "squared": squared}
    got = triplet(term(anchor, candidates, positive), **options)
    want = loop(anchor, candidates, positive, **options)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_semihard_takes_both_branches(unit_vectors):
    """The vectors of the formula test reach the fallback and the rule."""
    anchor, candidates = unit_vectors(6, 4), unit_vectors(9, 4)
    distances = np.linalg.norm(anchor[:, None] - candidates[None], axis=2)
    near = distances.argmin(axis=1)
    far = distances.argmax(axis=1)
    for positive in (near, far):
        options = {"margin": 0.5, "mining": "semihard", "squared": False}
        got = triplet(term(anchor, candidates, positive), **options)
        want = loop(anchor, candidates, positive, **options)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
def test_collapse_value(mining):
    """One point costs the margin."""
    same = np.tile([[0.6, 0.8]], (6, 1)).astype(np.float32)
    got = triplet(term(same, same, np.arange(6)), margin=0.4, mining=mining)
    np.testing.assert_allclose(got, 0.4, rtol=1e-5)
