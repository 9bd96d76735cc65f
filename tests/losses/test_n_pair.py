"""The N-pair loss against its formula and pytorch-metric-learning."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.n_pair import n_pair


def dot(x, y):
    """Inner product, in float64."""
    return math.fsum(float(a) * float(b) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("regularisation", [0.0, 0.5])
def test_formula(rng, regularisation):
    """Agrees with a float64 double loop on vectors of any length."""
    anchor = rng.normal(size=(5, 4)).astype(np.float32) * 2 + 0.3
    candidates = rng.normal(size=(9, 4)).astype(np.float32) - 0.2
    positive = np.array([3, 0, 8, 1, 6])
    want = []
    for i, vector in enumerate(anchor):
        partner = candidates[positive[i]]
        total = sum(
            math.exp(dot(vector, candidate) - dot(vector, partner))
            for j, candidate in enumerate(candidates)
            if j != positive[i]
        )
        lengths = dot(vector, vector) + dot(partner, partner)
        want.append(math.log(1 + total) + regularisation * lengths / 4)
    got = n_pair(
        term(anchor, candidates, positive), regularisation=regularisation
    )
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_other_libraries(noted_views):
    """The value of pytorch-metric-learning 2.9.0, in float64.

    `NPairsLoss(distance=DotProductSimilarity(normalize_embeddings=False))`,
    which goes from the first view to the second and has no penalty.
    """
    got = n_pair(term(*noted_views, np.arange(6)), regularisation=0.0)
    assert np.mean(got) == pytest.approx(1.2558706122160672, rel=1e-5)


def test_long_vectors_stay_finite():
    """Inner products of 10^6 overflow nothing."""
    long = np.array([[1000.0, 0.0], [0.0, 1000.0]], np.float32)
    assert np.all(np.isfinite(n_pair(term(long, long[::-1], np.arange(2)))))
