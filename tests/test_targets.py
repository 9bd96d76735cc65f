"""A slowly moving twin: how it follows, and what is compared with it."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.terms import unit
from tests.tiny import BATCH, CHANNELS, EXAMPLES, NORMED, make
from tfcmc.foundation.errors import UsageError
from tfcmc.targets import TARGETS
from tfcmc.targets.twin import Twin

MOCO = {
    "target": "momentum(start=0.9, end=0.9)",
    "negatives": "queue(size=9)",
    "encoder": NORMED,
}


def weights_of(models):
    """The parameters of models, one vector."""
    found = [v.numpy() for model in models for v in model.trainable_variables]
    return np.concatenate([np.ravel(each) for each in found])


def test_averages_by_hand():
    """theta_k = m^k theta_0 + (1 - m) sum of m^(k-1-i) theta_q(i+1)."""
    target = TARGETS.lookup("momentum(start=0.99, end=0.99)").function()
    layers = [keras.layers.Dense(1, use_bias=False) for _ in range(2)]
    for layer, start in zip(layers, (1.0, 7.0), strict=True):
        layer.build((1, 1))
        layer.kernel.assign([[start]])
    twin = Twin([layers[0]], lambda step: target.weight(step, 4))
    for step, learnt in enumerate((2.0, 3.0, 5.0, 4.0)):
        layers[1].kernel.assign([[learnt]])
        twin.update([layers[1]], step)
    assert float(layers[0].kernel[0, 0]) == pytest.approx(1.09890499, rel=1e-6)


@pytest.mark.parametrize(
    ("share", "tau"), [(0, 0.996), (0.25, 0.99658579), (0.5, 0.998), (1, 1.0)]
)
def test_course_of_the_weight(share, tau):
    """From the start to the end by half a cosine, over all steps."""
    target = TARGETS.lookup("momentum(start=0.996)").function()
    got = float(target.weight(share * 400, 400))
    assert got == pytest.approx(tau, abs=1e-7)


@pytest.mark.parametrize("views", ["lab", CHANNELS])
def test_twin_follows_what_was_learnt(views):
    """Once a step, after the optimizer; it starts as a copy."""
    tiny = make(**MOCO, views=views, schedule="constant")
    twin, branches = tiny.model.twin.branches, tiny.model.branches
    want = weights_of(twin)
    np.testing.assert_array_equal(want, weights_of(branches))
    for step in range(3):
        tiny.learn(step, 1)
        want = 0.9 * want + 0.1 * weights_of(branches)
        np.testing.assert_allclose(weights_of(twin), want, atol=1e-6)
    assert np.abs(want - weights_of(branches)).max() > 1e-4
    for kept, learnt in zip(twin, branches, strict=True):
        normed = [
            next(
                each for each in model._flatten_layers() if "norm" in each.name
            )
            for model in (kept, learnt)
        ]
        means = [each.moving_mean.numpy() for each in normed]
        assert np.abs(means[0] - means[1]).max() > 1e-6, "its own statistics"


def test_a_fresh_twin_starts_elsewhere():
    """At weights that are another seed's, the same every time."""
    fresh = MOCO | {"target": "momentum(init=fresh)"}
    first, again = make(**fresh).model, make(**fresh).model
    np.testing.assert_array_equal(
        weights_of(first.twin.branches), weights_of(again.twin.branches)
    )
    apart = weights_of(first.twin.branches) - weights_of(first.branches)
    assert np.mean(np.abs(apart) > 1e-4) > 0.5


def test_anchors_agree_with_the_twin():
    """And with the queue: in float64; both directions read the same one."""
    tiny = make(
        **MOCO | {"target": "momentum(init=fresh)"},
        views=CHANNELS,
        pairs="cross",
    )
    model = tiny.model
    views, _ = tiny.shown()
    online, keys = (
        [
            unit(part)
            for part in (
                parts[0](views[0], training=True),
                *tf.split(parts[1](tf.concat(views[1:], 0), training=True), 2),
            )
        ]
        for parts in (model.branches, model.twin.branches)
    )
    queues = [each.numpy().astype(float) for each in model.memory.variables]
    assert [len(each) for each in queues] == [9, 9]
    want = 0.0
    for i, j in itertools.permutations(range(3), 2):
        logits = np.concatenate(
            [
                np.sum(online[i] * keys[j], axis=1)[:, None],
                online[i] @ queues[min(j, 1)].T,
            ],
            axis=1,
        )
        logits /= 0.07
        want += np.mean(np.log(np.exp(logits).sum(1)) - logits[:, 0])
    assert tiny.loss() == pytest.approx(want, rel=1e-4)
    told = tiny.loss()
    assert tiny.learn(0, 1) == pytest.approx(told, rel=1e-5)
    # The second branch's keys, of both its views, stand in their queue.
    rows = model.memory.variables[1].numpy()
    np.testing.assert_allclose(
        rows[: 2 * BATCH], np.concatenate(keys[1:]), atol=1e-5
    )
    np.testing.assert_array_equal(rows[2 * BATCH :], queues[1][2 * BATCH :])


def test_no_gradient_reaches_twin_or_queue():
    """Only what is learnt has one."""
    tiny = make(**MOCO)
    with tf.GradientTape(persistent=True) as tape:
        loss, _, _ = tiny.model.differentiate(tiny.stream.batch(0))
    fixed = [
        *(v for each in tiny.model.twin.branches for v in each.variables),
        *tiny.model.memory.variables,
    ]
    assert all(each is None for each in tape.gradient(loss, fixed))
    assert not {id(v) for v in fixed} & {id(v) for v in tiny.model.learnt}


