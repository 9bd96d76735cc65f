"""Losses in blocks of anchors: the same numbers, in bounded memory."""

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import make, of_places, term, with_own_view
from tfcmc.foundation.memory import megabytes_of
from tfcmc.losses import LOSSES, blocks
from tfcmc.losses.vectors import similarity

SPECS = [*LOSSES.names(), "nce(z=mean)", "triplet(mining=hard)"]
BY_XLA = ("softmax", "nce(z=mean)", "triplet(mining=hard)")
BATCH, DIM = 23, 6


@pytest.fixture
def vectors(unit_vectors):
    """Anchors, and candidates of which the last belong to them."""
    made = unit_vectors(BATCH, DIM), unit_vectors(BATCH + 8, DIM)
    return [tf.constant(each) for each in made]


def gradients(spec, method, vectors, *, compiled=None):
    """The mean, its gradients, and the state."""
    loss = make(spec)
    positive = tf.range(BATCH) + len(vectors[1]) - BATCH

    def run(anchor, candidates):
        with tf.GradientTape() as tape:
            tape.watch([anchor, candidates])
            found = with_own_view(loss, anchor, candidates, positive)
            mean = loss.mean if method == "mean" else loss
            scaled = 1.7 * tf.reduce_mean(mean(found))
        both = tape.gradient(
            scaled, [anchor, candidates], unconnected_gradients="zero"
        )
        return scaled, *map(tf.convert_to_tensor, both)  # not sparse

    if compiled is not None:
        run = tf.function(run, jit_compile=compiled)
    found = run(*vectors)
    return *found, *loss.variables


@pytest.mark.parametrize("spec", SPECS)
def test_the_same_in_blocks(spec, vectors, monkeypatch):
    """Mean, gradients and state as without blocks; the last one is short."""
    whole = gradients(spec, "call", vectors)
    monkeypatch.setattr(blocks, "HELD", 5 * 31)
    calls, real = [], blocks.mean_in_blocks
    monkeypatch.setattr(
        blocks,
        "mean_in_blocks",
        lambda *args: calls.append(1) or real(*args, held=5 * 31),
    )
    # By XLA too, some of them: Keras compiles so wherever there is a GPU.
    for compiled in (None, False, True)[: 3 if spec in BY_XLA else 2]:
        parts = gradients(spec, "mean", vectors, compiled=compiled)
        for one, other in zip(whole, parts, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
    loss = make(spec)
    assert bool(calls) == (loss.has_negatives and not loss.whole_batch)


def test_several_positives_in_blocks(rng, monkeypatch):
    """An anchor keeps all its positives, whatever the block."""
    anchors = tf.constant(rng.normal(size=(7, DIM)).astype(np.float32))
    places = tf.constant(rng.normal(size=(7, 3, DIM)).astype(np.float32))
    found = []
    for held in (blocks.HELD, 2 * 21):
        monkeypatch.setattr(blocks, "HELD", held)
        monkeypatch.setattr(
            blocks.mean_in_blocks, "__kwdefaults__", {"held": held}
        )
        with tf.GradientTape() as tape:
            tape.watch([anchors, places])
            value = make("jsd").mean(of_places(anchors, places))
        found.append([value, *tape.gradient(value, [anchors, places])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("held", [1, 100, 10**6])
def test_rows_in_blocks(vectors, held):
    """A number an anchor, whatever the size of the blocks."""

    def row(part):
        both = similarity(part.anchors, part.candidates)
        return tf.reduce_max(both, axis=1)

    whole = term(*vectors, tf.range(BATCH))
    found = blocks.rows_in_blocks(row, whole, held=held)
    want = np.max(vectors[0].numpy() @ vectors[1].numpy().T, axis=1)
    np.testing.assert_allclose(found, want, rtol=1e-5)


@pytest.mark.parametrize(
    ("count", "spec"),
    [
        (8192, "softmax"),
        *(
            pytest.param(32_768, spec, marks=pytest.mark.slow)
            for spec in ("softmax", "nce", "triplet", "spring")
        ),
    ],
)
def test_memory(count, spec, unit_vectors):
    """Less above the inputs than one matrix of all similarities."""
    loss = make(spec)

    @tf.function
    def step(anchor, candidates):
        with tf.GradientTape() as tape:
            tape.watch([anchor, candidates])
            positive = tf.range(anchor.shape[0])
            mean = loss.mean(term(anchor, candidates, positive))
        return mean, *tape.gradient(mean, [anchor, candidates])

    few, whole = (
        [tf.constant(unit_vectors(rows, 128)) for _ in range(2)]
        for rows in (256, count)
    )
    step(*few)
    megabytes, _ = megabytes_of(lambda: step(*whole))
    assert megabytes < min(600 * 2**20, count**2 * 4) / 1e6
