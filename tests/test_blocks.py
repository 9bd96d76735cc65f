"""Losses in blocks of anchors: the same numbers, in bounded memory."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfcmc.losses import LOSSES, Loss, blocks

SPECS = [*LOSSES.names(), "nce(z=mean)", "triplet(mining=hard)"]
BATCH, DIM = 23, 6


@pytest.fixture
def vectors(unit_vectors):
    """Anchors, and candidates of which some belong to them."""
    return tf.constant(unit_vectors(BATCH, DIM)), tf.constant(
        unit_vectors(BATCH + 8, DIM)
    )


def gradients(loss, method, vectors, *, compiled=False):
    """The mean, its gradients, and the state."""
    anchor, candidates = vectors
    positive = tf.range(BATCH) + len(candidates) - BATCH
    state = tf.constant([0.2, 1.0]) if loss.state_size else None

    def run(anchor, candidates):
        own, given = None, candidates
        with tf.GradientTape() as tape:
            tape.watch([anchor, candidates])
            if loss.same_view:
                own = tf.shape(candidates)[0] + tf.range(BATCH)
                given = tf.concat([candidates, anchor], axis=0)
            if method == "mean":
                mean, after = loss.mean(anchor, given, positive, state, own)
            else:
                values, after = loss(anchor, given, positive, state, own)
                mean = tf.reduce_mean(values)
            scaled = 1.7 * mean
        found = tape.gradient(
            scaled,
            [anchor, candidates],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        found = map(tf.convert_to_tensor, found)  # not sparse
        return mean, *found, () if after is None else after

    return (tf.function(run) if compiled else run)(anchor, candidates)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("spec", SPECS)
def test_the_same_in_blocks(spec, compiled, vectors, monkeypatch):
    """Mean, gradients and state as without blocks; the last one is short."""
    loss = Loss(LOSSES.lookup(spec))
    if LOSSES.lookup(spec).member.extra.get("whole_batch"):
        vectors = (vectors[0], vectors[1][:BATCH])  # the batch, in order
    whole = gradients(loss, "call", vectors)
    monkeypatch.setattr(blocks, "HELD", 5 * 31)
    calls = []
    real = blocks.mean_in_blocks
    monkeypatch.setattr(
        blocks,
        "mean_in_blocks",
        lambda *args: calls.append(1) or real(*args, held=5 * 31),
    )
    parts = gradients(loss, "mean", vectors, compiled=compiled)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
    whole_batch = LOSSES.lookup(spec).member.extra.get("whole_batch", False)
    assert bool(calls) != whole_batch


def test_rows_in_blocks(vectors):
    """A number an anchor, whatever the size of the blocks."""

    def row(anchor, candidates):
        return tf.reduce_max(
            tf.matmul(anchor, candidates, transpose_b=True), axis=1
        )

    expected = [
        max(float(np.dot(a, c)) for c in vectors[1].numpy())
        for a in vectors[0].numpy()
    ]
    for held in (1, 100, 10**6):
        found = blocks.rows_in_blocks(row, *vectors, held=held)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


PEAK = """
import resource, sys
import tensorflow as tf
from tfcmc.geometry import normalise
from tfcmc.losses import LOSSES, Loss

count, loss = int(sys.argv[1]), Loss(LOSSES.lookup(sys.argv[2]))

@tf.function
def step(anchor, candidates):
    with tf.GradientTape() as tape:
        tape.watch([anchor, candidates])
        mean, _ = loss.mean(anchor, candidates, tf.range(anchor.shape[0]))
    return mean, *tape.gradient(mean, [anchor, candidates])

def make(count):
    return [
        normalise(tf.random.stateless_normal([count, 128], [seed, 0]))
        for seed in (1, 2)
    ]

step(*make(256))
vectors = make(count)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
step(*vectors)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) / 1024)
"""


@pytest.mark.parametrize(
    ("count", "spec"),
    [
        (12_288, "softmax"),
        pytest.param(32_768, "softmax", marks=pytest.mark.slow),
        pytest.param(32_768, "nce", marks=pytest.mark.slow),
        pytest.param(32_768, "triplet", marks=pytest.mark.slow),
        pytest.param(32_768, "spring", marks=pytest.mark.slow),
    ],
)
def test_memory(count, spec):
    """Less above the inputs than one matrix of all similarities."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(count), spec],
        capture_output=True,
        text=True,
        check=True,
    )
    limit = min(600, count**2 * 4 / 2**20)
    assert float(done.stdout) < limit
