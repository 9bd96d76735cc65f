"""The pictures of an experiment: read, described and parted, once."""

import dataclasses
import typing

import numpy as np

from tfcmc.data import Reading, Source, Split
from tfcmc.data.digest import describe_data
from tfcmc.data.overlap import Overlap
from tfcmc.data.pack import Packer
from tfcmc.data.pictures import Subset, in_batches
from tfcmc.data.records import FILES, PIXELS
from tfcmc.data.validation import choose_on_validation
from tfcmc.data.walk import Walk, walk_parts
from tfcmc.evaluation.verdict import sample_rows
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.paths import expanded
from tfcmc.runs.record import picture_side

HELD_OUT = 1000  # pictures that every epoch is measured on
LOOKED_AT = 4096  # pictures of those that were looked through before
BATCH = 256
ROLES = {"test": "to test on", "validation": "to choose on, in five folds"}
SMALLEST_SIDE = 8  # of pictures, in pixels


@dataclasses.dataclass(frozen=True)
class Data:
    """The pictures of an experiment, by what is done with them."""

    source: Source
    described: dict  # what `describe_data` says of it
    learnt: typing.Any  # pictures to learn from
    # What every epoch is measured on, which has labels where it is of
    # probe-train. It is never of the test.
    held_out: Split
    judged: Split  # what the verdict is on: test, or held out without one
    judged_on: str  # the name of that


class Look(typing.NamedTuple):
    """What is found in looking through the pictures of a plan."""

    source: Source
    described: dict  # what `describe_data` says of it
    notes: tuple  # what the user should know, one line each
    views: typing.Any  # the plan's `Views` of such pictures
    blank: int  # how many to learn from are blank in one of them


def read_data(plan, *, learns: bool = False) -> Data:
    """Reads the data of a plan and checks that they can be learnt from.

    Args:
        learns: Whether they are: to be judged, pictures need not be such that
            `--crop-from` can have them whole.
    """
    config = plan.config
    source, described = _look_at(plan, learns)
    learnt, held_out = _parted(source, config.pictures, config.seed, learns)
    judged, judged_on = source.test, config.judge_on
    if judged is None:
        judged, judged_on = Split(held_out.pictures, None), "held-out"
    if len(judged.pictures) < 2:
        raise UsageError(
            f"`data` must have at least two pictures to judge on. "
            f"Received: {len(judged.pictures)}"
        )
    return Data(source, described, learnt, held_out, judged, judged_on)


def read_source(plan, *, learns: bool = False) -> Source:
    """Reads the data of a plan."""
    reading = dataclasses.replace(_reading(plan.config), learns=learns)
    source = plan.data.function(reading, plan.data.argument)
    side = source.pretrain.side
    if side < SMALLEST_SIDE:
        raise UsageError(
            f"`data` must be pictures of at least {SMALLEST_SIDE} pixels a "
            f"side, or --picture-side must enlarge them. "
            f"Received: {side}x{side}"
        )
    return source


def look_through(plan, *, learns: bool = False) -> Look:
    """Reads the data of a plan and looks at every picture once."""
    source = read_source(plan, learns=learns)
    views = plan.views_of(source.pretrain.side)
    blank = 0
    labelled, overlap = source.labelled, Overlap()

    def look(part, batch):
        nonlocal blank
        if part == "pretrain" and views.blank:
            blank += int(views.blank(batch).sum())
        if labelled:
            overlap.add(part, batch)

    described = source.described
    if described is None:
        described = describe_data(source, look)
    elif views.blank:  # whoever packed them has looked at all
        count = len(source.pretrain)
        some = np.linspace(0, count - 1, min(count, LOOKED_AT)).astype(int)
        for batch in in_batches(Subset(source.pretrain, some), BATCH):
            blank += int(views.blank(batch).sum())
        blank = blank * count // len(some)
    notes = [*source.notes, *overlap.notes()]
    if blank:
        about = "" if source.described is None else "about "
        notes.append(
            f"{about}{blank:,} of {len(source.pretrain):,} are "
            f"{views.blank_word}: there is nothing to match in them"
        )
    return Look(source, described, tuple(notes), views, blank)


