"""What training, judging and every later use of a run are set on.

Like `plan.py` it stands at the seam: it reads a plan, and hands plain
arguments down.
"""

import dataclasses

import numpy as np

from tfcmc.data import Reading, Split
from tfcmc.data.digest import describe_data
from tfcmc.data.overlap import Overlap
from tfcmc.data.pictures import Subset
from tfcmc.data.validation import choose_on_validation
from tfcmc.data.walk import walk_source
from tfcmc.encoders import FEATURES, load_encoder
from tfcmc.evaluation.collapse_values import collapse_losses
from tfcmc.evaluation.doctor import Patient
from tfcmc.evaluation.features import make_activity_reader, make_reader
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.losses import Loss
from tfcmc.runs.record import identity_of, picture_side
from tfcmc.views.crop import SIDE, corners

HELD_OUT = 1000  # pictures that every epoch is measured on
ROLES = {"test": "to test on", "validation": "to choose on"}
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
SMALLEST_SIDE = 8  # of pictures, in pixels


class Stage:
    """What both training and judging are set on: views, crop, encoders.

    Args:
        plan: A `Plan`.
        side: Side of the pictures, in pixels.
        replicas: How many train together, or have.
    """

    def __init__(self, plan, side, replicas=1):
        self.replicas = replicas
        self.views = plan.views.function()
        self.crop = plan.crop.function(side)
        self.centre = corners(
            self.crop.centre, np.False_, side + 2 * self.crop.pad
        )
        self._encoder = plan.encoder.function
        self._policy = POLICIES[plan.config.precision]
        self._seed = plan.config.seed

    def encoders(self):
        """Returns one encoder a view with the initial weights of the seed.

        The same for every view: the views of one picture begin more alike than
        views of two pictures, and there is something to learn from.
        """
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self._policy)
        try:
            return [
                self._encoder((SIDE, SIDE, channels), self._seed)
                for channels in self.views.channels
            ]
        finally:
            keras.config.set_dtype_policy(before)

    def reader(self, encoders):
        """Returns the function that encodes the centre crop of pictures."""
        return make_reader(
            encoders,
            self.views.convert,
            pad=self.crop.pad,
            centre=self.centre,
        )

    def activity_reader(self, encoders):
        """Returns the function that finds which ReLU channels fire."""
        return make_activity_reader(
            encoders,
            self.views.convert,
            pad=self.crop.pad,
            centre=self.centre,
        )


def read_source(plan):
    """Reads the plan's data.

    Args:
        plan: A `Plan`.

    Returns:
        A `Source`.

    Raises:
        UsageError: if they cannot be read.
    """
    source = plan.data.function(_reading(plan.config), plan.data.argument)
    side = source.pretrain.side
    if side < SMALLEST_SIDE:
        raise UsageError(
            f"`data` must be pictures of at least {SMALLEST_SIDE} pixels a "
            f"side, or --picture-side must enlarge them. "
            f"Received: {side}x{side}"
        )
    return source


def load(plan):
    """Reads the data and checks that they can be learnt from.

    Args:
        plan: A `Plan`.

    Returns:
        `(source, data)`: a `Source`, and what `describe_data` says of it.

    Raises:
        UsageError: if they cannot.
    """
    config = plan.config
    source = read_source(plan)
    views = plan.views.function()
    count, blank = len(source.pretrain), 0
    labelled, overlap = source.labelled, Overlap()

    def look(part, batch):
        nonlocal blank
        if part == "pretrain":
            blank += int(views.blank(batch).sum())
        if labelled:
            overlap.add(part, batch)

    data = describe_data(source, look)
    notes = [*source.notes, *overlap.notes()]
    if config.judge_on == "validation":
        source = choose_on_validation(source, config.seed)
    if 2 * blank > count:
        raise UsageError(
            f"`data` must be colour pictures for the views "
            f"{' and '.join(views.names)}. Received: {blank:,} of {count:,} "
            f"{views.blank_word}"
        )
    check_labelled(source)
    parts = [f"{count:,} to learn from"]
    for role, split in (
        ("to fit probes on", source.probe_train),
        (ROLES[config.judge_on], source.test),
    ):
        if split is not None:
            parts.append(f"{len(split.pictures):,} {role}")
    side = source.pretrain.side
    print(config.data)
    print(f"  pictures of {side}x{side}: {', '.join(parts)}")
    for note in notes:
        print(f"  note: {note}")
    if blank:
        print(
            f"  note: {blank:,} of {count:,} are {views.blank_word}: "
            f"there is nothing to match in them"
        )
    return source, data


