"""A batch in pieces: its gradients, its draws, and what has none."""

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import BATCH, CHANNELS, DRAWING, NORMED, make, plan_of
from tfcmc.experiment import equivalence, verified
from tfcmc.experiment.architecture import Architecture
from tfcmc.foundation.errors import UsageError
from tfcmc.negatives.memory import Memory


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "nce(z=mean)", "negatives": "bank(draws=5)"},
        {"loss": "vicreg", "pairs": "first"},
        {
            "loss": "swav(prototypes=9, queue=12)",
            "views": f"{CHANNELS}(count=4)",
            "pairs": "assigned",
        },
        {
            "loss": "cosine",
            "views": CHANNELS,
            "encoder": "dim(width=0.1)",
            "batch_norm": "split(groups=6)",
            "head": "mlp(hidden=8, dim=5, norm=all)",
            "predictor": "mlp(hidden=8, dim=5, norm=hidden)",
            "target": "momentum(init=fresh)",
        },
        {
            "loss": "infomax_nce",
            "encoder": "dim(width=0.1)",
            "batch_norm": "split(groups=3, each_view=True)",
            "head": "critic(units=9)",
            "pairs": "local",
        },
    ],
)
def test_pieces_are_the_batch(settings):
    """Loss, gradients and all that a step leaves, of three pieces of four."""
    plan = plan_of(**verified.ALWAYS, **settings, batch_size=12, microbatch=4)
    found = equivalence.verify(tf.distribute.get_strategy(), plan, 12)
    assert found.fine and found.value
    # Sums in another order.
    assert 0 < found.of_gradient < 1e-10


def test_each_step_is_the_next(monkeypatch):
    """What is remembered by step is verified at two of them."""
    steps = []
    remember = Memory.remember

    def noted(memory, embeddings, numbers, step):
        steps.append(int(step))
        remember(memory, embeddings, numbers, step)

    monkeypatch.setattr(Memory, "remember", noted)
    queue = {"negatives": "queue(size=30)", "target": "momentum"}
    plan = plan_of(**verified.ALWAYS, **queue)
    equivalence.compute(tf.distribute.get_strategy(), plan, 12)
    assert steps == [0, 1]


def test_one_piece_at_a_time(monkeypatch):
    """Branches see no more than a piece, each twice; compiled too."""
    whole, pieces = (make(microbatch=size) for size in (None, 2))
    sizes = []
    branch = pieces.model.branches[0]
    monkeypatch.setattr(
        branch,
        "call",
        lambda rows, **_: sizes.append(rows.shape[0]) or called(rows),
    )
    called = type(branch).call.__get__(branch)
    batch = list(map(tf.constant, whole.stream.batch(0)))
    loss, *_ = pieces.model.differentiate(batch)
    assert sizes == [2] * (2 * BATCH // 2)  # forward, and once more
    want_loss, want, _ = whole.model.differentiate(batch)
    got_loss, got, _ = tf.function(pieces.model.differentiate)(batch)
    assert float(got_loss) == pytest.approx(float(want_loss), rel=1e-6)
    assert float(got_loss) == pytest.approx(float(loss), rel=1e-6)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_draws_are_drawn_again():
    """The gradient is that of the loss, whose draws differ by piece."""
    tiny = make(encoder=DRAWING, microbatch=2, views=CHANNELS, seed=3)
    model, batch = tiny.model, tiny.stream.batch(0)
    states = [
        v for part in model.branches for v in part.non_trainable_variables
    ]
    begun = [each.numpy() for each in states]
    loss, got, _ = model.differentiate(batch)
    ended = [each.numpy() for each in states]
    for state, value in zip(states, begun, strict=True):
        state.assign(value)
    views = dict(enumerate(tiny.shown()[0]))
    with tf.GradientTape() as tape:
        parts = [
            model._made({v: each[rows] for v, each in views.items()}, [])[0]
            for rows in (slice(2), slice(2, BATCH))
        ]
        made = {view: tf.concat([p[view] for p in parts], 0) for view in views}
        step = tf.cast(model.optimizer.iterations, tf.int32)
        value, _ = model._judged((made,), None, batch[2], step, [])
    want = tape.gradient(value, model.learnt)
    assert float(loss) == pytest.approx(float(value), rel=1e-6)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    for state, first, last in zip(states, begun, ended, strict=True):
        np.testing.assert_array_equal(state, last)
        assert np.any(first != last)


@pytest.mark.parametrize(
    ("encoder", "fine"),
    [
        (DRAWING, True),
        (f"{DRAWING}(told=False)", False),
        (f"{DRAWING}(activity=0.1)", False),
        (NORMED, False),
        (f"{NORMED}(penalty=0.1)", False),
    ],
)
def test_encoders_that_are_refused(encoder, fine):
    """What mixes the rows of a batch, or draws what is not drawn again."""
    settings = {"encoder": encoder, "views": CHANNELS}
    Architecture(plan_of(**settings), 32).check_pieces()
    architecture = Architecture(plan_of(microbatch=2, **settings), 32)
    if fine:
        architecture.check_pieces()
        return
    told = "`microbatch` must be left out with an encoder .* Received: 2"
    with pytest.raises(UsageError, match=told):
        architecture.check_pieces()


def test_groups_are_not_mixed():
    """Batch statistics of groups pass, of encoder, head and predictor."""
    plan = plan_of(
        microbatch=2,
        encoder="dim(width=0.1)",
        batch_norm="split(groups=2)",
        head="mlp(hidden=8, dim=5, norm=hidden)",
        loss="cosine",
        target="stopped",
        predictor="mlp(hidden=8, dim=5, norm=hidden)",
    )
    Architecture(plan, 32).check_pieces()
    # Not known before it is built: a critic has a normalisation of its own.
    plan = plan_of(head="critic", encoder="tests.tiny:drawing", microbatch=2)
    with pytest.raises(UsageError, match="`microbatch` must be"):
        Architecture(plan, 32).check_pieces()
