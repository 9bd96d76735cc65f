"""The debiased loss against its formula and the authors' code."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.debiased import debiased
from tfcmc.losses.nt_xent import nt_xent


def loop(anchor, candidates, positive, own, temperature, tau_plus):
    """-log(p / (p + G)), a pair at a time; and whether G was cut off."""
    values, cut = [], []
    for i, vector in enumerate(anchor):
        p, negatives = 0.0, []
        for j, candidate in enumerate(candidates):
            s = math.fsum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            if j == positive[i]:
                p = math.exp(s / temperature)
            elif j != own[i]:
                negatives.append(math.exp(s / temperature))
        m = len(negatives)
        clean = (sum(negatives) - tau_plus * m * p) / (1 - tau_plus)
        least = m * math.exp(-1 / temperature)
        values.append(-math.log(p / (p + max(clean, least))))
        cut.append(clean < least)
    return values, cut


@pytest.mark.parametrize(
    ("temperature", "tau_plus"),
    [(0.5, 0.1), (0.1, 0.3), (1.0, 0.6), (0.2, 0.0)],
)
def test_formula(unit_vectors, temperature, tau_plus):
    """Agrees with a float64 double loop, with and without the cut-off."""
    anchor, candidates = unit_vectors(5, 7), unit_vectors(12, 7)
    positive, own = np.array([3, 0, 8, 1, 6]), np.array([4, 10, 2, 11, 5])
    candidates[own] = anchor
    candidates[8] = anchor[2]
    options = {"temperature": temperature, "tau_plus": tau_plus}
    got = debiased(term(anchor, candidates, positive, own=own), **options)
    want, cut = loop(anchor, candidates, positive, own, **options)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert any(cut) == (tau_plus >= 0.3)
    assert not all(cut)


@pytest.mark.parametrize(
    ("tau_plus", "want"),
    [(0.1, 1.8907148444117226), (0.3, 1.5348956395039146)],
)
def test_authors_code(noted_views, both_directions, tau_plus, want):
    """The value of `criterion` in joshr17/HCL, image/main.py, at 93ce802.

    With beta 0, where it is the debiased loss; in float64.
    """
    spec = f"debiased(temperature=0.5, tau_plus={tau_plus})"
    got = both_directions(spec, *noted_views)
    assert got == pytest.approx(want, rel=1e-5)


def test_without_false_negatives_it_is_nt_xent(unit_vectors):
    """tau_plus 0 corrects nothing."""
    vectors = term(unit_vectors(5, 7), unit_vectors(9, 7), np.arange(5))
    got = debiased(vectors, temperature=0.2, tau_plus=0.0)
    want = nt_xent(vectors, temperature=0.2)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_value_at_collapse():
    """One point costs ln(1 + m), m = 2 batch - 2."""
    same = np.tile([[0.6, 0.8]], (12, 1)).astype(np.float32)
    got = debiased(term(same[:6], same, np.arange(6), own=np.arange(6, 12)))
    np.testing.assert_allclose(got, math.log(1 + 10), rtol=1e-5)