def test_first_view_alone_is_an_anchor(plain_views):
    """It alone goes through the branch, and the others through the twin."""
    tiny = make(**MOCO, views="rgb(augment=moco_v2)", pairs="first")
    (branch,), (twin,) = tiny.model.branches, tiny.model.twin.branches
    (query, key), _ = tiny.shown()
    want = []
    for model, view in ((branch, query), (twin, key)):
        convolution = model.layers[1]
        hidden = convolution(view).numpy().astype(np.float64)
        want.append(0.01 * hidden.mean((0, 1, 2)))
    tiny.loss()
    for model, mean in zip((branch, twin), want, strict=True):
        norm = model.layers[2]
        np.testing.assert_allclose(
            norm.moving_mean, mean, rtol=1e-3, atol=1e-7
        )


@pytest.mark.parametrize(
    ("loss", "negatives"),
    [("softmax", "batch"), ("cosine(form=negative)", "none")],
)
def test_first_view_alone_and_nothing_remembered(loss, negatives, plain_views):
    """Of what the twin makes none is kept; the loss is that of the key."""
    more = {"negatives": negatives, "loss": loss, "head": "none"}
    more["views"] = "rgb(augment=none)"
    if loss != "softmax":
        more["predictor"] = "mlp(hidden=8, dim=7, norm=none)"
    tiny = make(**MOCO | more, pairs="first")
    (branch,), (twin,) = tiny.model.branches, tiny.model.twin.branches
    (query, key), _ = tiny.shown()
    anchors = branch(query, training=True)
    for predictor in tiny.model.predictors:
        anchors = predictor(anchors, training=True)
    cosines = unit(anchors) @ unit(twin(key, training=True)).T
    want = -np.mean(np.diagonal(cosines))
    if loss == "softmax":
        logits = cosines / 0.07
        want = np.mean(np.log(np.exp(logits).sum(1)) - np.diagonal(logits))
    assert tiny.loss() == pytest.approx(want, rel=1e-4)
    tiny.learn(0, 1)


def test_what_nothing_trains_is_refused():
    """A branch that no anchor goes through would never learn."""
    with pytest.raises(UsageError, match="`pairs` must be"):
        make(**MOCO, views="lab", pairs="first")
    for pairs in ("first", "assigned(codes=1)"):
        with pytest.raises(UsageError, match="and --negatives=bank, or not"):
            make(views="lab", pairs=pairs, negatives="bank(draws=3)")


@pytest.mark.parametrize("negatives", [MOCO["negatives"], "local"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_the_twins_order_changes_no_pairing(shuffled, negatives):
    """Without batch statistics, shuffling pictures changes no number."""
    own = {"encoder": "paper(width=0.3)", "negatives": negatives}
    tiny = make(**MOCO | own)
    want = tiny.loss()
    tiny.model.shuffled = shuffled  # no layer here asks for it
    assert tiny.loss() == pytest.approx(want, rel=1e-6)
    _, _, (keys, numbers, _) = tiny.model.differentiate(tiny.stream.batch(0))
    views, there = tiny.shown()
    np.testing.assert_array_equal(numbers, there)
    for view, key in keys.items():
        alone = unit(tiny.model.twin.branches[view](views[view]))
        np.testing.assert_allclose(key, alone, atol=1e-5)
    assert len(keys) == 2 and BATCH < EXAMPLES


@pytest.mark.parametrize("negatives", [MOCO["negatives"], "local"])
def test_shuffled_batches_tell_nothing(negatives, plain_views):
    """With statistics of groups the twin's groups are of other pictures.

    Each key is what the twin makes of a group that its picture was drawn into.
    """
    settings = {
        "encoder": "dim(width=0.1)",
        "batch_size": 6,
        "head": "none",
        "negatives": negatives,
    }
    settings["batch_norm"] = "split(groups=3, each_view=True)"
    tiny = make(**MOCO | settings, views="rgb(augment=weak32)")
    (twin,) = tiny.model.twin.branches
    views, _ = tiny.shown()
    keys, _, _ = tiny.model.differentiate(tiny.stream.batch(0))[2]
    beside = unit(twin(views[1], training=True))
    assert np.abs(keys[1] - beside).max() > 1e-3
    groups = [
        (unit(twin(tf.gather(views[1], [i, j] * 3), training=True)), i, j)
        for i in range(6)
        for j in range(6)
        if i != j
    ]
    partners = [
        [
            j
            for vectors, i, j in groups
            if np.allclose(vectors[0], key, 1e-3, 1e-4) and i == number
        ]
        for number, key in enumerate(keys[1].numpy())
    ]
    assert all(len(each) == 1 for each in partners)
    assert all(partners[j] == [i] for i, (j,) in enumerate(partners))


@pytest.mark.parametrize("each_view", [False, True])
def test_views_one_by_one_or_together(each_view, plain_views):
    """Their statistics are of all views, or of each alone."""
    tiny = make(
        encoder="dim(width=0.1)",
        batch_norm=f"synchronized(each_view={each_view})",
        views="rgb(augment=weak32)",
    )
    views, _ = tiny.shown()
    (branch,) = tiny.model.branches
    want = [unit(branch(view, training=True)) for view in views]
    if not each_view:
        both = unit(branch(tf.concat(views, 0), training=True))
        assert np.abs(both[:BATCH] - want[0]).max() > 1e-3
        want = np.split(both, 2)
    got = tiny.model.differentiate(tiny.stream.batch(0))[2][0]
    for view, vectors in enumerate(want):
        np.testing.assert_allclose(got[view], vectors, atol=1e-4)
