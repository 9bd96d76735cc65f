"""Alignment and uniformity as a loss, against the paper's two formulas."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.foundation.lazy import tf
from tfcmc.losses import LOSSES
from tfcmc.losses.alignment_uniformity import alignment_uniformity
from tfcmc.losses.layer import Loss
from tfcmc.losses.term import make_term, of_places


def square(x, y):
    """Squared distance, in float64."""
    return math.fsum(
        (float(a) - float(b)) ** 2 for a, b in zip(x, y, strict=True)
    )


@pytest.mark.parametrize(
    ("alpha", "t", "weights"),
    [(2.0, 2.0, (1.0, 1.0)), (3.0, 1.5, (0.7, 1.3)), (0.5, 4.0, (2.0, 0.1))],
)
def test_mean_is_the_loss(unit_vectors, alpha, t, weights):
    """The batch's mean agrees with a float64 double loop."""
    anchor, candidates = unit_vectors(5, 4), unit_vectors(9, 4)
    positive = np.array([3, 0, 8, 1, 6])
    apart = [
        square(anchor[i], candidates[positive[i]]) ** (alpha / 2)
        for i in range(5)
    ]
    potentials = [
        math.exp(-t * square(anchor[i], anchor[j]))
        for i in range(5)
        for j in range(5)
        if i != j
    ]
    want = weights[0] * sum(apart) / 5
    want += weights[1] * math.log(sum(potentials) / 20)
    got = alignment_uniformity(
        term(anchor, candidates, positive),
        alignment_weight=weights[0],
        uniformity_weight=weights[1],
        alpha=alpha,
        t=t,
    )
    assert np.mean(got) == pytest.approx(want, rel=1e-5, abs=1e-6)


def test_several_positives(unit_vectors):
    """Each place's alignment counts alike, and no anchor for a copy."""
    anchor = unit_vectors(5, 4)
    places = unit_vectors(15, 4).reshape(5, 3, 4)
    rows = np.arange(5)
    alone = [
        alignment_uniformity(term(anchor, places[:, place], rows), alpha=3.0)
        for place in range(3)
    ]
    several = of_places(tf.constant(places), tf.constant(rows))
    whole = make_term(tf.constant(anchor), several, numbers=rows)
    got = Loss(LOSSES.lookup("alignment_uniformity(alpha=3)")).mean(whole)
    assert float(got) == pytest.approx(np.mean(alone), rel=1e-5)


def test_shares(unit_vectors):
    """An anchor's share is the logarithm's tangent at the mean potential."""
    anchor = unit_vectors(5, 4)
    potentials = np.array(
        [
            np.mean(
                [
                    math.exp(-2 * square(anchor[i], anchor[j]))
                    for j in range(5)
                    if i != j
                ]
            )
            for i in range(5)
        ]
    )
    mean = potentials.mean()
    want = math.log(mean) + (potentials - mean) / mean
    got = alignment_uniformity(
        term(anchor, anchor, np.arange(5)), alignment_weight=0.0
    )
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
