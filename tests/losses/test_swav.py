"""Swapped assignments against loops, and what Sinkhorn's turns must hold."""

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import term
from tfcmc.losses import LOSSES
from tfcmc.losses.layer import make_losses
from tfcmc.losses.swav import sinkhorn, swav

BATCH, DIM = 6, 5


def turned(scores, epsilon=0.05, iterations=3):
    """The published turns, an entry at a time, in float64."""
    q = [[math.exp(s / epsilon) for s in row] for row in np.float64(scores)]
    for _ in range(iterations):
        for k in range(len(q[0])):
            total = math.fsum(row[k] for row in q)
            for row in q:
                row[k] /= total * len(q[0])
        for row in q:
            total = math.fsum(row)
            for k in range(len(row)):
                row[k] /= total
    return np.array(q)


def loop(anchors, others, centres, temperature, queued=(), **options):
    """The loss of each anchor with the positive of the same number."""
    a, c = np.float64(anchors), np.float64(centres)
    joined = np.float64([*queued, *others])
    codes = turned(joined @ c.T, **options)[len(queued) :]
    found = []
    for anchor, code in zip(a, codes, strict=True):
        logits = [float(anchor @ centre) / temperature for centre in c]
        total = math.log(math.fsum(map(math.exp, logits)))
        found.append(
            -math.fsum(
                share * (logit - total)
                for share, logit in zip(code, logits, strict=True)
            )
        )
    return found


def made(spec, pairs=((0, 1), (1, 0)), dim=DIM, names=("v1", "v2", "v3")):
    """The losses of pairs of views."""
    return make_losses(LOSSES.lookup(spec), pairs, names, dim=dim, seed=3)


def one(spec):
    """Their one layer, and its prototypes."""
    loss = made(spec)[0]
    return loss, loss.prototypes.centres.numpy()


@pytest.mark.parametrize("iterations", [1, 3, 100])
def test_turns(rng, iterations):
    """An entry at a time, of any scores."""
    scores = rng.uniform(-1, 1, (9, 4)).astype(np.float32)
    for epsilon in (0.05, 0.3):
        got = sinkhorn(scores, epsilon=epsilon, iterations=iterations)
        want = turned(scores, epsilon, iterations)
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=1e-6)


def test_what_codes_do_not_depend_on(rng):
    """A constant more; the order of samples and of prototypes.

    And, in the limit, one sample's scores all higher.
    """
    scores = rng.uniform(-1, 1, (9, 4))
    q = sinkhorn(scores, epsilon=0.05, iterations=3).numpy()
    more = sinkhorn(scores + 0.7, epsilon=0.05, iterations=3)
    np.testing.assert_allclose(more, q, rtol=1e-9)
    rows, columns = rng.permutation(9), rng.permutation(4)
    moved = scores[rows][:, columns]
    moved = sinkhorn(moved, epsilon=0.05, iterations=3)
    np.testing.assert_allclose(moved, q[rows][:, columns], rtol=1e-9)
    scores = rng.uniform(-0.1, 0.1, (9, 4))
    higher = scores + rng.uniform(0, 0.2, (9, 1))
    ends = [
        sinkhorn(each, epsilon=0.05, iterations=1000)
        for each in (scores, higher)
    ]
    np.testing.assert_allclose(*ends, rtol=1e-9)
    few = sinkhorn(higher, epsilon=0.05, iterations=3)
    once = sinkhorn(scores, epsilon=0.05, iterations=3)
    assert np.max(np.abs(few - once)) > 1e-3


def test_ends_of_epsilon(rng):
    """Large: every share alike. Small: the best balanced assignment."""
    scores = rng.uniform(-1, 1, (6, 3)).astype(np.float32)
    large = sinkhorn(scores, epsilon=1e6, iterations=3)
    np.testing.assert_allclose(large, np.full((6, 3), 1 / 3), atol=1e-5)
    same = np.tile(scores[:, :1], (1, 3))
    alike = sinkhorn(same, epsilon=0.05, iterations=3)
    np.testing.assert_allclose(alike, np.full((6, 3), 1 / 3), rtol=1e-5)
    small = sinkhorn(scores, epsilon=0.002, iterations=1000).numpy()
    best = max(
        set(itertools.permutations([0, 0, 1, 1, 2, 2])),
        key=lambda owners: scores[range(6), owners].sum(),
    )
    np.testing.assert_allclose(small, np.eye(3)[list(best)], atol=0.01)
    # What exp of it would overflow at is no trouble.
    tiny = sinkhorn(scores, epsilon=1e-4, iterations=3).numpy()
    assert np.isfinite(tiny).all()


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        (
            "swav(prototypes=4)",
            {"temperature": 0.1, "epsilon": 0.05, "iterations": 3},
        ),
        (
            "swav(prototypes=9, temperature=0.4, epsilon=0.2, iterations=1)",
            {"temperature": 0.4, "epsilon": 0.2, "iterations": 1},
        ),
    ],
)
def test_formula(unit_vectors, spec, options):
    """A double loop in float64; candidates in any order, own anchors only."""
    anchors, others = unit_vectors(BATCH, DIM), unit_vectors(BATCH, DIM)
    loss, centres = one(spec)
    want = loop(anchors, others, centres, **options)
    got = loss(term(anchors, others, np.arange(BATCH)))
    np.testing.assert_allclose(got, want, rtol=1e-4)
    order = np.array([4, 2, 0, 5, 1, 3])
    some = term(anchors[2:4], others[order], np.argsort(order)[2:4])
    np.testing.assert_allclose(loss(some), want[2:4], rtol=1e-4)
    assert float(loss.mean(some)) == pytest.approx(np.mean(want[2:4]), 1e-4)


