"""The training step: its loss, its updates, and that a run can go on."""

import numpy as np
import pytest

from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.stream import TrainingStream
from tfcmc.encoders import ENCODERS
from tfcmc.foundation.lazy import keras
from tfcmc.losses import LOSSES, Loss
from tfcmc.model import ContrastiveModel
from tfcmc.negatives import NEGATIVES
from tfcmc.views import VIEWS
from tfcmc.views.crop import CROPS, cut

BATCH, EXAMPLES = 4, 13


@pytest.fixture
def make(rng):
    """A function that makes a model and its stream over random pictures."""
    pixels = rng.integers(0, 256, (EXAMPLES, 64, 64, 3), np.uint8)

    def build(loss="softmax", negatives="batch", encoder="paper(width=0.3)"):
        views = VIEWS.lookup("lab").function()
        crop = CROPS.lookup("resized").function(64)
        stream = TrainingStream(
            ArrayPictures(pixels),
            crop,
            batch_size=BATCH,
            seed=1,
            geometry="independent",
            flip=True,
        )
        model = ContrastiveModel(
            [
                ENCODERS.lookup(encoder).function((64, 64, channels), seed)
                for seed, channels in enumerate(views.channels)
            ],
            convert=views.convert,
            pad=crop.pad,
            loss=Loss(LOSSES.lookup(loss)),
            negatives=NEGATIVES.lookup(negatives).function(),
            examples=EXAMPLES,
            seed=3,
        )
        model.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=False)
        return model, stream

    return build


def outputs_of(model, stream):
    """What the encoders give for the first batch, float64, one a view."""
    pictures, corners, _ = stream.batch(0)
    views = VIEWS.lookup("lab").function().convert(pictures)
    return [
        encoder(cut(views[view], corners[:, view], 0))
        .numpy()
        .astype(np.float64)
        for view, encoder in enumerate(model.encoders)
    ]


def first_loss(model, stream):
    """The loss that the first step tells."""
    history = model.fit(stream.dataset(0, 1), verbose=0, shuffle=False)
    return history.history["loss"][0]


def test_first_loss_is_the_symmetric_loss(make):
    """loss(L, ab) + loss(ab, L), from the formula of softmax in float64."""
    model, stream = make()
    vectors = [
        output / np.linalg.norm(output, axis=1, keepdims=True)
        for output in outputs_of(model, stream)
    ]
    want = 0.0
    for anchor, other in (vectors, vectors[::-1]):
        logits = anchor @ other.T / 0.07
        for i in range(BATCH):
            want -= logits[i, i] - np.log(np.sum(np.exp(logits[i])))
    assert first_loss(model, stream) == pytest.approx(want / BATCH, rel=1e-4)


def test_own_view_joins_the_candidates(make):
    """NT-Xent over all 2 batch embeddings but the anchor, in float64."""
    model, stream = make("nt_xent(temperature=0.3)")
    vectors = np.concatenate(outputs_of(model, stream))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = vectors @ vectors.T / 0.3
    want = 0.0
    for i in range(2 * BATCH):
        others = np.delete(logits[i], i)
        want += np.log(np.sum(np.exp(others)))
        want -= logits[i, (i + BATCH) % (2 * BATCH)]
    assert first_loss(model, stream) == pytest.approx(want / BATCH, rel=1e-4)


def test_raw_vectors_arrive_raw(make):
    """N-pair on the encoders' outputs as they are, in float64."""
    model, stream = make("n_pair(regularisation=0.5)")
    outputs = outputs_of(model, stream)
    want = 0.0
    for anchor, other in (outputs, outputs[::-1]):
        products = anchor @ other.T
        for i in range(BATCH):
            want += np.log(np.sum(np.exp(products[i]))) - products[i, i]
            want += 0.5 * np.sum(anchor[i] ** 2 + other[i] ** 2) / 4
    lengths = np.linalg.norm(outputs[0], axis=1)
    assert np.all(np.abs(lengths - 1) > 1e-2)
    assert first_loss(model, stream) == pytest.approx(want / BATCH, rel=1e-4)


