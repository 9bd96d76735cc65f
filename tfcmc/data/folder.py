"""A folder of image files."""

import itertools
import os
import pathlib

import numpy as np

from tfcmc.data.base import DEFAULT_SIDE, SOURCES, make_source
from tfcmc.data.class_folders import Finder
from tfcmc.data.decode import Account, decode, read_parts
from tfcmc.data.formats import left_out
from tfcmc.data.images import own_side
from tfcmc.data.layout import find_layout
from tfcmc.data.listing import Listing
from tfcmc.data.streamed import check_whole, streamed
from tfcmc.data.walk import Walk
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.paths import expanded

PEEK = 256  # images whose heads are read to find the data's own side


def check(argument, data_dir=None):
    """Raises a `UsageError` unless the argument is a folder."""
    if not os.path.isdir(expanded("data", argument)):
        told = "folder:DIR or classes:DIR, with an existing folder"
        raise must("data", told, argument)


def reads(argument, path):
    """Says whether a file is one of the folder's images, or would be."""
    return Finder().would_find(expanded("data", argument), path)


def walk(reading, argument) -> Walk:
    """Walks over every image beneath a folder, whatever its sub-folders.

    The column `name` is the file's, relative to the folder.

    Raises:
        UsageError: if there are no images; and on the way at one that cannot
            be read, if `on_bad_image` is "stop".
    """
    check(argument)
    root = expanded("data", argument)
    finder = Finder()
    paths = finder.images_beneath(root)
    if not paths:
        raise _no_images(argument, finder.others)
    side = reading.side or _side_of(paths)
    account = Account(finder.others)
    decoded = decode(
        ((path, os.path.relpath(path, root)) for path in paths),
        side,
        reading.on_bad_image,
        reading.room(0, side),
        account,
    )
    batches = (({"name": names}, pictures) for names, pictures in decoded)
    return Walk(side, len(paths), batches, account)


IMAGE_FILES = {
    "epochs": 20,
    "encoded": True,
    "check": check,
    "reads": reads,
    "walk": walk,
    "check_whole": check_whole,
    "files": True,
}


@SOURCES.register("folder", takes_argument=True, extra=IMAGE_FILES)
def folder(reading, argument):
    """Reads image files from a folder.

    With train/CLASS and test/CLASS, probes are fitted on one and judged on
    the other; pictures are learnt from unlabeled/, or from train/ without
    its labels. Without test/CLASS, val/CLASS is judged on. In any other
    folder, all images beneath are learnt from, but never those of test/ or
    val/. Hidden files and files that are no images by their name are left
    out.

    Raises:
        UsageError: if there are no images to learn from, an image cannot be
            read and `on_bad_image` is "stop", or the classes disagree.
    """
    check(argument)
    layout = find_layout(pathlib.Path(expanded("data", argument)))
    return source_of(reading, argument, layout)


def source_of(reading, argument, layout):
    """Reads the images of a `Layout` of a folder."""
    files = {part: found for part, found in layout.files.items() if found}
    if not files:
        raise _no_images(argument, layout.others)
    side = reading.side or _side_of(*files.values())
    counts = {part: len(found) for part, found in files.items()}
    total = sum(counts.values())
    room = reading.room(total, side)
    kept = room.fits(total * side * side * 3) and not reading.whole
    if reading.packer is None and not kept:
        return _streamed(reading, argument, layout, files, side, room)
    unlabelled = itertools.repeat(None)
    tagged = {
        part: zip(found, layout.labels.get(part, unlabelled), strict=False)
        for part, found in files.items()
    }
    pictures, labels, notes = read_parts(
        tagged, counts, side, reading, layout.others
    )
    labels.pop("pretrain", None)
    labels = {part: np.array(y, np.int64) for part, y in labels.items()}
    notes = [*layout.notes, *notes]
    return make_source(pictures, labels, layout.class_names, notes)


def _streamed(reading, argument, layout, files, side, room):
    """Reads no picture yet: each batch is decoded as it is asked for."""
    listing = Listing(expanded("data", argument), reading.on_bad_image)
    digests = listing.digests(files)
    return streamed(
        files,
        layout.labels,
        digests,
        layout.class_names,
        side,
        room,
        reading,
        ([*layout.notes, *left_out(layout.others)], listing.notes()),
    )


def _no_images(argument, others):
    more = "".join(f"; {note}" for note in left_out(others))
    return UsageError(
        f"`data` must be a folder with images (.jpg, .png, .tif, ...) "
        f"anywhere beneath it. Received: {argument!r}, which has none{more}"
    )


def _side_of(*lists):
    """Returns the images' own side, by some of each folder, evenly spread."""
    folders = [
        (files, numbers) for files in lists for _, numbers in files.by_folder()
    ]
    each = -(-PEEK // len(folders))
    some = [
        files[number]
        for files, numbers in folders
        for number in _spread(numbers, each)
    ]
    return own_side(_spread(some, PEEK)) or DEFAULT_SIDE


def _spread(items, count):
    """Returns at most `count` items, evenly spread from first to last."""
    if len(items) <= count:
        return items
    rows = np.linspace(0, len(items) - 1, count).round().astype(int)
    return [items[row] for row in rows]
