"""The training step: its loss, its updates, and that a run can go on."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import term, unit
from tests.tiny import (
    BATCH,
    CHANNELS,
    DRAWING,
    EXAMPLES,
    LISTENED,
    NORMED,
    make,
    state_of,
)
from tfcmc import losses
from tfcmc.foundation.errors import UsageError
from tfcmc.losses.softmax import softmax
from tfcmc.losses.vectors import normalise

FOUR = f"{CHANNELS}(count=4)"


def embedded(tiny):
    """What the branches give for the first batch, one a view."""
    views, _ = tiny.shown()
    names = tiny.architecture.views.branch
    branches = dict(
        zip(dict.fromkeys(names), tiny.model.branches, strict=True)
    )
    return [
        branches[name](view) for name, view in zip(names, views, strict=True)
    ]


def softmax_of(anchors, others, temperature=0.07):
    """The mean of softmax, from its formula."""
    logits = anchors @ others.T / temperature
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))


@pytest.mark.parametrize(
    ("views", "count", "pairs", "weight"),
    [
        ("lab", 2, "cross", 1),
        ("lab(count=2)", 4, "cross", 1),
        (CHANNELS, 3, "cross", 1),
        (FOUR, 4, "cross", 1),
        (FOUR, 4, "cross(reduce=mean)", 1 / 12),
        (FOUR, 4, "first", 1),
    ],
)
def test_objective_is_of_ordered_pairs(views, count, pairs, weight):
    """loss(view i, candidates of view j), in float64: all, or view 1's."""
    tiny = make(views=views, pairs=pairs)
    vectors = [unit(each) for each in embedded(tiny)]
    assert len(vectors) == count
    want = weight * sum(
        softmax_of(vectors[i], vectors[j])
        for i, j in itertools.permutations(range(count), 2)
        if pairs != "first" or i == 0
    )
    assert tiny.loss() == pytest.approx(want, rel=1e-4)


@pytest.mark.parametrize("views", ["lab", CHANNELS])
def test_own_view_joins_the_candidates(views):
    """NT-Xent over two views' embeddings but the anchor, in float64."""
    tiny = make(loss="nt_xent(temperature=0.3)", views=views)
    want = 0.0
    for pair in itertools.permutations(map(unit, embedded(tiny)), 2):
        logits = pair[0] @ np.concatenate(pair).T / 0.3
        for i in range(BATCH):
            others = np.delete(logits[i], i)
            want += np.log(np.sum(np.exp(others))) - logits[i, i + BATCH]
    assert tiny.loss() == pytest.approx(want / BATCH, rel=1e-4)


def test_raw_vectors_arrive_raw():
    """N-pair on the branches' outputs as they are, in float64."""
    tiny = make(loss="n_pair(regularisation=0.5)", encoder="paper")
    outputs = [np.asarray(each, np.float64) for each in embedded(tiny)]
    want = 0.0
    for anchor, other in (outputs, outputs[::-1]):
        want += softmax_of(anchor, other, 1.0)
        want += 0.5 * np.mean(np.sum(anchor**2 + other**2, axis=1)) / 4
    assert np.all(np.abs(np.linalg.norm(outputs[0], axis=1) - 1) > 1e-2)
    assert tiny.loss() == pytest.approx(want, rel=1e-4)


@pytest.mark.parametrize("loss", ["barlow_twins", "vicreg"])
def test_losses_of_whole_batches_learn(loss):
    """Some steps lower them: their gradients arrive at the encoders."""
    tiny = make(loss=loss, schedule="constant")
    before = tiny.loss()
    for _ in range(5):
        tiny.model.train_step(tiny.stream.batch(0))
    assert tiny.loss() < before


def test_layers_may_regularise():
    """What the branches' layers regularise joins the objective."""
    plain = make(encoder=NORMED)
    tiny = make(encoder=f"{NORMED}(penalty=10.0)")
    extra = sum(
        10.0 * np.sum(branch.get_weights()[0].astype(np.float64) ** 2)
        for branch in tiny.model.branches
    )
    assert tiny.loss() - plain.loss() == pytest.approx(extra, rel=1e-3)


