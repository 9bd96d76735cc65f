"""Gradient descent: numbers by hand, and those of PyTorch."""

import numpy as np
import pytest

from tests.optimizers.stepping import (
    SHARES,
    check_steps,
    make,
    make_gradients,
    make_variables,
    take,
    values,
)
from tfcmc.foundation.lazy import keras, tf
from tfcmc.optimizers.descent import SGD

KERNELS = ("conv/kernel", "attention/kernel")
KERNELS += ("predictor/kernel", "last/kernel")


def by_hand(weights, gradients, rates, momentum, nesterov, decay):
    """The end of one variable, weight by weight in float64."""
    ends = np.array(weights, np.float64)
    for place in np.ndindex(ends.shape):
        weight, velocity = float(ends[place]), 0.0
        for gradient, rate in zip(gradients, rates, strict=True):
            slope = float(gradient[place]) + decay * weight
            velocity = momentum * velocity + slope
            ahead = slope + momentum * velocity if nesterov else velocity
            weight -= rate * ahead
        ends[place] = weight
    return ends


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("exclude", ["none", "bias_and_norm"])
def test_numbers(momentum, nesterov, decay, exclude, rng):
    """All variables, while the learning rate falls; kernels alone decay."""

    def want(path, *given):
        decayed = exclude == "none" or path in KERNELS
        return by_hand(*given, momentum, nesterov, decay if decayed else 0.0)

    options = f"momentum={momentum}, nesterov={nesterov}, exclude={exclude}"
    spec = f"sgd({options}, weight_decay={decay})"
    paths = check_steps(spec, want, rng, rtol=1e-5, atol=1e-6)
    assert sum(path in KERNELS for path in paths) == 4


@pytest.mark.parametrize(
    ("nesterov", "ends"),
    [
        (False, [0.474210955, -1.248177102, 1.856025659]),
        (True, [0.479759427, -1.254835030, 1.768177512]),
    ],
)
def test_torch(nesterov, ends):
    """torch.optim.SGD 2.13.0: lr .1 twice, then .01; .9; decay .05."""
    gradients = [[0.3, -0.1, 0.2], [-0.4, 0.25, 0.6]]
    gradients += [[0.05, 0.7, -0.35], [0.15, -0.2, 0.45]]
    weights = keras.Variable([0.5, -1.25, 2.0])
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
        [1], [0.1, 0.01]
    )
    optimizer = SGD(schedule, nesterov=nesterov, weight_decay=0.05)
    take(optimizer, [[np.float32(g)] for g in gradients], [weights])
    np.testing.assert_allclose(weights.numpy(), ends, rtol=1e-6)


def test_decay_is_coupled():
    """Three steps without gradient: torch's .731, and not Keras's .857."""
    ends = []
    for kind in (SGD, keras.optimizers.SGD):
        weight = keras.Variable([[1.0]])
        optimizer = kind(0.1, momentum=0.9, weight_decay=0.5)
        for _ in range(3):
            optimizer.apply([tf.zeros((1, 1))], [weight])
        ends.append(float(weight.numpy()[0, 0]))
    # 1 - .05; less .9 (.05) + .0475; less .9 (.0925) + .042875.
    assert ends == pytest.approx([0.731375, 0.857375], abs=1e-6)


def test_predictor_keeps_its_rate():
    """What is held moves as if the rate never fell, and nothing else does."""
    ends = []
    for spec, shares in (
        ("sgd(constant=predictor)", SHARES),
        ("sgd", SHARES),
        ("sgd", "constant"),
    ):
        variables = make_variables(np.random.default_rng(3))
        gradients = make_gradients(variables, np.random.default_rng(4))
        take(make(spec, variables, shares), gradients, variables)
        ends.append(values(variables))
    for variable, got, falling, constant in zip(variables, *ends, strict=True):
        held = "predictor" in variable.path
        np.testing.assert_array_equal(got, constant if held else falling)
        assert not np.array_equal(falling, constant)


def test_rate_and_what_it_is_held_for_belong_together():
    """One without the other would change nothing, without a word."""
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    with pytest.raises(ValueError, match="Received: 0.1 for 0 variables"):
        SGD(0.2, constant_rate=0.1).build(layer.trainable_variables)
    alone = SGD(0.2)
    alone.hold([layer.kernel])
    with pytest.raises(ValueError, match="Received: None for 1 variables"):
        alone.build(layer.trainable_variables)


def test_what_keras_would_do_otherwise_is_refused():
    """Options of Keras's that the steps here do not know."""
    with pytest.raises(TypeError, match="clipnorm"):
        SGD(0.1, clipnorm=1.0)
