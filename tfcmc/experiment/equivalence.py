"""Proof that several devices compute what one does, for every loss.

Like `plan.py` it stands at the seam: it looks up names, and hands plain
arguments down.
"""

import dataclasses
import functools

import numpy as np

from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.stream import TrainingStream
from tfcmc.distribute import replicas
from tfcmc.distribute.cluster import machines_of
from tfcmc.distribute.strategies import (
    distribute,
    is_chief,
    make_strategy,
    use_devices,
)
from tfcmc.encoders import ENCODERS
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses import LOSSES, Loss
from tfcmc.model import ContrastiveModel
from tfcmc.negatives import NEGATIVES
from tfcmc.views import VIEWS
from tfcmc.views.crop import CROPS, SIDE

TOLERANCE = 1e-5  # relative: the rounding of float32 in another order
BATCH = 8  # pictures, or two for every replica if that is more
STEPS = 2  # where something is remembered, the second step sees it
SEED = 5
# Beside every loss with its defaults: states that follow the batches,
# negatives of a bank, and each device's own.
MORE = (
    ("nce(z=mean)", "batch"),
    ("nce(z=first)", "batch"),
    ("softmax", "bank(draws=20)"),
    ("nce(z=mean)", "bank(draws=20)"),
    ("nt_xent", "local"),
    ("vicreg", "local"),
)
LINE = "{:<22}{:<16}{:>12}{:>12}{:>13}{:>11}"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the last of some steps computed.

    Attributes:
        loss: The objective.
        gradients: `[weights of the encoder]`, one a view.
        left: Loss states and memory banks after it, in one vector a copy:
            `[copies, numbers]`.
    """

    loss: float
    gradients: list
    left: np.ndarray


@dataclasses.dataclass(frozen=True)
class Difference:
    """How far all replicas are from one device, for one loss.

    Attributes:
        loss: Spec.
        negatives: Spec.
        value: The objective on one device.
        of_loss: Relative difference of the objective.
        of_gradient: |g - h| / |h|, the larger of the two encoders'.
        of_memory: The same of loss states and banks, of the worst replica.
    """

    loss: str
    negatives: str
    value: float
    of_loss: float
    of_gradient: float
    of_memory: float

    @property
    def fine(self):
        """Whether all are rounding, and numbers."""
        found = (self.of_loss, self.of_gradient, self.of_memory)
        return all(each <= TOLERANCE for each in found)


def prove(strategy, count=None):
    """Compares all replicas with one device, and prints a table.

    Args:
        strategy: The name of a strategy, as `make_strategy` takes it.
        count: Devices of this machine to use, or None for those it has.

    Returns:
        Whether every loss and every gradient is the same.
    """
    if count is not None:
        use_devices(count)
        if strategy == "auto" and machines_of(strategy) is None:
            strategy = "mirrored"
    strategy = make_strategy(strategy)
    tf.get_logger().setLevel("ERROR")  # it advises to compile
    # Ten bits of mantissa would differ by more than what is looked for.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    tell = print if is_chief(strategy) else _silence
    tell(
        f"{strategy.num_replicas_in_sync} replicas beside one device; "
        f"relative differences, {TOLERANCE:g} allowed\n"
    )
    tell(
        LINE.format(
            "loss",
            "negatives",
            "value",
            "of value",
            "of gradient",
            "of memory",
        )
    )
    differing = 0
    for case in cases():
        found = verify(strategy, *case)
        tell(_line(found))
        differing += not found.fine
    verdict = f"{differing} differ" if differing else "all the same"
    tell(f"\n{verdict}")
    return not differing


def cases():
    """Returns `(loss, negatives)`, the specs of all that is compared."""
    return [*((name, "batch") for name in LOSSES.names()), *MORE]


def verify(strategy, loss, negatives):
    """Compares all replicas with one device.

    Where negatives are each device's own, the one device computes the share
    of each by itself, and the mean of all is compared.

    Args:
        strategy: A `tf.distribute` strategy.
        loss: Spec.
        negatives: Spec.

    Returns:
        A `Difference`.
    """
    shares = strategy.num_replicas_in_sync
    batch = shares * max(2, BATCH // shares)
    local = NEGATIVES.lookup(negatives).function().local
    want = _compute_on_one(loss, negatives, batch, shares if local else 1)
    got = compute(strategy, loss, negatives, batch)
    return Difference(
        loss=loss,
        negatives=negatives,
        value=want.loss,
        of_loss=_apart(got.loss, want.loss),
        of_gradient=max(map(_apart, got.gradients, want.gradients)),
        of_memory=max(_apart(copy, want.left[0]) for copy in got.left),
    )


def compute(strategy, loss, negatives, batch, share=None):
    """Computes loss and gradients of a few steps at the initial weights.

    Args:
        strategy: A `tf.distribute` strategy.
        loss: Spec.
        negatives: Spec.
        batch: Pictures a step, on all replicas.
        share: Of one device: `(shares, mine)` as `distribute` asks for, to
            compute that part of every batch alone; None for the whole.

    Returns:
        The `Outcome` of the last step.
    """
    stream, views, pad, examples = _stream(batch)
    encoders = _encoders(strategy)
    with strategy.scope():
        model = ContrastiveModel(
            encoders,
            convert=views.convert,
            pad=pad,
            loss=Loss(LOSSES.lookup(loss)),
            negatives=NEGATIVES.lookup(negatives).function(),
            examples=examples,
            seed=SEED,
        )
        model.compile(optimizer=keras.optimizers.Adam())

    def on_replica(share):
        value, gradients, embeddings, numbers = model.differentiate(share)
        model.remember(embeddings, numbers)
        return replicas.add([value, *gradients])

    steps = STEPS if sum(each.shape[0] for each in model.memory) else 1
    read = stream.dataset
    batches = distribute(
        strategy, lambda *part: read(0, steps, *(share or part))
    )
    for _, shares in zip(range(steps), batches, strict=False):
        # Not compiled: each loss runs once, and compiling takes longer.
        value, *gradients = (
            strategy.experimental_local_results(each)[0].numpy()
            for each in strategy.run(on_replica, args=(shares,))
        )
    return Outcome(
        float(value), _by_encoder(model, gradients), _left(strategy, model)
    )


@functools.cache
def _encoders(strategy):
    """The encoders at their initial weights, which nothing here changes.

    Made once: several machines agree on the start of each weight in turn.
    """
    channels = VIEWS.lookup("lab").function().channels
    make = ENCODERS.lookup("paper(width=0.5)").function
    with strategy.scope():
        return [
            make((SIDE, SIDE, count), seed)
            for seed, count in enumerate(channels)
        ]


@functools.cache
def _compute_on_one(loss, negatives, batch, shares):
    """The mean outcome of every share on one device, for any strategy."""
    found = [
        compute(
            tf.distribute.get_strategy(),
            loss,
            negatives,
            batch,
            (shares, range(number, number + 1)),
        )
        for number in range(shares)
    ]
    gradients = zip(*(each.gradients for each in found), strict=True)
    return Outcome(
        float(np.mean([each.loss for each in found])),
        [np.mean(parts, axis=0) for parts in gradients],
        np.mean([each.left for each in found], axis=0),
    )


def _stream(batch):
    """Random pictures of large patches, and the views of them."""
    count = STEPS * batch + 3
    rng = np.random.default_rng(SEED)
    patches = rng.integers(0, 256, (count, 4, 4, 3), np.uint8)
    pixels = patches.repeat(SIDE // 4, axis=1).repeat(SIDE // 4, axis=2)
    crop = CROPS.lookup("resized").function(SIDE)
    stream = TrainingStream(
        ArrayPictures(pixels),
        crop,
        batch_size=batch,
        seed=SEED,
        geometry="independent",
        flip=True,
    )
    return stream, VIEWS.lookup("lab").function(), crop.pad, count


def _by_encoder(model, gradients):
    """Joins the gradients of each encoder's weights to one vector."""
    parts = iter(gradients)
    return [
        np.concatenate(
            [next(parts).ravel() for _ in encoder.trainable_weights]
        )
        for encoder in model.encoders
    ]


def _left(strategy, model):
    """Loss states and banks, as each replica of this machine has them."""
    copies = zip(
        *(
            strategy.experimental_local_results(variable.value)
            for variable in model.memory
        ),
        strict=True,
    )
    return np.stack(
        [np.concatenate([np.ravel(each) for each in copy]) for copy in copies]
    )


def _apart(got, want):
    """|got - want| / |want|."""
    difference = np.subtract(got, want, dtype=np.float64)
    return float(np.linalg.norm(difference) / max(np.linalg.norm(want), 1e-30))


def _line(found):
    """The row of the table."""
    differences = (found.of_loss, found.of_gradient, found.of_memory)
    return LINE.format(
        found.loss,
        found.negatives,
        f"{found.value:.6g}",
        *(f"{each:.1e}" for each in differences),
    ) + ("" if found.fine else "  DIFFERS")


def _silence(text):
    """Tells nothing: the chief does."""
    del text
