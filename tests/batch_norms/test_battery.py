"""What every batch normalisation holds, and what each takes for the batch."""

import json

import numpy as np
import pytest

from tests.tiny import make
from tfcmc.batch_norms import BATCH_NORMS
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras, tf

SPECS = [*BATCH_NORMS.names(), "split(groups=2)", "split(groups=3)"]
ROWS = 24
every = pytest.mark.parametrize("spec", SPECS)


def built(spec, shape, **options):
    """A layer for inputs of a shape, all of whose variables are random."""
    rng = np.random.default_rng(3)
    layer = BATCH_NORMS.lookup(spec).function(name="norm", **options)
    layer.build((None, *shape))
    for variable in layer.variables:
        variable.assign(rng.uniform(0.5, 2.0, variable.shape))
    return layer


def groups_of(spec):
    """How many groups of a batch there are."""
    return BATCH_NORMS.lookup(spec).options.get("groups", 1)


def expected(layer, inputs, groups):
    """Outputs and moving statistics by the formula, group by group."""
    gamma, beta, *moving = (each.numpy() for each in layer.variables)
    outputs, found = [], []
    for part in np.split(inputs.astype(np.float64), groups):
        axes = tuple(range(part.ndim - 1))
        mean, variance = part.mean(axes), part.var(axes)
        outputs.append(gamma * (part - mean) / np.sqrt(variance + 1e-5) + beta)
        found.append((mean, variance))
    new = np.mean(found, axis=0)
    moved = [
        0.9 * old + 0.1 * each for old, each in zip(moving, new, strict=True)
    ]
    return np.concatenate(outputs), moved


@every
@pytest.mark.parametrize("shape", [(5,), (3, 4, 5)])
def test_formula(spec, shape, rng):
    """In training of each group; moving statistics are the groups' mean."""
    layer = built(spec, shape)
    inputs = rng.normal(size=(ROWS, *shape)).astype(np.float32)
    inputs *= np.linspace(1, 4, ROWS).reshape(ROWS, *[1] * len(shape))
    want, moved = expected(layer, inputs, groups_of(spec))
    np.testing.assert_allclose(
        layer(inputs, training=True), want, rtol=1e-4, atol=1e-4
    )
    for variable, value in zip(layer.variables[2:], moved, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-5)


@every
def test_inference(spec, rng):
    """By the moving statistics alone, which stay as they are."""
    layer = built(spec, (5,))
    gamma, beta, mean, variance = (each.numpy() for each in layer.variables)
    inputs = rng.normal(size=(7, 5)).astype(np.float32)
    want = gamma * (inputs - mean) / np.sqrt(variance + 1e-5) + beta
    np.testing.assert_allclose(layer(inputs), want, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.variables[2], mean)
    layer.trainable = False
    np.testing.assert_array_equal(layer(inputs, training=True), layer(inputs))


@every
def test_options(spec):
    """Shift and factor can be left out, and the factor begin at 0."""
    options = {"center": False, "scale": False}
    assert len(built(spec, (5,), **options).trainable_variables) == 0
    layer = BATCH_NORMS.lookup(spec).function(
        name="norm", gamma_initializer="zeros"
    )
    assert not np.any(layer(np.ones((ROWS, 5), np.float32), training=True))


@every
def test_written_and_read(spec):
    """As Keras writes it: the same layer again, found by its name alone."""
    layer = built(spec, (5,))
    record = json.dumps(keras.layers.serialize(layer))
    again = keras.layers.deserialize(json.loads(record))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()


@every
def test_of_any_side(spec, rng):
    """In a model whose pictures' sides are not known."""
    layer = built(spec, (None, None, 2))
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, layer(inputs))
    read = tf.function(
        lambda pictures: model(pictures, training=True),
        input_signature=[tf.TensorSpec([ROWS, None, None, 2])],
    )
    for side in (3, 4):
        pictures = rng.normal(size=(ROWS, side, side, 2)).astype(np.float32)
        want, _ = expected(layer, pictures, groups_of(spec))
        np.testing.assert_allclose(read(pictures), want, rtol=1e-4, atol=1e-4)


@every
def test_half_precision(spec, rng):
    """Outputs in bfloat16; statistics and variables stay float32."""
    layer = built(spec, (5,), dtype="mixed_bfloat16")
    inputs = tf.cast(rng.normal(size=(ROWS, 5)) + 30, "bfloat16")
    exact = tf.cast(inputs, "float32").numpy()
    want, _ = expected(layer, exact, groups_of(spec))
    found = layer(inputs, training=True)
    assert found.dtype == tf.bfloat16
    assert {each.dtype for each in layer.variables} == {"float32"}
    np.testing.assert_allclose(
        tf.cast(found, "float32"), want, rtol=0.02, atol=0.02
    )


@pytest.mark.parametrize("spec", ["synchronized", "local", "split(groups=2)"])
def test_heads_and_predictors_take_it(spec):
    """The plan's, in every layer that normalises."""
    tiny = make(
        head="mlp(hidden=8, dim=5, norm=all, last_affine=False)",
        predictor="mlp(hidden=6, dim=5, norm=hidden)",
        batch_norm=spec,
        target="stopped",
    )
    layers = tiny.model.normalisations()
    assert len(layers) == 2 * (2 + 1)
    for layer in layers:
        assert layer.synchronized == (spec == "synchronized")
        assert (layer.groups or 1) == groups_of(spec)
    assert np.isfinite(tiny.learn(0, 2))


@pytest.mark.parametrize("each_view", [False, True])
def test_groups_are_of_whole_pictures(each_view, plain_views):
    """Of one branch the views of a picture are in one group, or apart."""
    tiny = make(
        encoder="dim(width=0.1)",
        batch_norm=f"split(groups=2, each_view={each_view})",
        views="rgb(augment=none)",
    )
    pictures, draws, numbers = tiny.stream.batch(0)
    half = len(pictures) // 2
    other = np.concatenate([pictures[:half], 255 - pictures[half:]])
    one, two = (
        tiny.model.differentiate((tf.constant(shown), draws, numbers))[2][0]
        for shown in (pictures, other)
    )
    for view in one:
        np.testing.assert_array_equal(one[view][:half], two[view][:half])
        assert np.abs(one[view][half:] - two[view][half:]).max() > 1e-3


def test_groups_have_to_divide_the_batch():
    """Told again where only the layer knows."""
    layer = built("split(groups=4)", (5,))
    with pytest.raises(UsageError, match="`batch` must be a multiple of 4"):
        layer(np.ones((6, 5), np.float32), training=True)
