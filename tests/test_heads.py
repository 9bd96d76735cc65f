"""Heads and predictors, against their formula in numpy."""

import keras
import numpy as np
import pytest

from tests.encoders.loops import through
from tests.tiny import make
from tfcmc.heads import HEADS


def built(spec, seed=3):
    """The model of a head over 6 features."""
    features = keras.Input((6,))
    return keras.Model(features, HEADS.lookup(spec).function(features, seed))


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        ("none", []),
        ("linear(dim=5)", [(6, 5)]),
        ("mlp(hidden=4, dim=5)", [(6, 4), (4,), (4, 5), (5,)]),
        ("mlp(hidden=4, dim=5, bias=False)", [(6, 4), (4, 5)]),
        (
            "mlp(layers=3, hidden=4, dim=5, norm=hidden)",
            [(6, 4), *[(4,)] * 4, (4, 4), *[(4,)] * 4, (4, 5), (5,)],
        ),
        (
            "mlp(hidden=4, dim=5, norm=all)",
            [(6, 4), *[(4,)] * 4, (4, 5), *[(5,)] * 4],
        ),
        (
            "mlp(hidden=4, dim=5, norm=all, last_affine=False)",
            [(6, 4), *[(4,)] * 4, (4, 5), *[(5,)] * 2],
        ),
    ],
)
def test_layers(spec, shapes, rng):
    """Matrices, biases, normalisation by the batch, ReLUs between, in turn."""
    model = built(spec)
    assert [tuple(each.shape) for each in model.weights] == shapes
    features = 3 * rng.normal(size=(9, 6)).astype(np.float32)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(rng.uniform(0.5, 2.0, weight.shape))
    for training in (False, True):
        want = through(model, features, training)
        got = model(features, training=training)
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3)


def test_synchronised():
    """Statistics are of all devices, as the papers'; they move by a tenth."""
    for layer in built("mlp(norm=all)").layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert layer.synchronized and layer.momentum == 0.9


@pytest.mark.parametrize("shape", [(9, 6), (2, 3, 4, 6)])
@pytest.mark.parametrize("training", [False, True])
def test_critic(shape, training, rng):
    """The tower of every vector, of a picture's or of a map's places alike."""
    inputs = keras.Input(shape[1:])
    head = HEADS.lookup("critic(units=8)").function
    model = keras.Model(inputs, head(inputs, 3))
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(rng.uniform(0.5, 2.0, weight.shape))
    found = {layer.name: layer.get_weights() for layer in model.layers}
    vectors = rng.normal(size=shape).astype(np.float32)
    rows = vectors.reshape(-1, 6).astype(np.float64)
    deep = rows @ found["critic_hidden"][0]
    scale, shift, mean, variance = found["critic_hidden_norm"]
    if training:
        mean, variance = deep.mean(0), deep.var(0)
    deep = scale * (deep - mean) / np.sqrt(variance + 1e-5) + shift
    deep = (
        np.maximum(deep, 0) @ found["critic_linear"][0]
        + found["critic_linear"][1]
    )
    want = deep + rows @ found["critic_shortcut"][0]
    want -= want.mean(1, keepdims=True)
    want /= np.sqrt(np.mean(want**2, axis=1, keepdims=True) + 1e-5)
    want = found["critic_norm"][0] * want + found["critic_norm"][1]
    got = model(vectors, training=training)
    assert got.shape == (*shape[:-1], 8)
    np.testing.assert_allclose(
        got, want.reshape(got.shape), rtol=1e-3, atol=1e-4
    )


def test_critic_begins_as_a_copy():
    """Its shortcut is the identity, but for a hundredth; else, even."""
    shortcuts = []
    for units in (8, 5):
        inputs = keras.Input((6,))
        head = HEADS.lookup(f"critic(units={units})").function
        model = keras.Model(inputs, head(inputs, 3))
        shortcuts.append(model.get_layer("critic_shortcut").get_weights()[0])
    np.testing.assert_array_equal(np.diag(shortcuts[0]), np.ones(6))
    noise = np.abs(shortcuts[0] - np.eye(6, 8)).max()
    assert 0 < noise <= 0.01 < np.abs(shortcuts[1]).max() <= 6**-0.5


def test_critic_of_the_picture():
    """A vector goes through one matrix, a map through what follows it."""
    head = HEADS.lookup("critic(units=9, of=picture, hidden=7)").function
    for shape, kernels in (
        ((6,), [(6, 9)]),
        ((8, 8, 6), [(4, 4, 6, 6), (4, 4, 6, 12), (48, 7), (7, 9)]),
    ):
        inputs = keras.Input(shape)
        model = keras.Model(inputs, head(inputs, 3))
        assert model.output_shape == (None, 9)
        found = [tuple(w.shape) for w in model.weights if "kernel" in w.path]
        assert found == kernels


@pytest.mark.parametrize(
    "spec", ["linear(dim=5)", "mlp(dim=5)", "critic(units=8)"]
)
def test_the_seed_decides(spec):
    """Of one seed branches begin as one; of another, otherwise."""
    kernels = [built(spec, seed).get_weights()[0] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.abs(kernels[0] - kernels[2]).max() > 0.01


@pytest.mark.parametrize("head", ["mlp(norm=all)", "critic", "linear"])
def test_any_head_on_any_encoder(head):
    """The names of their layers are apart."""
    encoders = ["dim(width=0.1)", "paper(width=0.3)"]
    if head.startswith("mlp"):
        encoders.append("resnet(width=0.1)")
    for encoder in encoders:
        branch, *_ = make(encoder=encoder, head=head).model.branches
        assert len(branch.output_shape) == 2


def test_a_head_is_what_the_loss_reads():
    """The features stay what the encoder gives; embeddings are the head's."""
    tiny = make(head="mlp(hidden=8, dim=3)", loss="n_pair")
    for branch in tiny.model.branches:
        assert branch.get_layer("features").output.shape[-1] == 28
        assert branch.output_shape == (None, 3)
    embeddings = tiny.model.differentiate(tiny.stream.batch(0))[2][0]
    assert [each.shape for each in embeddings.values()] == [(4, 3), (4, 3)]
