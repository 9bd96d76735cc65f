"""The loss with hard negatives against its formula and the authors' code."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.debiased import debiased
from tfcmc.losses.hard_negative import hard_negative


def loop(anchor, candidates, positive, own, temperature, beta, tau_plus):
    """-log(p / (p + G)), negatives weighed, a pair at a time."""
    values = []
    for i, vector in enumerate(anchor):
        p, negatives, weights = 0.0, [], []
        for j, candidate in enumerate(candidates):
            s = math.fsum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            if j == positive[i]:
                p = math.exp(s / temperature)
            elif j != own[i]:
                negatives.append(math.exp(s / temperature))
                weights.append(math.exp(beta * s / temperature))
        m = len(negatives)
        mean = sum(weights) / m
        total = sum(
            w / mean * negative
            for w, negative in zip(weights, negatives, strict=True)
        )
        clean = (total - tau_plus * m * p) / (1 - tau_plus)
        clean = max(clean, m * math.exp(-1 / temperature))
        values.append(-math.log(p / (p + clean)))
    return values


@pytest.mark.parametrize(
    ("temperature", "beta", "tau_plus"),
    [(0.5, 1.0, 0.1), (0.1, 0.5, 0.3), (0.2, 2.0, 0.0)],
)
def test_formula(unit_vectors, temperature, beta, tau_plus):
    """Agrees with a float64 double loop, rows in any order."""
    anchor, candidates = unit_vectors(5, 7), unit_vectors(12, 7)
    positive, own = np.array([3, 0, 8, 1, 6]), np.array([4, 10, 2, 11, 5])
    candidates[own] = anchor
    options = {"temperature": temperature, "beta": beta, "tau_plus": tau_plus}
    got = hard_negative(term(anchor, candidates, positive, own=own), **options)
    want = loop(anchor, candidates, positive, own, **options)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("tau_plus", "beta", "want"),
    [(0.1, 1.0, 2.6686412239852424), (0.3, 2.0, 2.9369059777734896)],
)
def test_authors_code(noted_views, both_directions, tau_plus, beta, want):
    """The value of `criterion` in joshr17/HCL, image/main.py, at 93ce802."""
    options = f"temperature=0.5, tau_plus={tau_plus}, beta={beta}"
    got = both_directions(f"hard_negative({options})", *noted_views)
    assert got == pytest.approx(want, rel=1e-5)


def test_unweighted_it_is_debiased(unit_vectors):
    """beta 0 weighs all negatives alike."""
    vectors = term(unit_vectors(5, 7), unit_vectors(9, 7), np.arange(5))
    options = {"temperature": 0.2, "tau_plus": 0.2}
    got = hard_negative(vectors, beta=0.0, **options)
    np.testing.assert_allclose(got, debiased(vectors, **options), rtol=1e-5)


def test_value_at_collapse():
    """One point costs ln(1 + m), m = 2 batch - 2."""
    same = np.tile([[0.6, 0.8]], (12, 1)).astype(np.float32)
    got = hard_negative(
        term(same[:6], same, np.arange(6), own=np.arange(6, 12))
    )
    np.testing.assert_allclose(got, math.log(1 + 10), rtol=1e-5)
