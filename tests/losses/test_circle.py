"""The circle loss against its formula and pytorch-metric-learning."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import term
from tfcmc.losses.circle import circle
from tfcmc.losses.vectors import normalise


@pytest.mark.parametrize(
    ("margin", "scale"), [(0.4, 80.0), (0.25, 5.0), (-0.2, 20.0)]
)
def test_formula(holds, margin, scale):
    """log(1 + sum_j exp(..s_j..) exp(..s_p..)), a pair at a time."""

    def formula(s, others, margin, scale):
        pull = max(0.0, 1 + margin - s) * (s - (1 - margin))
        pushed = sum(
            math.exp(scale * max(0.0, x + margin) * (x - margin))
            for x in others
        )
        return math.log(1 + math.exp(-scale * pull) * pushed)

    options = {"margin": margin, "scale": scale}
    holds(circle, formula, rtol=1e-4, atol=1e-4, **options)


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
