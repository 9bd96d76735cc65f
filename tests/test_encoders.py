"""What every encoder must hold, and the paper's numbers."""

import numpy as np
import pytest

from tests.encoders.loops import convolve
from tests.tiny import make
from tests.verdicts import IDENTITY
from tfcmc.data.pictures import ArrayPictures
from tfcmc.encoders import ENCODERS, FEATURES, save_encoder
from tfcmc.evaluation.features import Reader
from tfcmc.foundation.lazy import keras

SMALL = {"dim": "dim(width=0.1)", "resnet": "resnet(width=0.1)"}
SPECS = [
    *(SMALL.get(name, name) for name in ENCODERS.names()),
    "resnet(depth=50, width=0.1, stem=tiny, zero_init=True)",
    "paper(final_relu=True)",
    "paper(width=0.5, dim=17)",
]


@pytest.mark.parametrize(
    ("spec", "channels"), [*((spec, 2) for spec in SPECS), ("paper", 1)]
)
def test_contract(spec, channels, rng, tmp_path):
    """Functional, with features; the seed decides; saves and reloads."""
    build, shape = ENCODERS.lookup(spec).function, (32, 32, channels)
    encoder = build(shape, 7)
    views = rng.normal(size=(3, *shape)).astype(np.float32)
    output = encoder(views).numpy()
    assert output.ndim == 2 and np.all(np.isfinite(output))
    features = encoder.get_layer(FEATURES).output
    assert len(features.shape) == 2
    np.testing.assert_array_equal(build(shape, 7)(views), output)
    assert np.any(build(shape, 8)(views).numpy() != output)
    save_encoder(tmp_path / "encoder.keras", encoder, IDENTITY)
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(views), output)


def test_parameters_of_figure_3():
    """204 / 396, 4,632, 18,480, 18,456; 4x4x24 = 384 features.

    Of views of 224 pixels 14x14x24 = 4,704, by as many weights.
    """
    for channels, first in ((1, 204), (2, 396)):
        for side, features in ((64, 384), (224, 4704)):
            shape = side, side, channels
            encoder = ENCODERS.lookup("paper").function(shape, 0)
            counts = [
                layer.count_params()
                for layer in encoder.layers
                if layer.weights
            ]
            assert counts == [first, 4632, 18480, 18456]
            assert encoder.output_shape == (None, features)


def test_convolution_pads_by_one(rng):
    """The first layer against a loop with padding 1 on every side."""
    encoder = ENCODERS.lookup("paper").function((64, 64, 2), 3)
    layer = encoder.get_layer("convolution_1")
    view = rng.normal(size=(1, 64, 64, 2))
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    want = np.maximum(convolve(view, kernel) + bias, 0)
    got = keras.Model(encoder.inputs[0], layer.output)(view)
    np.testing.assert_allclose(got, want, atol=1e-4)


def test_views_begin_alike(rng):
    """What they see alike they encode alike, and a flat picture opens ReLUs.

    Each filter is about its mean, also over what is nearly a constant.
    """
    view = rng.normal(size=(2, 64, 64, 1)).astype(np.float32)
    one, two = (
        ENCODERS.lookup("paper(dim=9)").function((64, 64, channels), 4)
        for channels in (1, 2)
    )
    both = np.repeat(view, 2, axis=-1) / 2**0.5
    np.testing.assert_allclose(two(both), one(view), atol=1e-5)
    for layer in one.layers:
        if isinstance(layer, keras.layers.Conv2D):
            sums = layer.get_weights()[0].sum(axis=(0, 1, 2), dtype=np.float64)
            np.testing.assert_allclose(sums, 0.0, atol=1e-5)
    fires = keras.Model(one.inputs[0], one.get_layer("convolution_3").output)
    assert np.all(fires(np.full_like(view, 0.3)).numpy()[:, 1:-1, 1:-1] > 0)


def test_final_relu(rng):
    """With it features are not negative; without it they are."""
    views = rng.normal(size=(2, 64, 64, 1)).astype(np.float32)
    for spec, lowest in (("paper(final_relu=True)", 0.0), ("paper", -np.inf)):
        output = ENCODERS.lookup(spec).function((64, 64, 1), 0)(views)
        assert (np.min(output) >= 0) == (lowest == 0.0)


def test_projection_is_linear_and_above_the_features(rng):
    """The output is the features times the projection's matrix."""
    encoder = ENCODERS.lookup("paper(dim=5)").function((64, 64, 1), 0)
    views = rng.normal(size=(2, 64, 64, 1)).astype(np.float32)
    features = keras.Model(
        encoder.inputs[0], encoder.get_layer(FEATURES).output
    )
    matrix = encoder.get_layer("projection").get_weights()[0]
    np.testing.assert_allclose(
        encoder(views), features(views).numpy() @ matrix, atol=1e-4
    )


def test_dead_relus_are_counted(rng):
    """The share of channels that no picture makes fire, against a loop."""
    tiny = make(encoder="paper", seed=5)
    branches, views = tiny.model.branches, tiny.architecture.views
    for channel, layer in ((2, "convolution_1"), (7, "convolution_2")):
        kernel, bias = branches[0].get_layer(layer).get_weights()
        bias[channel], kernel[..., channel] = -1e3, 0
        branches[0].get_layer(layer).set_weights([kernel, bias])
    pictures = ArrayPictures(rng.integers(0, 256, (5, 32, 32, 3), np.uint8))
    expected = []
    shown = views.whole(pictures.read(np.arange(5)))
    for branch, hidden in zip(branches, shown, strict=True):
        fires = []
        for number in range(1, 4):
            hidden = branch.get_layer(f"convolution_{number}")(hidden)
            fires.extend(hidden.numpy().max(axis=(0, 1, 2)) > 0)
        expected.append(1 - np.mean(fires))
    _, shares = Reader(views, branches).watch(pictures)
    assert shares == pytest.approx(expected)
    assert shares[0] >= 2 / 84
