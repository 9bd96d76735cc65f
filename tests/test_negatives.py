"""Sources of negatives: what each must hold, and the bank by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tfcmc.negatives import NEGATIVES

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
    candidates, positive = (tf.function(find) if compiled else find)(
        embeddings, memory, tf.constant(index), tf.constant([3, 4])
    )
    assert positive.shape == (6,)
    same = np.all(candidates.numpy()[None] == embeddings.numpy()[:, None], 2)
    np.testing.assert_array_equal(np.nonzero(same), [range(6), positive])


def test_bank_draws_evenly_from_the_rest():
    """Every picture outside the batch is drawn, none inside it."""
    bank = NEGATIVES.lookup("bank(draws=20)").function()
    memory = tf.Variable(np.eye(EXAMPLES, dtype=np.float32))
    index = tf.constant([39, 0, 7, 8, 20])
    counts = np.zeros(EXAMPLES)
    for step in range(200):
        rows, _ = bank.candidates(
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
    bank.remember(tf.constant(new), memory, tf.constant(rows))
    want = start.astype(np.float64)
    want[rows] = 0.3 * want[rows] + 0.7 * new
    want[rows] /= np.linalg.norm(want[rows], axis=1, keepdims=True)
    np.testing.assert_allclose(memory, want, atol=1e-6)