@pytest.mark.parametrize("batch_norm", ["local(each_view=True)", "local"])
@pytest.mark.parametrize("twin", [False, True])
def test_all_that_layers_add_counts_once(batch_norm, twin):
    """What each call of a branch adds, and no more than its own weights."""
    settings = {"views": CHANNELS, "batch_norm": batch_norm}
    if twin:
        settings |= {"target": "momentum", "loss": "cosine", "force": True}
    plain = make(encoder=LISTENED, **settings)
    tiny = make(encoder=f"{LISTENED}(activity=0.1, weights=3.0)", **settings)
    batch = tiny.stream.batch(0)
    losses = [
        float(each.model.differentiate(batch)[0]) for each in (plain, tiny)
    ]
    views = tiny.shown()[0]
    by_branch = {}
    for number, view in enumerate(views):
        by_branch.setdefault(tiny.model._of_view[number], []).append(view)
    extra = 0.0
    for number, shown in by_branch.items():
        branch = tiny.model.branches[number]
        (kernel,) = (v for v in branch.weights if v.path.endswith("kernel"))
        extra += 3.0 * np.sum(kernel.numpy().astype(np.float64) ** 2)
        groups = (
            shown if "each_view" in batch_norm else [np.concatenate(shown)]
        )
        for each in groups:
            branch(each, training=True)
            extra += float(branch.losses[0])  # the last is of the kernel
    assert losses[1] - losses[0] == pytest.approx(extra, rel=1e-4)


def gradients_of(tiny):
    """Those of a step, one vector."""
    found = tiny.model.differentiate(tiny.stream.batch(0))[1]
    return np.concatenate([np.ravel(each) for each in found])


@pytest.mark.parametrize("views", ["lab", CHANNELS])
def test_a_stopped_target_is_constant(views):
    """The value is the same; the gradient that of anchors alone."""
    tiny = make(target="stopped", views=views)
    fixed = [normalise(each).numpy() for each in embedded(tiny)]
    with tf.GradientTape() as tape:
        vectors = [normalise(each) for each in embedded(tiny)]
        value = sum(
            tf.reduce_mean(softmax(term(vectors[i], fixed[j], range(BATCH))))
            for i, j in itertools.permutations(range(len(vectors)), 2)
        )
    want = tape.gradient(value, tiny.model.learnt)
    want = np.concatenate([np.ravel(each) for each in want])
    scale = np.abs(want).max()
    got = gradients_of(tiny)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5 * scale)
    both = make(views=views)
    assert both.loss() == pytest.approx(tiny.loss(), rel=1e-6)
    assert np.abs(gradients_of(both) - want).max() > 0.1 * scale


def test_anchors_go_through_the_predictor():
    """And candidates do not; it learns too."""
    predictor = "mlp(hidden=9, dim=7)"
    tiny = make(
        predictor=predictor,
        target="stopped",
        encoder=NORMED,
        views=CHANNELS,
        schedule="constant",
    )
    branches = tiny.model.branches
    (red, *rest), _ = tiny.shown()
    shared = branches[1](tf.concat(rest, 0), training=True)
    online = [branches[0](red, training=True), *tf.split(shared, 2)]
    first, second = tiny.model.predictors
    predicted = [first(online[0]), second(online[1]), second(online[2])]
    want = sum(
        softmax_of(unit(predicted[i]), unit(online[j]))
        for i, j in itertools.permutations(range(3), 2)
    )
    assert tiny.loss() == pytest.approx(want, rel=1e-4)
    weights = [v for part in (first, second) for v in part.weights]
    assert {id(v) for v in weights} <= {id(v) for v in tiny.model.learnt}
    before = [v.numpy() for v in weights]
    tiny.model.train_step(tiny.stream.batch(0))
    for weight, start in zip(weights, before, strict=True):
        assert np.any(weight.numpy() != start)


def test_views_of_one_branch_go_through_in_one_call():
    """Batch statistics are over both views, and move once."""
    tiny = make(encoder=NORMED, views=CHANNELS)
    _, rest = tiny.model.branches
    convolution, norm = rest.layers[1:3]
    (_, *views), _ = tiny.shown()
    hidden = convolution(tf.concat(views, 0)).numpy().astype(np.float64)
    means, alone = (part.mean((0, 1, 2)) for part in (hidden, hidden[:BATCH]))
    tiny.loss()
    moved = norm.moving_mean.numpy()
    np.testing.assert_allclose(moved, 0.01 * means, rtol=1e-4)
    assert np.abs(moved - 0.01 * alone).max() > 1e-4 * np.abs(moved).max()
    variance = 0.99 + 0.01 * hidden.var((0, 1, 2))
    np.testing.assert_allclose(norm.moving_variance, variance, rtol=1e-5)


