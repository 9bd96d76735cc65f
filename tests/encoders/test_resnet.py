"""Residual networks: torchvision's own, and each part against loops."""

import importlib.util
import json
import re

import numpy as np
import pytest

from tests.tiny import make
from tfcmc.batch_norms import BATCH_NORMS
from tfcmc.encoders import ENCODERS
from tfcmc.evaluation.features import Reader
from tfcmc.foundation.lazy import keras, tf

# Of torchvision's, less those of the classes: a row and a bias for each.
PUBLISHED = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032}
FEATURES = {18: 512, 34: 512, 50: 2048}
CASES = [(18, "imagenet"), (34, "tiny"), (50, "imagenet"), (18, "cifar")]
PARTS = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def built(shape, seed=3, **options):
    """The network of options."""
    inside = ", ".join(f"{name}={value}" for name, value in options.items())
    return ENCODERS.lookup(f"resnet({inside})").function(shape, seed)


def shaken(encoder, rng):
    """It, with random factors, shifts and moving statistics."""
    for variable in encoder.variables:
        if len(variable.shape) == 1:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return encoder


def name_in_torch(layer, weight):
    """What torchvision calls a weight of ours."""
    part = PARTS[weight]
    if layer in ("stem", "stem_norm"):
        return f"{'conv1' if layer == 'stem' else 'bn1'}.{part}"
    stage, block, rest = re.match(
        r"stage_(\d)_block_(\d)_(.*)", layer
    ).groups()
    place = f"layer{stage}.{int(block) - 1}"
    normed = rest.endswith("_norm")
    if rest.startswith("shortcut"):
        return f"{place}.downsample.{int(normed)}.{part}"
    number = re.search(r"\d", rest)[0]
    return f"{place}.{'bn' if normed else 'conv'}{number}.{part}"


def by_their_names(encoder):
    """Weights as torchvision has them."""
    found = {}
    for layer in encoder.layers:
        for weight in layer.weights:
            array = weight.numpy()
            if weight.name == "kernel":
                array = array.transpose(3, 2, 0, 1)
            found[name_in_torch(layer.name, weight.name)] = array
    return found


@pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None,
    reason="torchvision is not installed",
)
def test_as_torchvision(rng, tmp_path, command):
    """Of our weights: its features, in inference and in training."""
    files = []
    for depth, stem in CASES:
        encoder = shaken(built((None, None, 3), depth=depth, stem=stem), rng)
        arrays = {"depth": depth, "stem": stem, **by_their_names(encoder)}
        for side in (32, 33) if stem == "cifar" else (64, 71):
            views = rng.normal(size=(4, side, side, 3)).astype(np.float32)
            arrays[f"views-{side}"] = views
            for training in (False, True):
                moving = encoder.get_weights()
                got = encoder(views, training=training)
                arrays[f"got-{side}-{training}"] = got.numpy()
                encoder.set_weights(moving)
        files.append(tmp_path / f"{depth}-{stem}.npz")
        np.savez(files[-1], **arrays)
    done = command("tests.encoders.torchvision_process", *files)
    assert done.returncode == 0, done.stderr[-3000:]
    for case, apart in zip(CASES, json.loads(done.stdout), strict=True):
        assert len(apart) == 4 and max(apart) < 1e-4, (case, apart)


