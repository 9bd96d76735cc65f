"""The small convolutional network against loops."""

import numpy as np
import pytest

from tests.encoders.loops import through
from tfcmc.encoders import ENCODERS
from tfcmc.foundation.lazy import keras


def build(spec, side, channels=1):
    return ENCODERS.lookup(spec).function((side, side, channels), 5)


@pytest.mark.parametrize(
    ("spec", "side", "features"),
    [
        ("convnet", 64, 1024),
        ("convnet(width=0.5)", 64, 512),
        ("convnet(places=1)", 64, 256),
        ("convnet(places=4)", 64, 4096),
        ("convnet", 32, 1024),
        ("convnet(places=4)", 32, 1024),
        ("convnet", 96, 1024),
        ("convnet(places=3)", 224, 2304),
        ("convnet(places=3)", 64, 2304),
        ("convnet(places=4)", 96, 4096),
        ("convnet", 16, 256),
    ],
)
def test_features(spec, side, features):
    """As many places as are asked for, or as there are."""
    assert build(spec, side).output_shape == (None, features)


def test_every_place_is_read():
    """Where places do not divide the map, neighbours overlap."""
    (pool,) = (
        layer
        for layer in build("convnet(width=0.1)", 112).layers
        if isinstance(layer, keras.layers.AveragePooling2D)
    )
    maps = np.arange(49.0).reshape(1, 7, 7, 1)
    want = [
        maps[0, rows, columns].mean()
        for rows in (slice(0, 4), slice(3, 7))
        for columns in (slice(0, 4), slice(3, 7))
    ]
    np.testing.assert_allclose(np.ravel(pool(maps)), want)


def test_weights():
    """As many as are told, and He's."""
    encoder = build("convnet", 64)
    learnt = encoder.trainable_variables
    assert sum(np.prod(each.shape) for each in learnt) == 388_320
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.filters > 64:
            kernel = layer.kernel.numpy()
            want = (2 / np.prod(kernel.shape[:-1])) ** 0.5
            assert kernel.std() == pytest.approx(want, rel=0.02)


@pytest.mark.parametrize("training", [False, True])
def test_formula(training, rng):
    """Convolutions, each normalised; the last without a ReLU; then means."""
    encoder = build("convnet(width=0.1)", 64, channels=2)
    for weight in encoder.weights:
        if "norm" in weight.path:
            weight.assign(rng.uniform(0.5, 2.0, weight.shape))
    views = rng.normal(size=(3, 64, 64, 2)).astype(np.float32)
    want = through(encoder, views, training)
    got = encoder(views, training=training)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)
    kinds = [type(layer).__name__ for layer in encoder.layers]
    each = ("Conv2D", "BatchNormalization", "ReLU")
    ends = ("AveragePooling2D", "Flatten")
    assert kinds == ["InputLayer", *(4 * each)[:-1], *ends]
