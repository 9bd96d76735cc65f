"""The pictures that a run's encoders find nearest to an image."""

import heapq
import itertools
import pathlib

import numpy as np

from tfcmc.data.images import ImageError, quiet, read
from tfcmc.experiment import elsewhere
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import as_trained, walk
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.lazy import settled
from tfcmc.foundation.text import printable
from tfcmc.losses.vectors import normalise
from tfcmc.report import figures
from tfcmc.report.figures.neighbours import Neighbour
from tfcmc.report.summary import count_epochs


@settled()
def neighbours(plan, run, image, out, *, count=8, everything=False):
    """Draws and prints the pictures nearest to an image.

    Nearest by the cosine of the features of all branches. A picture that is
    the image itself, pixel by pixel, is left out.

    Args:
        plan: The `Plan` of the run, with the data to search.
        run: The `Run` whose encoders see the pictures.
        image: Path of an image file.
        out: Path of the PNG, in a folder that is there.
        everything: Whether to search all pictures of the data, or only its
            test part where it has one.

    Returns:
        The `Neighbour`s found, the nearest first.
    """
    image = pathlib.Path(image)
    architecture, branches = open_trained(plan, run)
    plan = as_trained(plan, run)
    _read(image, 64)  # tells a bad image before the data are read
    walked = walk(plan, only=None if everything else "test")
    query = _read(image, walked.side)
    reader = architecture.reader(branches)
    found, searched = nearest(reader, query, walked.batches, count)
    for note in walked.account.notes():
        print(f"  note: {note}")
    if not found:
        raise must("data", "pictures other than the image", plan.config.data)
    among = f"{searched:,} pictures of {plan.config.data}"
    print(f"nearest to {printable(str(image))} among {among}:")
    for place, near in enumerate(found, start=1):
        label = f"{printable(near.label)}  " if near.label else ""
        where = printable(near.where)
        print(f"{place:4}  cosine {near.cosine:.3f}  {label}{where}")
    config = elsewhere.as_far(plan, run, architecture).config
    title = (
        f"nearest among {among}\n{config.loss}, "
        f"{count_epochs(config.epochs)}, seed {config.seed}"
    )
    figures.neighbours_sheet(
        query, image.name, found, title, pathlib.Path(out)
    )
    print(f"drawn in {out}")
    return found


def nearest(reader, query, batches, count):
    """Finds the nearest pictures as they come by.

    Args:
        query: The image, `[side, side, 3]`, uint8.
        batches: As in a `Walk`.

    Returns:
        `(found, searched)`: `Neighbour`s, and how many were looked at.
    """
    wanted = _directions(reader, query[None])[0]
    found, searched = [], 0
    for columns, pictures in batches:
        cosines = _directions(reader, pictures) @ wanted
        itself = (pictures == query).all(axis=(1, 2, 3))
        searched += len(pictures) - int(itself.sum())
        rows = np.flatnonzero(~itself)
        rows = rows[np.argsort(-cosines[rows], kind="stable")][:count]
        new = [_neighbour(columns, pictures, cosines, row) for row in rows]
        found = heapq.nlargest(
            count, itertools.chain(found, new), key=lambda near: near.cosine
        )
    return found, searched


def _directions(reader, pictures):
    """Returns the features of all branches as unit vectors."""
    return normalise(reader.whole(pictures).joined()).numpy()


def _neighbour(columns, pictures, cosines, row):
    if "name" in columns:
        label, where = "", columns["name"][row]
    else:
        label = columns["class"][row]
        where = f"{columns['part'][row]} {columns['number'][row]}"
    # A copy, since a slice would keep its whole batch.
    return Neighbour(float(cosines[row]), label, where, pictures[row].copy())


def _read(path, side):
    try:
        with quiet():
            return read(path, side)
    except ImageError as error:
        raise UsageError(
            f"`image` must be an image file that can be read. "
            f"Received: {error}"
        ) from None