def test_at_collapse(unit_vectors):
    """ln K: codes are uniform at one point, and prototypes follow."""
    point = np.tile(unit_vectors(1, DIM), (BATCH, 1))
    centre = np.tile(unit_vectors(1, DIM), (40, 1))
    value = swav(term(point, point, np.arange(BATCH)), centres=centre)
    np.testing.assert_allclose(value, np.full(BATCH, math.log(40)), rtol=1e-5)
    loss, centres = one("swav(prototypes=40)")
    codes = sinkhorn(point @ centres.T, epsilon=0.05, iterations=3)
    np.testing.assert_allclose(codes, np.full((BATCH, 40), 1 / 40), rtol=1e-4)
    assert loss.at_collapse == math.log(40)


def test_no_gradient_goes_into_codes(unit_vectors):
    """None to the codes' view or to the queue; some to the prototypes."""
    loss = made("swav(prototypes=4, queue=6)")[0]
    anchors = tf.constant(unit_vectors(BATCH, DIM))
    others = tf.constant(unit_vectors(BATCH, DIM))
    queue = loss.prototypes.non_trainable_variables[0].value
    for step in (0, 1):
        with tf.GradientTape() as tape:
            tape.watch([anchors, others, queue])
            given = term(anchors, others, np.arange(BATCH))
            value = loss.mean(given, step=step, view=1)
        slopes = tape.gradient(
            value, [anchors, others, queue, loss.prototypes.centres.value]
        )
        assert slopes[1:3] == [None, None]
        assert np.max(np.abs(slopes[0])) > 0 < np.max(np.abs(slopes[3]))


def test_one_layer_for_all_pairs():
    """Shared; unit length at the start, which the seed tells."""
    losses = made("swav(prototypes=4)", ((0, 1), (1, 0), (2, 0), (2, 1)))
    assert len(losses) == 4 and len(set(losses)) == 1
    assert [each.name for each in losses[0].variables] == ["centres"]
    assert len(losses[0].trainable_variables) == 1
    centres = losses[0].prototypes.centres.numpy()
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(one("swav(prototypes=4)")[1], centres)
    other = make_losses(
        LOSSES.lookup("swav(prototypes=4)"), ((0, 1),), "ab", dim=DIM, seed=4
    )
    assert np.all(other[0].prototypes.centres.numpy() != centres)
    apart = made("softmax")
    assert [each.name for each in apart] == ["loss_v1_v2", "loss_v2_v1"]
    assert not apart[0].variables


def test_queue_of_each_view(unit_vectors):
    """Newest first, of the codes' views alone, and used once it is full.

    Of nine rows eight are used with batches of four; counted from step 3 on.
    """
    spec = "swav(prototypes=4, queue=9, queue_from=3)"
    loss = made(spec, ((0, 1), (2, 0), (2, 1)))[0]
    centres = loss.prototypes.centres.numpy()
    names = [each.name for each in loss.non_trainable_variables]
    assert names == ["queue_v2", "queue_v1"]
    options = {"temperature": 0.1, "epsilon": 0.05, "iterations": 3}
    past = {view: np.zeros((9, DIM), np.float32) for view in range(3)}
    used = []
    for step in range(7):
        views = [unit_vectors(4, DIM) for _ in range(3)]
        for view, other in ((0, 1), (2, 0)):
            given = term(views[view], views[other], np.arange(4))
            got = loss(given, step=step, view=other)
            queued = past[other][:8]
            alone, with_queue = (
                loop(
                    views[view], views[other], centres, queued=rows, **options
                )
                for rows in ((), queued)
            )
            used.append(np.allclose(got, with_queue, rtol=1e-4))
            assert used[-1] or np.allclose(got, alone, rtol=1e-4)
            assert not np.allclose(alone, with_queue, rtol=1e-3)
        loss.keep(dict(enumerate(views)))
        for view in past:
            past[view] = np.concatenate([views[view], past[view]])[:9]
        for name, view in (("queue_v2", 1), ("queue_v1", 0)):
            (queue,) = (v for v in loss.variables if v.name == name)
            np.testing.assert_array_equal(queue, past[view])
    assert used == [step >= 5 for step in range(7) for _ in range(2)]


@pytest.mark.parametrize("compiled", [False, True])
def test_frozen_at_first(unit_vectors, compiled):
    """No gradient to prototypes before step 2; the loss is the same.

    Whatever an optimizer does along a prototype is undone.
    """
    loss = made("swav(prototypes=4, freeze=2)")[0]
    given = term(unit_vectors(BATCH, DIM), unit_vectors(BATCH, DIM), range(6))

    @tf.function(jit_compile=compiled)
    def slope(step):
        with tf.GradientTape() as tape:
            value = loss.mean(given, step=step, view=1)
        return value, tape.gradient(value, loss.prototypes.centres.value)

    found = [slope(tf.constant(step)) for step in range(4)]
    assert len({float(value) for value, _ in found}) == 1
    still = [not np.any(gradient) for _, gradient in found]
    assert still == [True, True, False, False]
    centres = loss.prototypes.centres
    before = centres.numpy()
    centres.assign(centres * 0.7)  # as decay of weights shortens them
    loss.keep({})
    np.testing.assert_allclose(centres, before, atol=1e-7)
