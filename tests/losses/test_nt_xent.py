"""NT-Xent against its formula and other libraries."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.nt_xent import nt_xent
from tfcmc.losses.softmax import softmax


def loop(anchor, candidates, positive, own, temperature):
    """-log(exp(s_pos / T) / sum over all but the anchor), a pair at a time."""
    values = []
    for i, vector in enumerate(anchor):
        s = [
            math.fsum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            for candidate in candidates
        ]
        total = math.fsum(
            math.exp(s[j] / temperature) for j in range(len(s)) if j != own[i]
        )
        values.append(
            -math.log(math.exp(s[positive[i]] / temperature) / total)
        )
    return values


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_formula(unit_vectors, temperature):
    """Agrees with a float64 double loop, rows in any order."""
    anchor, candidates = unit_vectors(5, 7), unit_vectors(12, 7)
    positive, own = np.array([3, 0, 8, 1, 6]), np.array([4, 10, 2, 11, 5])
    candidates[own] = anchor
    got = nt_xent(
        term(anchor, candidates, positive, own=own), temperature=temperature
    )
    want = loop(anchor, candidates, positive, own, temperature)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_other_libraries(noted_views, both_directions):
    """The value of lightly 1.6.0 (`NTXentLoss`), pytorch-metric-learning 2.9.0
    (`NTXentLoss`) and optax 0.2.8 (`ntxent`), in float64.
    """
    got = both_directions("nt_xent(temperature=0.2)", *noted_views)
    assert got == pytest.approx(2.4716889649085814, rel=1e-5)


def test_without_own_view_it_is_softmax(unit_vectors):
    """Negatives of the other view alone make it `softmax`."""
    vectors = term(unit_vectors(5, 7), unit_vectors(9, 7), np.arange(5))
    got = nt_xent(vectors, temperature=0.2)
    want = softmax(vectors, temperature=0.2)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_value_at_collapse():
    """One point costs ln(1 + m), m = 2 batch - 2."""
    same = np.tile([[0.6, 0.8]], (12, 1)).astype(np.float32)
    got = nt_xent(term(same[:6], same, np.arange(6), own=np.arange(6, 12)))
    np.testing.assert_allclose(got, math.log(1 + 10), rtol=1e-5)