def _look_at(plan, learns):
    """Reads the source, says what is there and refuses what is no use."""
    config = plan.config
    source, data, notes, views, blank = look_through(plan, learns=learns)
    count = len(source.pretrain)
    if config.judge_on == "validation":
        source = choose_on_validation(source)
    if 2 * blank > count:
        more = "; --views=rgb --head=mlp learns from grey ones too"
        raise UsageError(
            f"`data` must be colour pictures for the views "
            f"{' and '.join(views.names)}{more if learns else ''}. "
            f"Received: {blank:,} of {count:,} {views.blank_word}"
        )
    _check_labelled(source, folded=config.judge_on == "validation")
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
    return source, data


def _check_labelled(source, *, folded):
    """Refuses labels that are too few to fit and judge probes by."""
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
    if folded and counts.max() < 3:
        raise UsageError(
            f"`data` must have a class of three pictures in the train part, "
            f"to be judged on folds of it. Received: {int(counts.max())} of "
            f"the largest"
        )
    if len(test) < 2:
        raise UsageError(
            f"`data` must have at least two pictures in the test part. "
            f"Received: {len(test)}"
        )


def _parted(source, wanted, seed, learns):
    """Chooses the pictures to learn from, and those that epochs measure."""
    learnt, labels = source.pretrain, None
    pool, kept = learnt, np.arange(len(learnt))
    # These are of probe-train where that is not learnt from.
    if apart := source.unseen and source.probe_train is not None:
        pool, labels = source.probe_train.pictures, source.probe_train.labels
    count = min(HELD_OUT, len(pool) if apart else max(2, len(pool) // 10))
    if wanted is not None:
        most = len(learnt) - (0 if apart else count)
        if learns and wanted > most:
            raise must(
                "pictures",
                f"at most the {most:,} there are to learn from",
                wanted,
            )
        if learns:
            print(f"  {wanted:,} of {most:,} are learnt from")
        # Before the others, for they are the same at every seed. Of other
        # pictures than the training's there may be fewer, to be judged by.
        kept = sample_rows(len(learnt), min(wanted, most))
    free = np.arange(len(pool))
    if not apart and wanted is not None:
        free = np.setdiff1d(free, kept)
    rows = np.sort(np.random.default_rng(seed).permutation(free)[:count])
    if not apart and wanted is None:
        kept = np.setdiff1d(kept, rows)
    if len(kept) < len(learnt):
        learnt = Subset(learnt, kept)
    labels = None if labels is None else labels[rows]
    return learnt, Split(Subset(pool, rows), labels)


def pack(plan, folder):
    """Packs the data of a plan into records; see `tfcmc.data.pack`.

    Image files are packed as they are, or, where the plan has a side for
    pictures, as pixels of that side; pixels as they are.

    Raises:
        UsageError: if they cannot be read, or something else is in the folder.
    """
    config, encoded = plan.config, "encoded" in plan.data.member.extra
    kind = FILES if encoded and config.picture_side is None else PIXELS
    names = ("data", "data_dir", "picture_side", "on_bad_image")
    settings = {name: getattr(config, name) for name in names}
    packer = Packer(expanded("pack", folder), settings, kind)
    reading = _reading(config)
    if encoded:
        reading = dataclasses.replace(reading, packer=packer)
    packer.finish(plan.data.function(reading, plan.data.argument))


def walk(plan, only: str | None = None) -> Walk:
    """Walks over every picture of the plan's data, whatever its part.

    Args:
        only: The part that is walked over alone, where there is one.

    Returns:
        A `Walk`: of a folder all that is beneath it, with file names; of
        other data, and of one part, with their numbers.
    """
    special = plan.data.member.extra.get("walk")
    source = None if special and only is None else read_source(plan)
    parts = [] if source is None else source.parts()
    alone = [each for each in parts if each[0] == only]
    if special and not alone:
        return special(_reading(plan.config), plan.data.argument)
    for note in source.notes:
        print(f"  note: {note}")
    return walk_parts(alone or parts, source.class_names)


def as_trained(plan, run):
    """Makes a plan read pictures at the side that a run's own had.

    Raises:
        UsageError: if the run does not say.
    """
    side = picture_side(run)
    config = dataclasses.replace(plan.config, picture_side=side)
    return dataclasses.replace(plan, config=config)


def _reading(config):
    return Reading(
        data_dir=config.data_dir,
        side=config.picture_side,
        memory_limit=int(config.memory_limit * 2**30),
        on_bad_image=config.on_bad_image,
        whole=config.crop_from == "whole",
    )
