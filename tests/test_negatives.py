"""Sources of negatives: what each must hold, bank and queue by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tfcmc.losses import LOSSES
from tfcmc.losses.term import make_term
from tfcmc.losses.vectors import similarity, split
from tfcmc.negatives import NEGATIVES
from tfcmc.negatives.memory import Memory

SPECS = [
    *NEGATIVES.names(),
    "bank(draws=3)",
    "bank(momentum=0.9, draws=999)",
    "bank(draws=all)",
]
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
    candidates, positive, group, drawn = (
        tf.function(find) if compiled else find
    )(embeddings, memory, tf.constant(index), tf.constant([3, 4]))
    assert group is None or group.shape == candidates.shape[:1]
    assert positive.shape == (6,) and drawn is None
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


def drawn_by(bank, memory, index, step, compiled=False):
    """What a bank finds for each anchor at a step."""
    find = tf.function(bank.candidates) if compiled else bank.candidates
    seed = tf.constant([1, step])
    return find(None, memory, tf.constant(index), seed)


@pytest.mark.parametrize("compiled", [False, True])
def test_draws_of_each_anchor(compiled, unit_vectors):
    """Its own row first, and others drawn evenly from all, as often as not."""
    spec = "bank(draws=30, each_anchor=True)"
    bank = NEGATIVES.lookup(spec).function()
    memory, index = tf.Variable(unit_vectors(EXAMPLES, 4)), [39, 0, 7, 8, 20]
    counts = np.zeros((5, EXAMPLES))
    for step in range(60):
        found = drawn_by(bank, memory, index, step, compiled and not step)
        assert found.drawn.shape == (5, 31)
        np.testing.assert_array_equal(found.vectors, memory)
        np.testing.assert_array_equal(found.positive, np.zeros(5))
        np.testing.assert_array_equal(found.drawn[:, 0], index)
        for count, row in zip(counts, found.drawn[:, 1:].numpy(), strict=True):
            count += np.bincount(row, minlength=EXAMPLES)
    mean = 60 * 30 / EXAMPLES
    assert np.all(np.abs(counts - mean) < 5 * np.sqrt(mean))
    # Each its own; and no more than there are.
    assert len({tuple(row) for row in found.drawn[:, 1:].numpy()}) == 5
    many = NEGATIVES.lookup("bank(each_anchor=True)").function()
    assert drawn_by(many, memory, index, 0).drawn.shape == (5, EXAMPLES + 1)


@pytest.mark.parametrize("spec", ["softmax(temperature=0.2)", "nce(z=1.5)"])
def test_loss_of_each_anchors_draws(spec, unit_vectors):
    """A double loop in float64, for an anchor's own candidates."""
    bank = NEGATIVES.lookup("bank(draws=9, each_anchor=True)").function()
    memory, anchors = unit_vectors(EXAMPLES, 8), unit_vectors(4, 8)
    numbers = tf.constant([7, 3, 0, 5], tf.int64)
    found = drawn_by(bank, tf.Variable(memory), numbers, 2)
    term = make_term(tf.constant(anchors), found, numbers=numbers)
    got = LOSSES.lookup(spec).function(term)
    for i, rows in enumerate(found.drawn.numpy()):
        assert rows[0] == numbers[i]
        s = [np.dot(anchors[i].astype(float), memory[row]) for row in rows]
        if spec.startswith("softmax"):
            want = np.log(sum(np.exp(x / 0.2) for x in s)) - s[0] / 0.2
        else:
            # P(j) n / m against 1, n P(j) = exp(s / T) / 1.5.
            p = [np.exp(x / 0.07) / 1.5 for x in s]
            want = -np.log(p[0] / (p[0] + 9))
            want -= sum(np.log(9 / (x + 9)) for x in p[1:])
        assert float(got[i]) == pytest.approx(want, rel=1e-5)


def test_views_share_the_draws_of_each_anchor():
    """One draw a step for all views; else each view has its own."""
    numbers = tf.constant([3, 1, 2], tf.int64)
    for spec, same in (
        ("bank(draws=9, each_anchor=True)", True),
        ("bank(draws=9)", False),
    ):
        memory = Memory(
            NEGATIVES.lookup(spec).function(),
            dims=[4, 4],
            branch=[0, 1],
            keys={0, 1},
            examples=EXAMPLES,
            seed=3,
        )
        step = tf.constant(5)
        one, other = (
            memory.candidates(None, view, 1, numbers, step) for view in (0, 1)
        )
        parts = zip(one, other, strict=True)
        alike = [a is b or np.array_equal(a, b) for a, b in parts]
        assert all(alike) == same
        later = memory.candidates(None, 0, 1, numbers, step + 1)
        assert not same or not np.array_equal(one.drawn, later.drawn)


@pytest.mark.parametrize("seed", [2**31 - 1, 2**28])
def test_any_seed_draws(seed):
    """As many views as a preset has: each view's draws are its own."""
    memory = Memory(
        NEGATIVES.lookup("bank(draws=9)").function(),
        dims=[4] * 8,
        branch=[0] * 8,
        keys={*range(8)},
        examples=EXAMPLES,
        seed=seed,
    )
    numbers = tf.constant([3, 1, 2], tf.int64)
    found = [
        memory.candidates(tf.zeros([3, 4]), view, 0, numbers, tf.constant(5))
        for view in range(8)
    ]
    assert len({each.vectors.numpy().tobytes() for each in found}) == 8


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
