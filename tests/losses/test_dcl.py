"""The decoupled contrastive loss against its formula and lightly."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.dcl import dcl


def loop(anchor, candidates, positive, own, temperature):
    """-s_pos / T + log(sum over negatives of exp(s_j / T))."""
    values = []
    for i, vector in enumerate(anchor):
        match, total = 0.0, 0.0
        for j, candidate in enumerate(candidates):
            s = math.fsum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            if j == positive[i]:
                match = s / temperature
            elif j != own[i]:
                total += math.exp(s / temperature)
        values.append(math.log(total) - match)
    return values


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_formula(unit_vectors, temperature):
    """Agrees with a float64 double loop, rows in any order."""
    anchor, candidates = unit_vectors(5, 7), unit_vectors(12, 7)
    positive, own = np.array([3, 0, 8, 1, 6]), np.array([4, 10, 2, 11, 5])
    candidates[own] = anchor
    got = dcl(
        term(anchor, candidates, positive, own=own), temperature=temperature
    )
    want = loop(anchor, candidates, positive, own, temperature)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_other_libraries(noted_views, both_directions):
    """The value of lightly 1.6.0, `DCLLoss`, in float64."""
    got = both_directions("dcl(temperature=0.2)", *noted_views)
    assert got == pytest.approx(2.2962387692553454, rel=1e-5)


def test_value_at_collapse():
    """One point costs ln(m), m = 2 batch - 2."""
    same = np.tile([[0.6, 0.8]], (12, 1)).astype(np.float32)
    got = dcl(term(same[:6], same, np.arange(6), own=np.arange(6, 12)))
    np.testing.assert_allclose(got, math.log(10), rtol=1e-5)
