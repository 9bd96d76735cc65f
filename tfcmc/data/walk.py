"""A walk over every picture of a dataset, each with what names it."""

import dataclasses

import numpy as np

from tfcmc.data.decode import Account
from tfcmc.data.pictures import in_batches

BATCH = 256


@dataclasses.dataclass(frozen=True)
class Walk:
    """Pictures that come by once, in batches.

    Attributes:
        side: Their side in pixels.
        count: How many will come, or more where bad ones are skipped.
        batches: Iterable of `(columns, pictures)`: a dict of column name to
            one value a picture, and `[count, side, side, 3]`, uint8.
        account: The `Account` of what was met so far.
    """

    side: int
    count: int
    batches: object
    account: Account


def walk_source(source):
    """Walks over all parts of a source; none is met twice.

    Args:
        source: A `Source`.

    Returns:
        A `Walk` with the columns `part` (pretrain, train or test), `number`
        (from 0 in its part) and `class` (its name, or "").
    """
    labelled = {"train": source.probe_train, "test": source.test}
    parts = [
        (name, split.pictures, split.labels)
        for name, split in labelled.items()
        if split is not None
    ]
    # Where nothing is unlabelled, the train part is what is learnt from.
    if all(pictures is not source.pretrain for _, pictures, _ in parts):
        parts.insert(0, ("pretrain", source.pretrain, None))
    return Walk(
        side=source.pretrain.side,
        count=sum(len(pictures) for _, pictures, _ in parts),
        batches=_batches(parts, source.class_names),
        account=Account(),
    )


def walk_split(name, pictures, labels, class_names):
    """Walks over one part of a source.

    Args:
        name: The part's name.
        pictures: Its pictures.
        labels: `[count]`, or None.
        class_names: One name a label.

    Returns:
        A `Walk` with the columns of `walk_source`.
    """
    batches = _batches([(name, pictures, labels)], class_names)
    return Walk(pictures.side, len(pictures), batches, Account())


def _batches(parts, class_names):
    for part, pictures, labels in parts:
        start = 0
        for batch in in_batches(pictures, BATCH):
            numbers = np.arange(start, start + len(batch))
            classes = [""] * len(batch)
            if labels is not None:
                classes = [
                    str(class_names[label]) for label in labels[numbers]
                ]
            columns = {
                "part": [part] * len(batch),
                "number": numbers.tolist(),
                "class": classes,
            }
            yield columns, batch
            start += len(batch)
