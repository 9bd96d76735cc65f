"""Layer-wise rates: numbers by hand, and those worked out from the papers."""

import math

import numpy as np
import pytest

from tests.optimizers.stepping import check_steps, take
from tfcmc.foundation.lazy import keras
from tfcmc.optimizers.descent import LARS

EXCLUDED = ("conv/bias", "norm/gamma", "norm/beta", "attention/bias")
EXCLUDED += ("predictor/bias", "last/bias")


def length(numbers):
    """The square root of the sum of squares."""
    return math.sqrt(sum(number * number for number in numbers))


def by_hand(weights, gradients, rates, decay, trust, classic, parts, adapted):
    """The end of one variable, weight by weight in float64."""
    shape = weights.shape
    weights = [float(weight) for weight in weights.flat]
    velocities = [0.0] * len(weights)
    for gradient, rate in zip(gradients, rates, strict=True):
        plain = [float(slope) for slope in gradient.flat]
        slopes, factor = plain, 1.0
        if adapted:
            slopes = [
                slope + decay * weight
                for slope, weight in zip(plain, weights, strict=True)
            ]
            below = length(slopes)
            if parts:
                below = length(plain) + decay * length(weights)
            factor = trust * length(weights) / below
        for place, slope in enumerate(slopes):
            if classic:
                velocities[place] *= 0.9
                velocities[place] += rate * factor * slope
                weights[place] -= velocities[place]
            else:
                velocities[place] *= 0.9
                velocities[place] += factor * slope
                weights[place] -= rate * velocities[place]
    return np.reshape(weights, shape)


@pytest.mark.parametrize("classic", [True, False])
@pytest.mark.parametrize("denominator", ["sum", "parts"])
@pytest.mark.parametrize("exclude", ["none", "bias_and_norm"])
def test_numbers(classic, denominator, exclude, rng):
    """All variables, while the learning rate falls; some are left alone."""

    def want(path, *given):
        adapted = exclude == "none" or path not in EXCLUDED
        parts = denominator == "parts"
        return by_hand(*given, 0.1, 0.02, classic, parts, adapted)

    options = f"classic={classic}, denominator={denominator}"
    spec = f"lars(weight_decay=0.1, trust=0.02, exclude={exclude}, {options})"
    paths = check_steps(spec, want, rng, rtol=1e-5, atol=1e-5)
    assert sum(path in EXCLUDED for path in paths) == 6


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({}, [0.004919, -0.000894]),
        ({"classic": False}, [0.004919, -0.000894]),
        ({"denominator": "parts"}, [0.003667, -0.000667]),
        ({"exclude": "bias_and_norm"}, [0.8, -0.6]),
    ],
)
def test_first_step(options, step):
    """w = [3, 4], g = [.8, -.6], decay .1: |g + .1 w| = 1.118, |g| = 1."""
    weights = keras.Variable([3.0, 4.0])
    given = {"weight_decay": 0.1, "trust": 0.001, "exclude": "none"}
    optimizer = LARS(1.0, **(given | options))
    take(optimizer, [[np.float32([0.8, -0.6])]], [weights])
    np.testing.assert_allclose([3, 4] - weights.numpy(), step, atol=1e-6)


def test_conventions_part_where_the_rate_falls():
    """One while it is constant; afterwards the classic velocity is larger."""
    ends = {}
    for classic in (True, False):
        for falls in (1.0, 0.1):
            weights = keras.Variable(np.full((2, 2), 3.0, np.float32))
            schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
                [1], [1.0, falls]
            )
            take(
                LARS(schedule, classic=classic),
                [[np.ones((2, 2), np.float32)]] * 3,
                [weights],
            )
            ends[classic, falls] = 3.0 - weights.numpy()
    np.testing.assert_allclose(ends[True, 1.0], ends[False, 1.0], rtol=1e-3)
    assert (ends[True, 0.1] > 1.2 * ends[False, 0.1]).all()