@pytest.mark.parametrize("depth", PUBLISHED)
def test_parameters(depth, monkeypatch):
    """As many as were published, without the classes'."""
    # Drawing them takes seconds, and only shapes are looked at.
    monkeypatch.setattr(
        keras.initializers.VarianceScaling,
        "__call__",
        lambda self, shape, dtype=None: tf.zeros(shape, dtype or "float32"),
    )
    encoder = built((None, None, 3), depth=depth, stem="imagenet")
    features = FEATURES[depth]
    assert encoder.output_shape == (None, features)
    learnt = sum(np.prod(each.shape) for each in encoder.trainable_weights)
    assert learnt == PUBLISHED[depth] - 1000 * (features + 1)
    half = built((None, None, 3), depth=depth, width=0.5)
    assert half.output_shape == (None, features // 2)


def test_padding_is_symmetric(rng):
    """A convolution of stride 2 and the pool, against loops with margins."""
    encoder = built((13, 13, 2), stem="imagenet", width=0.1)
    picture = rng.normal(size=(13, 13, 2))
    kernel = encoder.get_layer("stem").get_weights()[0].astype(np.float64)
    inside = keras.Model(
        encoder.inputs[0],
        [encoder.get_layer(n).output for n in ("stem", "stem_relu", "pool")],
    )
    stem, relu, pool = (each[0].numpy() for each in inside(picture[None]))
    padded = np.pad(picture, [(3, 3), (3, 3), (0, 0)])
    assert stem.shape[:2] == (7, 7) and pool.shape[:2] == (4, 4)
    for row, column in ((0, 0), (6, 6), (2, 5)):
        patch = padded[2 * row : 2 * row + 7, 2 * column : 2 * column + 7]
        want = np.einsum("hwc,hwco->o", patch, kernel)
        np.testing.assert_allclose(stem[row, column], want, atol=1e-4)
    margin = np.pad(relu, [(1, 1), (1, 1), (0, 0)], constant_values=-np.inf)
    for row, column in ((0, 0), (3, 3), (1, 2)):
        patch = margin[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        np.testing.assert_array_equal(pool[row, column], patch.max((0, 1)))


@pytest.mark.parametrize(
    ("shape", "stem", "places"),
    [
        ((32, 32, 3), "auto", 32),
        ((33, 33, 3), "auto", 9),
        ((64, 64, 3), "cifar", 64),
        ((64, 64, 3), "tiny", 32),
        ((64, 64, 3), "imagenet", 16),
        ((None, None, 3), "auto", None),
    ],
)
def test_stems(shape, stem, places):
    """How many places a side the first stage has."""
    encoder = built(shape, stem=stem, width=0.05)
    relu = encoder.get_layer("stage_1_block_1_relu")
    assert relu.output.shape[1] == places
    side = encoder.get_layer("stem").get_weights()[0].shape[0]
    assert side == (7 if places in (None, 9, 16) else 3)


def test_initial_weights():
    """He's normal by what goes out, each layer its own; the seed decides."""
    encoder = built((32, 32, 3), depth=50, seed=4)
    kernels = [
        layer.kernel.numpy()
        for layer in encoder.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert len(kernels) == 1 + 16 * 3 + 4
    for kernel in kernels:
        height, width, _, channels = kernel.shape
        want = np.sqrt(2 / (height * width * channels))
        count = kernel.size
        assert abs(kernel.std() / want - 1) < 4 / np.sqrt(2 * count)
        assert abs(kernel.mean()) < 4 * want / np.sqrt(count)
        # A normal cut off at twice its width would not get here.
        assert np.abs(kernel).max() > 2.3 * want
    alike = {kernel.ravel()[:9].tobytes() for kernel in kernels}
    assert len(alike) == len(kernels)


@pytest.mark.parametrize("depth", [18, 50])
def test_zero_init(depth, rng):
    """Every block begins as its shortcut, and learns all the same."""
    encoder = built((16, 16, 3), depth=depth, width=0.1, zero_init=True)
    last = 3 if depth == 50 else 2
    for layer in encoder.layers:
        if layer.name.endswith("_norm"):
            zero = layer.name.endswith(f"convolution_{last}_norm")
            assert np.all(layer.gamma.numpy() == (0.0 if zero else 1.0))
    names = ("stage_2_block_1_relu", "stage_2_block_2_relu")
    outputs = [encoder.get_layer(name).output for name in names]
    views = rng.normal(size=(3, 16, 16, 3)).astype(np.float32)
    first, second = keras.Model(encoder.inputs[0], outputs)(views)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("spec", BATCH_NORMS.names())
def test_normalised_as_the_plan_says(spec):
    """Every layer of both encoders."""
    tiny = make(
        encoder="resnet(width=0.05)",
        batch_norm="split(groups=2)" if spec == "split" else spec,
    )
    layers = tiny.model.normalisations()
    assert len(layers) == 2 * 20
    for layer in layers:
        assert layer.synchronized == (spec == "synchronized")
        assert layer.groups == (2 if spec == "split" else None)
        assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)


def test_half_precision():
    """In bfloat16, the features near those of float32."""
    tiny = make(encoder="resnet(width=0.1)", precision="bfloat16")
    exact = make(encoder="resnet(width=0.1)")
    views, _ = tiny.shown()
    pairs = zip(tiny.model.branches, exact.model.branches, views, strict=True)
    for half, whole, view in pairs:
        got, want = half(view, training=True), whole(view, training=True)
        assert got.dtype == tf.bfloat16 and want.dtype == tf.float32
        apart = np.linalg.norm(tf.cast(got, tf.float32) - want)
        assert 0 < apart < 0.1 * np.linalg.norm(want)
    assert np.isfinite(tiny.learn(0, 2))


def test_the_doctor_sees_its_relus():
    """Those of the stem, inside of blocks and at their ends."""
    tiny = make(encoder="resnet(width=0.05)")
    reader = Reader(tiny.architecture.views, tiny.model.branches)
    pictures, _, _ = tiny.stream.batch(0)
    for highest in reader._read(pictures)[1]:
        # 3, 6, 13 and 26 channels, times four each; the stem's 3 besides.
        assert highest.shape == (3 + 4 * (3 + 6 + 13 + 26),)