def check_labelled(source):
    """Checks that probes can be fitted and judged.

    Args:
        source: A `Source`.

    Raises:
        UsageError: if there are labels, and too few for that.
    """
    if not source.labelled:
        return
    train, test = source.probe_train.labels, source.test.labels
    if strange := sorted(set(test.tolist()) - set(train.tolist())):
        listed = ", ".join(repr(source.class_names[n]) for n in strange[:5])
        raise UsageError(
            f"`data` must have every class of the test part in the train part "
            f"too. Received: {listed} only in test"
        )
    counts = np.bincount(train)
    if np.sum(counts > 1) < 2:
        raise UsageError(
            f"`data` must have at least two classes with two pictures in the "
            f"train part. Received: {[int(n) for n in counts if n]} pictures "
            f"of {np.sum(counts > 0)} classes"
        )
    if len(test) < 2:
        raise UsageError(
            f"`data` must have at least two pictures in the test part. "
            f"Received: {len(test)}"
        )


def hold_out(source, seed):
    """Chooses the pictures that every epoch is measured on.

    Where probe-train is not learnt from, they are some of its pictures; else
    they are taken out of what is learnt from. They are never of the test.

    Args:
        source: A `Source`.
        seed: Of the choice.

    Returns:
        `(pictures, held_out)`: what to learn from, and the `Split` to measure
        on, which has labels where it is of probe-train.
    """
    apart = source.unseen and source.probe_train is not None
    pool = source.probe_train.pictures if apart else source.pretrain
    order = np.random.default_rng(seed).permutation(len(pool))
    count = min(HELD_OUT, len(pool) if apart else max(2, len(pool) // 10))
    rows = np.sort(order[:count])
    held_out = Subset(pool, rows)
    if apart:
        labels = source.probe_train.labels[rows]
        return source.pretrain, Split(held_out, labels)
    rest = Subset(pool, np.sort(order[count:]))
    return rest, Split(held_out, None)


def walk(plan):
    """Walks over every picture of the plan's data, whatever its part.

    Args:
        plan: A `Plan`.

    Returns:
        A `Walk`: of a folder all that is beneath it, with file names; of
        other data all parts, with numbers.

    Raises:
        UsageError: if they cannot be read.
    """
    special = plan.data.member.extra.get("walk")
    if special is not None:
        return special(_reading(plan.config), plan.data.argument)
    return walk_source(read_source(plan))


def as_trained(plan, run):
    """Makes a plan read pictures at the side that a run's own had.

    Args:
        plan: A `Plan`.
        run: The `Run`.

    Returns:
        A `Plan`.

    Raises:
        UsageError: if the run does not say.
    """
    side = picture_side(run)
    config = dataclasses.replace(plan.config, picture_side=side)
    return dataclasses.replace(plan, config=config)


def patient(plan, stage, encoders, examples, images):
    """Returns what the collapse doctor has to know of a run.

    Args:
        plan: A `Plan`.
        stage: The `Stage`.
        encoders: One encoder a view.
        examples: Number of training pictures.
        images: Number of pictures that every epoch is measured on.

    Returns:
        A `Patient`.
    """
    features = sum(
        encoder.get_layer(FEATURES).output.shape[-1] for encoder in encoders
    )
    negatives = plan.negatives.function()
    apart = stage.replicas if negatives.local else 1
    return Patient(
        names=stage.views.names,
        dims=min(features, images),
        collapse_losses=collapse_losses(
            Loss(plan.loss),
            negatives,
            batch=plan.config.batch_size // apart,
            dim=encoders[0].output_shape[-1],
            examples=examples,
        ),
    )


def load_encoders(plan, run):
    """Loads the trained encoders of a run; nothing in them is executed.

    Args:
        plan: The `Plan` it was trained by.
        run: The `Run`.

    Returns:
        One `keras.Model` a view.

    Raises:
        UsageError: if one is missing, damaged or not of this run.
    """
    views = plan.views.function()
    identity = identity_of(run)
    return [
        load_encoder(
            run.encoders / f"{name}.keras",
            plan.encoder.function((SIDE, SIDE, channels), plan.config.seed),
            identity,
        )
        for name, channels in zip(views.names, views.channels, strict=True)
    ]


def _reading(config):
    return Reading(
        data_dir=config.data_dir,
        side=config.picture_side,
        memory_limit=int(config.memory_limit * 2**30),
        on_bad_image=config.on_bad_image,
    )
