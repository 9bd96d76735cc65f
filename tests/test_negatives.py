"""Sources of negatives: what each must hold, bank and queue by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tfcmc.losses import LOSSES
from tfcmc.losses.vectors import similarity, split
from tfcmc.negatives import NEGATIVES
from tfcmc.negatives.memory import make_term

SPECS = [*NEGATIVES.names(), "bank(draws=3)", "bank(momentum=0.9, draws=999)"]
EXAMPLES = 40


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("compiled", [False, True])
def test_positives_are_where_they_are_said_to_be(
    spec, compiled, unit_vectors, rng
):
    """The positive row is the picture's own vector; no other row is."""
    find = NEGATIVES.lookup(spec).function().candidates
    memory = tf.Variable(unit_vectors(EXAMPLES, 8))
    index = rng.permutation(EXAMPLES)[:6]
    embeddings = tf.gather(memory, index)
    candidates, positive, group = (tf.function(find) if compiled else find)(
        embeddings, memory, tf.constant(index), tf.constant([3, 4])
    )
    assert group is None or group.shape == candidates.shape[:1]
    assert positive.shape == (6,)
    # Of a queue the rest are keys of any pictures, these among them.
    counted = 6 if spec == "queue" else None
    candidates = candidates.numpy()[:counted]
    same = np.all(candidates[None] == embeddings.numpy()[:, None], 2)
    np.testing.assert_array_equal(np.nonzero(same), [range(6), positive])


def test_bank_draws_evenly_from_the_rest():
    """Every picture outside the batch is drawn, none inside it."""
    bank = NEGATIVES.lookup("bank(draws=20)").function()
    memory = tf.Variable(np.eye(EXAMPLES, dtype=np.float32))
    index = tf.constant([39, 0, 7, 8, 20])
    counts = np.zeros(EXAMPLES)
    for step in range(200):
        rows, *_ = bank.candidates(
            tf.gather(memory, index), memory, index, tf.constant([1, step])
        )
        counts += rows.numpy()[5:].sum(axis=0)
    assert np.all(counts[index.numpy()] == 0)
    others = np.delete(counts, index.numpy())
    mean = 200 * 20 / 35
    assert np.all(np.abs(others - mean) < 5 * np.sqrt(mean))


def test_bank_update(unit_vectors):
    """v <- normalise(m v + (1 - m) embedding), the batch's rows alone."""
    bank = NEGATIVES.lookup("bank(momentum=0.3)").function()
    start, new, rows = (
        unit_vectors(EXAMPLES, 8),
        unit_vectors(3, 8),
        [4, 30, 2],
    )
    memory = tf.Variable(start)
    bank.remember([tf.constant(new)], memory, tf.constant(rows), 7)
    want = start.astype(np.float64)
    want[rows] = 0.3 * want[rows] + 0.7 * new
    want[rows] /= np.linalg.norm(want[rows], axis=1, keepdims=True)
    np.testing.assert_allclose(memory, want, atol=1e-6)


@pytest.mark.parametrize(
    ("size", "views"), [(12, 1), (10, 1), (13, 2), (3, 1)]
)
def test_queue_holds_the_latest_keys(size, views, unit_vectors):
    """After s steps the last keys, the oldest replaced; none were lost."""
    queue = NEGATIVES.lookup(f"queue(size={size})").function()
    assert queue.memory_rows(EXAMPLES) == size
    assert queue.memory_rows(size - 1) == size - 1
    memory = tf.Variable(unit_vectors(size, 8))
    want = list(memory.numpy())
    for step in range(7):
        keys = [unit_vectors(4, 8) for _ in range(views)]
        queue.remember([*map(tf.constant, keys)], memory, None, step)
        for place, key in enumerate(np.concatenate(keys)):
            want[(step * 4 * views + place) % size] = key
        np.testing.assert_array_equal(memory, want)


def test_queues_candidates(unit_vectors):
    """A step's keys are positives alone; what is in the queue, negatives."""
    queue = NEGATIVES.lookup("queue(size=9)").function()
    keys, anchors, kept = (unit_vectors(n, 8) for n in (4, 4, 9))
    numbers = tf.constant([7, 3, 0, 5], tf.int64)
    found = queue.candidates(keys, tf.Variable(kept), numbers, None)
    term = make_term(tf.constant(anchors), found, numbers=numbers)
    got = LOSSES.lookup("softmax(temperature=0.2)").function(term)
    for i in range(4):
        positive = np.dot(anchors[i].astype(float), keys[i]) / 0.2
        logits = [np.dot(anchors[i].astype(float), k) / 0.2 for k in kept]
        total = np.exp(positive) + np.sum(np.exp(logits))
        assert float(got[i]) == pytest.approx(
            np.log(total) - positive, rel=1e-5
        )


def test_queues_value_of_orthogonal_negatives():
    """ln(1 + K exp(-1/T)), with positives of similarity 1."""
    axes = np.eye(12, dtype=np.float32)
    found = (
        NEGATIVES.lookup("queue")
        .function()
        .candidates(axes[:3], tf.Variable(axes[3:]), None, None)
    )
    numbers = tf.range(3, dtype=tf.int64)
    term = make_term(tf.constant(axes[:3]), found, numbers=numbers)
    got = LOSSES.lookup("softmax(temperature=0.3)").function(term)
    np.testing.assert_allclose(got, np.log(1 + 9 * np.exp(-1 / 0.3)), 1e-6)


def test_without_negatives(unit_vectors):
    """Whatever the other pictures' vectors are, none is a negative."""
    found = (
        NEGATIVES.lookup("none")
        .function()
        .candidates(tf.constant(unit_vectors(5, 8)), None, None, None)
    )
    anchors = tf.constant(unit_vectors(5, 8))
    term = make_term(anchors, found, numbers=tf.range(5, dtype=tf.int64))
    _, negatives = split(similarity(anchors, found.vectors), term)
    assert not np.any(negatives)
