"""The softmax loss against its formula."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.softmax import softmax


def loop(anchor, candidates, positive, temperature):
    """-log(exp(s_pos / T) / sum_j exp(s_j / T)), a number at a time."""
    values = []
    for i, vector in enumerate(anchor):
        total = 0.0
        for candidate in candidates:
            s = math.fsum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            total += math.exp(s / temperature)
        s = math.fsum(
            float(a) * float(c)
            for a, c in zip(vector, candidates[positive[i]], strict=True)
        )
        values.append(-math.log(math.exp(s / temperature) / total))
    return values


@pytest.mark.parametrize("temperature", [0.07, 0.5, 1.0])
def test_formula(unit_vectors, temperature):
    """Agrees with a float64 double loop, positives in any order."""
    anchor, candidates = unit_vectors(5, 7), unit_vectors(9, 7)
    positive = np.array([3, 0, 8, 1, 6])
    got = softmax(term(anchor, candidates, positive), temperature=temperature)
    want = loop(anchor, candidates, positive, temperature)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_collapse_value():
    """One point costs ln(count)."""
    same = np.tile([[0.6, 0.8]], (6, 1)).astype(np.float32)
    got = softmax(term(same, same, np.arange(6)), temperature=0.1)
    np.testing.assert_allclose(got, math.log(6), rtol=1e-5)
