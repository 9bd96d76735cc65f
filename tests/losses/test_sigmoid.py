"""The pairwise sigmoid loss against its formula."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.sigmoid import sigmoid


def loop(anchor, candidates, positive, temperature, bias):
    """-log sigmoid(z (s / T + b)), z 1 or -1, a pair at a time."""
    values = []
    for i, vector in enumerate(anchor):
        value = 0.0
        for j, candidate in enumerate(candidates):
            s = math.fsum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            z = 1 if j == positive[i] else -1
            logit = z * (s / temperature + bias)
            value -= math.log(1 / (1 + math.exp(-logit)))
        values.append(value)
    return values


@pytest.mark.parametrize(
    ("temperature", "bias"), [(0.1, -10.0), (0.07, -3.0), (1.0, 2.0)]
)
def test_formula(unit_vectors, temperature, bias):
    """Agrees with a float64 double loop, positives in any order."""
    anchor, candidates = unit_vectors(5, 7), unit_vectors(9, 7)
    positive = np.array([3, 0, 8, 1, 6])
    options = {"temperature": temperature, "bias": bias}
    got = sigmoid(term(anchor, candidates, positive), **options)
    want = loop(anchor, candidates, positive, **options)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_directions_are_one(unit_vectors):
    """Both directions sum over the same pairs."""
    first, second, rows = unit_vectors(6, 5), unit_vectors(6, 5), np.arange(6)
    there = np.mean(sigmoid(term(first, second, rows)))
    back = np.mean(sigmoid(term(second, first, rows)))
    assert there == pytest.approx(back, rel=1e-5)


def test_collapse_value():
    """With the defaults one point costs count ln 2."""
    same = np.tile([[0.6, 0.8]], (6, 1)).astype(np.float32)
    got = sigmoid(term(same, same, np.arange(6)))
    np.testing.assert_allclose(got, 6 * math.log(2), rtol=1e-5)
