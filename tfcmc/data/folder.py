"""A folder of image files."""

import os
import pathlib

import numpy as np

from tfcmc.checks import UsageError, must
from tfcmc.data.base import (
    DEFAULT_SIDE,
    SOURCES,
    UNLABELLED,
    Source,
    Split,
)
from tfcmc.data.class_folders import classes_of, images_beneath, odd_names
from tfcmc.data.decode import decode, skipped
from tfcmc.data.images import (
    EXTENSIONS,
    ImageError,
    quiet,
    size,
)
from tfcmc.data.pictures import common_limit, keep
from tfcmc.data.walk import Walk
from tfcmc.paths import expanded

PEEK = 32  # images whose heads are read to find the data's own side
SMALLEST_OWN_SIDE, LARGEST_OWN_SIDE = 8, 128
NO_LABELS = (
    "the probe is skipped: there are no folders train/CLASS and test/CLASS"
)


def check(argument, data_dir=None):
    """Raises a `UsageError` unless the argument is a folder."""
    if not os.path.isdir(expanded("data", argument)):
        raise must("data", "folder:DIR, with an existing folder", argument)


def walk(reading, argument):
    """Walks over every image beneath a folder, whatever its sub-folders.

    Args:
        reading: A `Reading`.
        argument: The folder.

    Returns:
        A `Walk` with the column `name`: the file's, relative to the folder.

    Raises:
        UsageError: if there are no images; and on the way at one that cannot
            be read, if `on_bad_image` is "stop".
    """
    check(argument)
    root = expanded("data", argument)
    paths = images_beneath(root)
    if not paths:
        raise _no_images(argument)
    side = reading.side or _own_side(paths)
    bad = []

    def batches():
        found = ((path, os.path.relpath(path, root)) for path in paths)
        names = []
        for pictures in decode(found, side, reading.on_bad_image, names, bad):
            yield {"name": names.copy()}, pictures
            names.clear()

    return Walk(side, len(paths), batches(), bad)


@SOURCES.register(
    "folder",
    takes_argument=True,
    extra={"epochs": 20, "check": check, "walk": walk},
)
def folder(reading, argument):
    """Reads image files from a folder.

    With train/CLASS and test/CLASS, probes are fitted on one and judged on
    the other; pictures are learnt from unlabeled/, or from train/ without
    its labels. In any other folder, all images beneath are learnt from.
    Hidden files and files that are no images by their name are left out.

    Args:
        reading: A `Reading`.
        argument: The folder.

    Returns:
        A `Source`.

    Raises:
        UsageError: if there are no images, an image cannot be read and
            `on_bad_image` is "stop", or the classes disagree.
    """
    check(argument)
    names, files, notes = _find(pathlib.Path(expanded("data", argument)))
    if not files:
        raise _no_images(argument)
    parts, left_out = _read_all(files, reading)
    notes += left_out
    splits = {
        role: Split(pictures, np.array(labels, np.int64))
        for role, (pictures, labels) in parts.items()
        if role != "pretrain"
    }
    return Source(
        pretrain=parts["pretrain" if "pretrain" in parts else "train"][0],
        probe_train=splits.get("train"),
        test=splits.get("test"),
        class_names=names,
        unseen=bool(names) and "pretrain" in parts,
        notes=tuple(notes) if names else (NO_LABELS, *notes),
    )


def _no_images(argument):
    return UsageError(
        f"`data` must be a folder with images ({', '.join(EXTENSIONS)}) "
        f"anywhere beneath it. Received: {argument!r}, which has none"
    )


def _find(root):
    """Returns class names, role to list of `(path, label)`, and notes."""
    (train, empty), (test, _) = map(
        classes_of, (root / "train", root / "test")
    )
    names = tuple(sorted(train)) if train and test else ()
    if names and (strange := sorted(set(test) - set(names))):
        raise UsageError(
            "`data` must have every class of test in train too. "
            f"Received: {', '.join(map(repr, strange[:5]))} only in test"
        )
    files = {"train": [], "test": []}
    for label, name in enumerate(names):
        files["train"] += [(path, label) for path in train[name]]
        files["test"] += [(path, label) for path in test.get(name, ())]
    unlabelled = _unlabelled(root, bool(names))
    files["pretrain"] = [(path, None) for path in unlabelled]
    notes = odd_names(names, empty) if names else []
    files = {role: found for role, found in files.items() if found}
    return names, files, notes


def _unlabelled(root, labelled):
    for name in UNLABELLED:
        beneath = root / name
        if os.path.isdir(beneath) and (found := images_beneath(beneath)):
            return found
    return [] if labelled else images_beneath(root)


def _read_all(files, reading):
    """Returns role to `(pictures, labels)`, and notes on what was left out.

    Args:
        files: Role to list of `(path, label)`.
        reading: A `Reading`.
    """
    side = reading.side or _own_side([p for f in files.values() for p, _ in f])
    total = sum(map(len, files.values()))
    limit = common_limit(total, side, reading.memory_limit)
    parts, bad = {}, []
    for role, found in files.items():
        kept = []
        batches = decode(found, side, reading.on_bad_image, kept, bad)
        pictures = keep(batches, side, len(found), limit)
        if not kept:
            raise UsageError(
                "`data` must have images that can be read for each of "
                f"{', '.join(files)}. Received: none for {role}; {bad[-1]}"
            )
        parts[role] = pictures, kept
    return parts, skipped(bad)


def _own_side(paths):
    sizes = set()
    with quiet():
        for path in paths[:PEEK]:
            try:
                sizes.add(size(path))
            except ImageError:
                continue  # reading it tells, if it matters
    if len(sizes) != 1:
        return DEFAULT_SIDE
    width, height = sizes.pop()
    own = SMALLEST_OWN_SIDE <= width == height <= LARGEST_OWN_SIDE
    return width if own else DEFAULT_SIDE
