"""The circle loss against its formula and pytorch-metric-learning."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import term
from tfcmc.losses.circle import circle
from tfcmc.losses.vectors import normalise


def loop(anchor, candidates, positive, margin, scale):
    """log(1 + sum_j exp(..s_j..) exp(..s_p..)), a pair at a time."""
    values = []
    for i, vector in enumerate(anchor):
        pulled, pushed = 0.0, 0.0
        for j, candidate in enumerate(candidates):
            s = math.fsum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            if j == positive[i]:
                weight = max(0.0, 1 + margin - s)
                pulled = math.exp(-scale * weight * (s - (1 - margin)))
            else:
                weight = max(0.0, s + margin)
                pushed += math.exp(scale * weight * (s - margin))
        values.append(math.log(1 + pulled * pushed))
    return values


@pytest.mark.parametrize(
    ("margin", "scale"), [(0.4, 80.0), (0.25, 5.0), (-0.2, 20.0)]
)
def test_formula(unit_vectors, margin, scale):
    """Agrees with a float64 double loop, positives in any order."""
    anchor, candidates = unit_vectors(5, 4), unit_vectors(9, 4)
    positive = np.array([3, 0, 8, 1, 6])
    options = {"margin": margin, "scale": scale}
    got = circle(term(anchor, candidates, positive), **options)
    want = loop(anchor, candidates, positive, **options)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("margin", "scale", "there", "back"),
    [
        (0.4, 80, 36.37273462357546, 35.01488354195653),
        (0.25, 32, 20.811673156548487, 20.051797217885944),
    ],
)
def test_other_libraries(noted_views, margin, scale, there, back):
    """The values of pytorch-metric-learning 2.9.0, in float64.

    `CircleLoss(reducer=MeanReducer())` with one view for reference.
    """
    first, second = map(normalise, noted_views)
    options = {"margin": margin, "scale": scale}
    rows = np.arange(6)
    got = np.mean(circle(term(first, second, rows), **options))
    assert got == pytest.approx(there, rel=1e-5)
    got = np.mean(circle(term(second, first, rows), **options))
    assert got == pytest.approx(back, rel=1e-5)


def test_weights_are_constant_in_the_gradient(noted_views):
    """The gradient by the first raw anchor, of the same library."""
    first, second = map(tf.constant, noted_views)
    with tf.GradientTape() as tape:
        tape.watch(first)
        values = circle(
            term(normalise(first), normalise(second), tf.range(6)),
            margin=0.25,
            scale=32.0,
        )
        value = tf.reduce_mean(values)
    want = [
        -1.4575374830827679,
        0.701874718304943,
        -0.5119430541054297,
        1.7063027443639032,
    ]
    got = tape.gradient(value, first)[0]
    np.testing.assert_allclose(got, want, rtol=1e-4)


def test_value_at_collapse():
    """One point costs log(1 + (count - 1) exp(g (1 - 2 m^2)))."""
    same = np.tile([[0.6, 0.8]], (6, 1)).astype(np.float32)
    got = circle(term(same, same, np.arange(6)), margin=0.4, scale=3.0)
    want = math.log(1 + 5 * math.exp(3.0 * (1 - 2 * 0.4**2)))
    np.testing.assert_allclose(got, want, rtol=1e-5)
