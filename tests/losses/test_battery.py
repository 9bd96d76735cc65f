"""What every registered loss must hold; to register is to be tested."""

import numpy as np
import pytest
import tensorflow as tf

from tfcmc.geometry import normalise
from tfcmc.losses import LOSSES, Loss

SPECS = [
    *LOSSES.names(),
    "spring(weighting=pairs, margin=2.0)",
    "spring(squared=True)",
    "triplet(mining=semihard)",
    "triplet(mining=hard, squared=True)",
    "softmax(temperature=0.01)",
    "nce(z=exact, temperature=0.02)",
    "nce(z=mean)",
    "nce(z=first)",
    "nce(z=2.5)",
]
every_loss = pytest.mark.parametrize("spec", SPECS)


def pairs(rng, kind, batch=6, dim=5):
    """Anchors and candidates of a kind: random, or a corner of the space."""
    raw = rng.normal(size=(batch, dim)).astype(np.float32) + 0.4
    other = raw + 0.5 * rng.normal(size=raw.shape).astype(np.float32)
    if kind == "identical":
        raw[:] = other[:] = raw[0]
    if kind == "matched":
        other = raw
    if kind == "opposite":
        other = -raw
    if kind == "zero":
        raw[:2] = 0.0
    if kind == "batch of 2":
        raw, other = raw[:2], other[:2]
    return raw, other


def value_and_gradients(spec, raw, other, dtype=tf.float32):
    """The mean loss of raw vectors, and its gradients by them."""
    loss = Loss(LOSSES.lookup(spec))
    raw, other = tf.cast(raw, dtype), tf.cast(other, dtype)
    with tf.GradientTape() as tape:
        tape.watch([raw, other])
        values, _ = loss(normalise(raw), normalise(other), tf.range(len(raw)))
        value = tf.reduce_mean(values)
    return value, tape.gradient(value, [raw, other])


@every_loss
@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize(
    "kind",
    ["random", "identical", "matched", "opposite", "zero", "batch of 2"],
)
def test_finite(spec, kind, dtype, rng):
    """Losses and gradients are finite, in the corners too."""
    value, gradients = value_and_gradients(spec, *pairs(rng, kind), dtype)
    assert np.isfinite(value)
    for gradient in gradients:
        assert np.all(np.isfinite(tf.cast(gradient, tf.float32)))


@every_loss
def test_one_value_an_anchor(spec, unit_vectors):
    """Returns `[batch]` float32, more candidates than anchors or not."""
    loss = Loss(LOSSES.lookup(spec))
    values, _ = loss(unit_vectors(4, 6), unit_vectors(11, 6), [10, 2, 7, 0])
    assert values.shape == (4,)
    assert values.dtype == tf.float32


@every_loss
def test_gradient_reaches_both(spec, rng):
    """Anchors and candidates are both taught."""
    _, gradients = value_and_gradients(spec, *pairs(rng, "random"))
    for gradient in gradients:
        assert np.max(np.abs(gradient)) > 0


# Where Z is estimated from the batch, it is held constant on purpose.
ESTIMATED = ("nce(z=mean)", "nce(z=first)")


@pytest.mark.parametrize("spec", [s for s in SPECS if s not in ESTIMATED])
def test_gradient_is_the_slope(spec, rng):
    """The gradient is that of finite differences, along a random line."""
    if "mining=hard" in spec or "semihard" in spec:
        step = 1e-4
    else:
        step = 1e-3
    raw, other = pairs(rng, "random")
    line = rng.normal(size=raw.shape).astype(np.float32)
    _, (gradient, _) = value_and_gradients(spec, raw, other)
    high, _ = value_and_gradients(spec, raw + step * line, other)
    low, _ = value_and_gradients(spec, raw - step * line, other)
    slope = (float(high) - float(low)) / (2 * step)
    np.testing.assert_allclose(
        np.sum(gradient * line), slope, rtol=2e-2, atol=2e-3
    )


@every_loss
def test_order_does_not_matter(spec, unit_vectors, rng):
    """A loss moves with its anchor, and ignores the order of negatives."""
    loss = Loss(LOSSES.lookup(spec))
    anchor, candidates = unit_vectors(5, 6), unit_vectors(9, 6)
    positive = np.array([3, 0, 8, 1, 6])
    values, _ = loss(anchor, candidates, positive)
    anchors, rows = rng.permutation(5), rng.permutation(9)
    place = np.argsort(rows)
    moved, _ = loss(
        anchor[anchors], candidates[rows], place[positive[anchors]]
    )
    np.testing.assert_allclose(
        moved, values.numpy()[anchors], rtol=1e-5, atol=1e-6
    )


@every_loss
def test_rotation_does_not_matter(spec, unit_vectors, rng):
    """Only angles count."""
    loss = Loss(LOSSES.lookup(spec))
    anchor, candidates = unit_vectors(5, 6), unit_vectors(9, 6)
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0].astype(np.float32)
    positive = [3, 0, 8, 1, 6]
    values, _ = loss(anchor, candidates, positive)
    turned, _ = loss(anchor @ rotation, candidates @ rotation, positive)
    np.testing.assert_allclose(turned, values, rtol=1e-4, atol=1e-4)


@every_loss
@pytest.mark.parametrize("jit", [False, True])
def test_same_when_compiled(spec, jit, unit_vectors):
    """Eager, `tf.function` and XLA agree."""
    loss = Loss(LOSSES.lookup(spec))
    anchor, candidates = unit_vectors(5, 6), unit_vectors(9, 6)
    positive = tf.constant([3, 0, 8, 1, 6])
    values, _ = loss(anchor, candidates, positive)
    compiled, _ = tf.function(loss, jit_compile=jit)(
        tf.constant(anchor), tf.constant(candidates), positive
    )
    np.testing.assert_allclose(compiled, values, rtol=1e-4, atol=1e-5)


@every_loss
def test_matched_costs_less(spec, unit_vectors):
    """Well spread pairs that agree cost less than the same pairs shuffled."""
    loss = Loss(LOSSES.lookup(spec))
    vectors = unit_vectors(16, 32)
    matched, _ = loss(vectors, vectors, np.arange(16))
    shuffled, _ = loss(vectors, vectors, np.roll(np.arange(16), 1))
    assert np.mean(matched) < np.mean(shuffled)


@every_loss
def test_shapes_are_checked(spec, unit_vectors):
    """Shapes that do not fit are refused, never broadcast."""
    loss = Loss(LOSSES.lookup(spec))
    with pytest.raises(ValueError, match="Received"):
        loss(unit_vectors(5, 6), unit_vectors(9, 7), tf.range(5))
    with pytest.raises(ValueError, match="Received"):
        loss(unit_vectors(5, 6), unit_vectors(9, 6), tf.range(4))


@every_loss
def test_card(spec):
    """The docstring says formula, range, start and collapse."""
    text = LOSSES.lookup(spec).member.function.__doc__
    for heading in (
        "Formula:",
        "Range:",
        "At initialisation:",
        "At collapse:",
        "Args:",
        "Returns:",
        "Reference:",
    ):
        assert heading in text
