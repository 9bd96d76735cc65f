"""Deep InfoMax's encoder against numpy, and its authors' numbers."""

import keras
import numpy as np
import pytest

from tests.encoders.loops import through
from tfcmc.encoders import ENCODERS, FEATURES, MAP


def build(spec, side, channels=3):
    return ENCODERS.lookup(spec).function((side, side, channels), 5)


@pytest.mark.parametrize(
    ("side", "count", "places"),
    [(16, 2, 8), (28, 3, 7), (32, 3, 8), (64, 4, 8), (96, 5, 6), (224, 6, 7)],
)
def test_map(side, count, places):
    """The last convolution but one gives it; channels double, up to 512."""
    encoder = build("dim(width=0.0625)", side)
    channels = [
        layer.filters
        for layer in encoder.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert channels == [4, 8, 16, 32, 32, 32][:count]
    shape = encoder.get_layer(MAP).output.shape
    assert shape == (None, places, places, channels[-2])
    assert encoder.output_shape == (None, 64)


def test_weights_of_the_authors():
    """As many as `basic32x32` with 64 outputs has, kernel by kernel."""
    encoder = build("dim", 32)
    kernels = [w.shape for w in encoder.weights if "kernel" in w.path]
    assert [tuple(shape) for shape in kernels] == [
        (4, 4, 3, 64),
        (4, 4, 64, 128),
        (4, 4, 128, 256),
        (4096, 1024),
        (1024, 64),
    ]
    # Beside them factors and shifts of the normalisations, and one bias.
    rest = 2 * (64 + 128 + 256 + 1024) + 64
    learnt = sum(np.prod(w.shape) for w in encoder.trainable_variables)
    assert learnt == sum(map(np.prod, kernels)) + rest
    for weight in encoder.trainable_variables:
        if "kernel" in weight.path:
            limit = np.prod(weight.shape[:-1]) ** -0.5
            assert 0.95 * limit < np.abs(weight.numpy()).max() <= limit


@pytest.mark.parametrize("training", [False, True])
def test_formula(training, rng):
    """Convolutions, each normalised, with a ReLU; then two matrices."""
    encoder = build("dim(width=0.05, features=6)", 32, channels=2)
    for weight in encoder.weights:
        if "norm" in weight.path:
            weight.assign(rng.uniform(0.5, 2.0, weight.shape))
    views = rng.normal(size=(3, 32, 32, 2)).astype(np.float32)
    want = through(encoder, views, training)
    got = keras.Model(encoder.inputs[0], encoder.get_layer(FEATURES).output)(
        views, training=training
    )
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)
