"""A dataset of named splits, such as others prepare: what each is for."""

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np

from tfcmc.data.base import (
    MOST_CLASSES,
    UNLABELLED,
    Reading,
    Source,
    make_source,
)
from tfcmc.data.decode import read_parts
from tfcmc.data.streamed import streamed
from tfcmc.foundation.errors import UsageError

JUDGED = ("test", "validation")  # the first with labels is judged on
NO_LABELS = "the probe is skipped: it needs labels in train and in test"


@dataclasses.dataclass(frozen=True)
class Stored:
    """A split whose image files can be read in any order, where they lie."""

    files: object  # as `EncodedPictures` takes them
    labels: np.ndarray  # [count], -1 where there are none
    # Of each file the first bytes of its SHA-256, in one string.
    digests: bytes
    notes: tuple = ()  # what the user should know, one line each


@dataclasses.dataclass(frozen=True)
class Splits:
    """A dataset's splits, none of them empty."""

    name: str  # of the dataset, for messages
    counts: dict  # split to its number of pictures
    # Of a split each (file, label), the file as `decode_image` takes it, the
    # label -1 where there is none.
    encoded: Callable[[str], Iterable]
    labels: bool  # whether there are labels at all
    has_labels: Callable[[str], bool]  # whether none of a split's is -1
    class_names: tuple  # one a label; empty where they have none
    # Of all pictures, in pixels, if squares of one size; else to read them at.
    side: int
    hint: str = ""  # what else to say where there are no labels
    # None where they are read in order alone.
    stored: Callable[[str], Stored] | None = None


def source_of(splits: Splits, reading: Reading) -> Source:
    """Gives the splits of a dataset their roles, and reads them.

    A split called unlabeled or unlabelled is learnt from; without one, the
    train split without its labels. Probes are fitted on train and judged on
    test, or on validation where there is no test split with labels.

    Raises:
        UsageError: if there is nothing to learn from, or labels are none of
            the classes.
    """
    there = list(splits.counts)
    learnt = next((n for n in (*UNLABELLED, "train") if n in there), None)
    if learnt is None:
        raise UsageError(
            f"`data` must have a split called train or unlabeled. "
            f"Received: {splits.name!r}, with {sorted(there)}"
        )
    judged = _judged(splits, there)
    labelled = ("train", judged) if splits.labels else ()
    wanted = [n for n in dict.fromkeys([learnt, *labelled]) if n in there]
    counts = {name: splits.counts[name] for name in wanted}
    side, total = reading.side or splits.side, sum(counts.values())
    room = reading.room(total, side)
    kept = room.fits(total * side * side * 3) and not reading.whole
    if streams := splits.stored and not kept and reading.packer is None:
        stored = {name: splits.stored(name) for name in wanted}
        marks = {name: each.labels for name, each in stored.items()}
    else:
        encoded = {name: splits.encoded(name) for name in wanted}
        found, marks, told = read_parts(encoded, counts, side, reading)
    parts = {"train": "train", "test": judged}
    known = {name: _labels(marks[name], name, splits) for name in wanted}
    known = {name: y for name, y in known.items() if y is not None}
    labels = {part: known[n] for part, n in parts.items() if n in known}
    if learnt != "train":
        parts["pretrain"] = learnt
    judged = len(labels) == 2 and judged
    notes = list(_notes(there, wanted, judged, splits.hint))
    parts = {part: name for part, name in parts.items() if name in wanted}
    names = _class_names(splits, labels)
    if not streams:
        pictures = {part: found[name] for part, name in parts.items()}
        return make_source(pictures, labels, names, [*notes, *told])
    return streamed(
        {part: stored[name].files for part, name in parts.items()},
        labels,
        {part: stored[name].digests for part, name in parts.items()},
        names,
        side,
        room,
        reading,
        (notes, [note for each in stored.values() for note in each.notes]),
    )


def _judged(splits, there):
    """Returns the split to judge on: where there is a choice, with labels."""
    found = [name for name in JUDGED if name in there]
    if len(found) > 1 and splits.labels:
        found = [name for name in found if splits.has_labels(name)]
    return found[0] if found else None


def _notes(there, wanted, judged, hint):
    """Says what was chosen of a dataset's splits, one line each."""
    if not judged:
        yield NO_LABELS + hint
    elif judged != "test":
        why = "test has no labels" if "test" in there else "there is no test"
        yield f"probes are judged on the split {judged}: {why}"
    if left := sorted(set(there) - set(wanted)):
        yield f"splits that are not read: {', '.join(left)}"


def _labels(labels, split, splits):
    """Returns labels as an array, or None where pictures have none."""
    labels = np.array(labels, np.int64)
    if labels.min() < 0:
        return None
    most = len(splits.class_names) or MOST_CLASSES
    if labels.max() >= most:
        raise UsageError(
            f"`data` must have labels below {most:,}, the number of its "
            f"classes. Received: {labels.max()} in the split {split} of "
            f"{splits.name!r}"
        )
    return labels


def _class_names(splits, labels):
    """Returns the names of the classes, or their numbers."""
    if not labels:
        return ()
    most = max(int(each.max()) for each in labels.values())
    return splits.class_names or tuple(map(str, range(most + 1)))