def test_bank_holds_what_was_seen():
    """After a step with momentum 0 the bank's rows are the embeddings."""
    tiny = make(negatives="bank(momentum=0.0, draws=5)")
    banks = tiny.model.memory.variables
    before = [bank.numpy() for bank in banks]
    want = [unit(each) for each in embedded(tiny)]
    _, numbers = tiny.shown()
    told = tiny.loss()
    assert tiny.learn(0, 1) == pytest.approx(told, rel=1e-5)
    others = np.setdiff1d(np.arange(EXAMPLES), numbers)
    for bank, start, rows in zip(banks, before, want, strict=True):
        np.testing.assert_allclose(bank.numpy()[numbers], rows, atol=1e-5)
        np.testing.assert_array_equal(bank.numpy()[others], start[others])
        lengths = np.linalg.norm(bank, axis=1)
        np.testing.assert_allclose(lengths, 1.0, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "nce(z=mean)", "negatives": "bank(draws=5)"},
        {"encoder": NORMED, "optimizer": "sgd", "views": CHANNELS},
        {
            "encoder": NORMED,
            "target": "momentum",
            "negatives": "queue(size=9)",
        },
        {
            "views": f"{CHANNELS}(count=4)",
            "pairs": "assigned",
            "loss": "swav(prototypes=9, freeze=2, queue=8, queue_from=2)",
            "optimizer": "sgd(weight_decay=0.1)",
        },
        {
            "encoder": "dim(width=0.1)",
            "head": "critic(units=9)",
            "pairs": "local",
            "loss": "jsd",
        },
        {
            "encoder": NORMED,
            "optimizer": "lars",
            "predictor": "mlp(hidden=5, dim=7, norm=hidden)",
            "target": "stopped",
        },
        {"encoder": DRAWING, "microbatch": 2, "views": CHANNELS},
    ],
)
def test_goes_on_as_if_uninterrupted(settings):
    """Steps of another model, set to the first's state, are its own: to a bit.

    Whatever numbers Keras gave the layers of each.
    """
    one, other = make(**settings), make(**settings)
    one.learn(0, 3)
    start = state_of(one.model)
    other.model.set_state(start)
    for tiny in (one, other):
        tiny.learn(3, 3)
    got, want = state_of(other.model), state_of(one.model)
    assert list(got) == list(want) and len(got) > 20
    for path, value in want.items():
        np.testing.assert_array_equal(got[path], value, err_msg=path)
        moves = path.endswith(
            ("kernel", "loss_L_ab/state", "view_0", "centres", "queue_G")
        )
        assert not moves or np.any(value != start[path]), path


def test_prototypes_are_of_unit_length_and_wait():
    """One set for all pairs, still for two steps whatever is decayed."""
    tiny = make(
        views=CHANNELS,
        loss="swav(prototypes=9, freeze=2, queue=8)",
        optimizer="sgd(weight_decay=0.3)",
    )
    (loss,) = tiny.model.losses_used
    assert loss in tiny.model.contrasts and len(tiny.model.contrasts) == 6
    centres = loss.prototypes.centres
    assert sum(each is centres for each in tiny.model.learnt) == 1
    places = [centres.numpy()]
    for step in range(4):
        tiny.learn(step, 1)
        places.append(centres.numpy())
    lengths = np.linalg.norm(places, axis=2)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-5)
    moved = np.max(np.abs(np.diff(places, axis=0)), axis=(1, 2))
    assert np.all(moved[:2] < 1e-6) and np.all(moved[2:] > 1e-4)


def test_prototypes_wait_for_a_share_of_the_steps():
    """Half of six, of two epochs."""
    loss = "swav(prototypes=9, freeze=0.5)"
    tiny = make(views=CHANNELS, loss=loss, epochs=2)
    model = tiny.model
    patient = tiny.architecture.patient(
        dict(zip("ab", model.branches, strict=False)), EXAMPLES, 9
    )
    found = patient.collapse_losses["one point"]
    assert found == pytest.approx(6 * np.log(9))
    centres = model.losses_used[0].prototypes.centres
    moved = []
    for step in range(4):
        before = centres.numpy()
        tiny.learn(step, 1)
        moved.append(np.abs(centres.numpy() - before).max() > 1e-5)
    assert moved == [False, False, False, True]
    with pytest.raises(UsageError, match="`freeze` must be a number of steps"):
        losses.get("swav", freeze=0.5, dim=4)


@pytest.mark.parametrize("name", ["freeze", "queue_from"])
def test_what_begins_after_the_run(name):
    """Is refused: six steps there are, of which the last may be the first."""
    settings = {"views": CHANNELS, "epochs": 2}
    make(loss=f"swav(prototypes=4, {name}=5)", **settings)
    with pytest.raises(UsageError, match=f"a {name} below the 6 steps"):
        make(loss=f"swav(prototypes=4, {name}=6)", **settings)


def test_another_models_state_is_refused():
    """Where a variable is missing, of another shape, or not known."""
    model = make().model
    state = state_of(model)
    path = next(iter(state))
    missing = {key: state[key] for key in state if key != path}
    for other in (
        missing,
        state | {path: state[path][..., :-1]},
        state | {f"{path}/more": state[path]},
    ):
        with pytest.raises(ValueError, match=f"others at {path}"):
            model.set_state(other)