@pytest.mark.parametrize("loss", ["barlow_twins", "vicreg"])
def test_losses_of_whole_batches_learn(make, loss):
    """Some steps lower them: their gradients arrive at the encoders."""
    model, stream = make(loss)
    before = first_loss(model, stream)
    for _ in range(5):
        after = first_loss(model, stream)
    assert after < before


def test_layers_may_regularise(make):
    """What the encoders' layers regularise joins the objective."""
    losses = []
    for strength in (0.0, 10.0):
        model, stream = make()
        inner = keras.Sequential(
            [
                keras.Input((64, 64, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(
                    20,
                    kernel_initializer=keras.initializers.GlorotUniform(3),
                    kernel_regularizer=keras.regularizers.L2(strength),
                ),
            ]
        )
        kernel = inner.get_weights()[0].astype(np.float64)
        other = keras.Sequential(
            [
                keras.Input((64, 64, 2)),
                keras.layers.Flatten(),
                keras.layers.Dense(20, kernel_initializer="ones"),
            ]
        )
        model.encoders = [inner, other]
        history = model.fit(stream.dataset(0, 1), verbose=0, shuffle=False)
        losses.append(history.history["loss"][0])
    extra = 10.0 * np.sum(kernel**2)
    assert losses[1] - losses[0] == pytest.approx(extra, rel=1e-3)


def test_bank_holds_what_was_seen(make):
    """After a step with momentum 0 the bank's rows are the embeddings."""
    model, stream = make(negatives="bank(momentum=0.0, draws=5)")
    before = [memory.numpy().copy() for memory in model._memories]
    pictures, corners, numbers = stream.batch(0)
    views = VIEWS.lookup("lab").function().convert(pictures)
    want = []
    for view, encoder in enumerate(model.encoders):
        output = encoder(cut(views[view], corners[:, view], 0)).numpy()
        want.append(output / np.linalg.norm(output, axis=1, keepdims=True))
    model.fit(stream.dataset(0, 1), verbose=0, shuffle=False)
    others = np.setdiff1d(np.arange(EXAMPLES), numbers)
    for view in range(2):
        memory = model._memories[view].numpy()
        np.testing.assert_allclose(memory[numbers], want[view], atol=1e-5)
        np.testing.assert_array_equal(memory[others], before[view][others])
        np.testing.assert_allclose(
            np.linalg.norm(memory, axis=1), 1.0, atol=1e-5
        )


@pytest.mark.parametrize(
    ("loss", "negatives"),
    [("softmax", "batch"), ("nce", "bank(draws=5)"), ("triplet", "batch")],
)
def test_goes_on_as_if_uninterrupted(make, loss, negatives):
    """6 steps are 3 steps, and 3 of another model set to them, bit for bit."""

    def state(model):
        return [v.numpy() for v in model.variables] + [
            v.numpy() for v in model.optimizer.variables
        ]

    whole, stream = make(loss, negatives)
    whole.fit(stream.dataset(0, 6), verbose=0, shuffle=False)
    first, _ = make(loss, negatives)
    first.fit(stream.dataset(0, 3), verbose=0, shuffle=False)
    second, _ = make(loss, negatives)
    second.set_state([value.numpy() for value in first.state()])
    second.fit(stream.dataset(3, 3), verbose=0, shuffle=False)
    # The mean loss of an epoch is not state: it differs, having seen less.
    metric = {id(v) for v in whole.metrics[0].variables}
    kept = [id(v) not in metric for v in whole.variables]
    kept += [True] * len(whole.optimizer.variables)
    compared = 0
    for keep, want, got in zip(kept, state(whole), state(second), strict=True):
        if keep:
            np.testing.assert_array_equal(got, want)
            compared += 1
    assert compared > 20
