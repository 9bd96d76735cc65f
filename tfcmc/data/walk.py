"""A walk over every picture of a dataset, each with what names it."""

import dataclasses

import numpy as np

from tfcmc.data.decode import Account
from tfcmc.data.pictures import in_batches

BATCH = 256


@dataclasses.dataclass(frozen=True)
class Walk:
    """Pictures that come by once, in batches."""

    side: int  # in pixels
    count: int  # how many will come, or more where bad ones are skipped
    # Iterable of (columns, pictures): a dict of column name to one value a
    # picture, and [count, side, side, 3], uint8.
    batches: object
    account: Account  # of what was met so far


def walk_parts(parts, class_names) -> Walk:
    """Walks over parts of a source.

    The columns are `part` (pretrain, train or test), `number` (from 0 in its
    part, where those count that are skipped) and `class` (its name, or "").

    Args:
        parts: As `Source.parts` returns them.
        class_names: One a label.
    """
    count = sum(len(pictures) for _, pictures, _ in parts)
    batches = _batches(parts, class_names)
    return Walk(parts[0][1].side, count, batches, Account())


def _batches(parts, class_names):
    for part, pictures, labels in parts:
        start = 0
        for batch in in_batches(pictures, BATCH):
            rows = np.arange(start, start + len(batch))
            start += len(batch)
            # What stands for another is known only once it was read.
            numbers = getattr(pictures, "numbers", None)
            numbers = rows if numbers is None else numbers[rows]
            own = np.flatnonzero(numbers >= 0)
            if not len(own):
                continue
            classes = [""] * len(own)
            if labels is not None:
                classes = [str(class_names[n]) for n in labels[rows[own]]]
            columns = {
                "part": [part] * len(own),
                "number": numbers[own].tolist(),
                "class": classes,
            }
            yield columns, batch[own]
