"""What holds for every optimizer: joining the table joins these."""

import json

import numpy as np
import pytest

from tests.equal_runs import check_same
from tests.optimizers.stepping import (
    SPECS,
    STEPS,
    make,
    make_gradients,
    make_variables,
    take,
    values,
)
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras, tf
from tfcmc.optimizers import OPTIMIZERS

every = pytest.mark.parametrize("spec", SPECS)


def json_of_keras(optimizer):
    """It, written as Keras writes it and made again."""
    record = json.dumps(keras.optimizers.serialize(optimizer))
    return keras.optimizers.deserialize(json.loads(record))


@every
def test_it_descends(spec, rng):
    """A sum of squares, whose gradient is what each is from its target."""
    variables = make_variables(rng)
    targets = values(make_variables(rng))

    def errors():
        return [
            variable - target
            for variable, target in zip(variables, targets, strict=True)
        ]

    def height():
        return sum(float(tf.reduce_sum(each**2)) for each in errors())

    optimizer, start = make(spec, variables), height()
    for _ in range(STEPS):
        optimizer.apply(errors(), variables)
    assert height() < 0.99 * start


@every
def test_state_put_back_goes_on_to_the_bit(spec, rng):
    """Stopped after half the steps, as a checkpoint is: the same end."""
    variables = make_variables(np.random.default_rng(3))
    gradients = make_gradients(variables, rng)
    optimizer = make(spec, variables)
    half = STEPS // 2
    take(optimizer, gradients[:half], variables)
    kept = values(variables), values(optimizer.variables)
    take(optimizer, gradients[half:], variables)
    others = make_variables(np.random.default_rng(4))
    again = make(spec, others)
    again.build(others)
    for each, held in ((others, kept[0]), (again.variables, kept[1])):
        for variable, value in zip(each, held, strict=True):
            variable.assign(value)
    take(again, gradients[half:], others)
    check_same(values(others), values(variables))
    check_same(values(again.variables), values(optimizer.variables))


@every
def test_it_is_made_again_from_its_record(spec):
    """Through JSON: the same settings, and the same steps to the bit."""
    ends = []
    for through in (lambda each: each, json_of_keras):
        variables = make_variables(np.random.default_rng(3))
        gradients = make_gradients(variables, np.random.default_rng(4))
        first = make(spec, variables)
        optimizer = through(first)
        assert type(optimizer) is type(first)
        assert optimizer.get_config() == first.get_config()
        if getattr(optimizer, "constant_rate", None) is not None:
            optimizer.hold([v for v in variables if "predictor" in v.path])
        take(optimizer, gradients, variables)
        ends.append(values(variables))
    check_same(*ends)


@every
def test_compiled_it_does_the_same(spec):
    """As a graph, where a step is traced once."""
    ends = []
    for compiled in (False, True):
        variables = make_variables(np.random.default_rng(3))
        gradients = make_gradients(variables, np.random.default_rng(4))
        optimizer = make(spec, variables)
        optimizer.build(variables)
        apply = optimizer.apply
        if compiled:
            apply = tf.function(apply)
        for each in gradients:
            apply([tf.constant(g) for g in each])
        ends.append(values(variables))
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@every
@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_zeros_stay_numbers(spec, scale, rng):
    """Weights of 0 get going, and gradients of 0 divide nothing."""
    variables = make_variables(rng)
    gradients = make_gradients(variables, rng, 2)
    for variable in variables:
        variable.assign(tf.zeros(variable.shape))
    take(
        make(spec, variables),
        [[scale * g for g in e] for e in gradients],
        variables,
    )
    for value in values(variables):
        assert np.isfinite(value).all()
        assert (value != 0).all() == bool(scale)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("sdg", "Did you mean sgd"),
        ("adam(beta_1=1)", "`beta_1` must be .* below 1"),
        ("adam(weight_decay=0.1)", "Unknown option of adam"),
        ("sgd(momentum=1.0)", "`momentum` must be .* below 1"),
        ("sgd(nesterov=1)", "`nesterov` must be one of True, False"),
        ("sgd(weight_decay=-0.1)", "`weight_decay` must be .* at least 0"),
        ("sgd(exclude=bias)", "`exclude` must be one of 'none', 'bias_and"),
        ("sgd(constant=0.1)", "`constant` must be one of 'none', 'predict"),
        ("lars(trust=0)", "`trust` must be .* above 0"),
        ("lars(classic=maybe)", "`classic` must be one of True, False"),
        ("lars(denominator=all)", "`denominator` must be one of 'sum', 'p"),
        ("lars(nesterov=True)", "Unknown option of lars"),
    ],
)
def test_bad_options_are_refused(spec, words):
    """In words, before anything is made."""
    with pytest.raises(UsageError, match=words):
        OPTIMIZERS.lookup(spec)
