"""Variables of every kind, gradients for them, and steps of an optimizer."""

import numpy as np

from tfcmc.foundation.lazy import keras, tf
from tfcmc.optimizers import OPTIMIZERS, SCHEDULES

STEPS = 6
# Every member as it is, and each option that changes the arithmetic.
SPECS = [
    *OPTIMIZERS.names(),
    "sgd(momentum=0.0, weight_decay=0.1)",
    "sgd(nesterov=True, weight_decay=0.1)",
    "sgd(exclude=bias_and_norm, constant=predictor)",
    "lars(trust=0.1, classic=False, weight_decay=0.1)",
    "lars(trust=0.1, denominator=parts, exclude=none, weight_decay=0.1)",
    "lars(trust=0.1, constant=predictor)",
]
RATES = {"adam": 0.01, "sgd": 0.1, "lars": 0.2}
SHARES = "steps(at=(0.4, 0.7), factor=0.3)"


def make_variables(rng):
    """Ten with random values: kernels, biases, and those of a norm."""
    einsum = keras.layers.EinsumDense(
        "ab,bcd->acd", (2, 3), bias_axes="cd", name="attention"
    )
    layers = [
        keras.layers.Conv2D(3, 2, name="conv"),
        keras.layers.BatchNormalization(name="norm"),
        einsum,
        keras.layers.Dense(2, name="predictor"),
        keras.layers.Dense(2, name="last"),
    ]
    shapes = [(None, 5, 5, 2), *[(None, 4)] * 4]
    for layer, shape in zip(layers, shapes, strict=True):
        layer.build(shape)
    variables = [v for layer in layers for v in layer.trainable_variables]
    for variable in variables:
        variable.assign(rng.normal(0.2, 1, variable.shape))
    return variables


def make_gradients(variables, rng, steps=STEPS):
    """As many float32 arrays a step as there are variables."""
    return [
        [
            rng.normal(0.3, 1, variable.shape).astype(np.float32)
            for variable in variables
        ]
        for _ in range(steps)
    ]


def make(spec, variables, shares=SHARES):
    """The optimizer of a spec for variables, with a rate that falls twice.

    Where the spec says so, those of the layer `predictor` are held.
    """
    bound = OPTIMIZERS.lookup(spec)
    rate = RATES[bound.name]
    schedule = SCHEDULES.lookup(shares).function(rate, STEPS, 0.0)
    optimizer = bound.function(rate, schedule)
    if bound.options.get("constant") == "predictor":
        optimizer.hold([v for v in variables if "predictor" in v.path])
    return optimizer


def rates(optimizer, steps=STEPS):
    """The learning rates that it has from its start on."""
    return [float(optimizer._learning_rate(step)) for step in range(steps)]


def take(optimizer, gradients, variables):
    """Takes a step for each element of the gradients."""
    for each in gradients:
        optimizer.apply([tf.constant(g) for g in each], variables)


def values(variables):
    """What they are, as arrays."""
    return [variable.numpy() for variable in variables]


def check_steps(spec, by_hand, rng, **tolerance):
    """Holds the steps of an optimizer to those of a function, by hand.

    It takes a variable's path, start, gradients and rates. Returns the paths.
    """
    variables = make_variables(rng)
    gradients = make_gradients(variables, rng)
    optimizer = make(spec, variables)
    wants = [
        by_hand(
            variable.path,
            variable.numpy(),
            [each[number] for each in gradients],
            rates(optimizer),
        )
        for number, variable in enumerate(variables)
    ]
    take(optimizer, gradients, variables)
    for value, want in zip(values(variables), wants, strict=True):
        np.testing.assert_allclose(value, want, **tolerance)
    return [variable.path for variable in variables]
