"""A folder of image files."""

import os
import pathlib
import unicodedata

import numpy as np

from tfcmc.checks import UsageError, must
from tfcmc.data.base import (
    DEFAULT_SIDE,
    SOURCES,
    UNLABELLED,
    Source,
    Split,
)
from tfcmc.data.decode import decode, skipped
from tfcmc.data.images import (
    EXTENSIONS,
    ImageError,
    is_image,
    quiet,
    size,
)
from tfcmc.data.pictures import common_limit, keep
from tfcmc.data.walk import Walk

PEEK = 32  # images whose heads are read to find the data's own side
SMALLEST_OWN_SIDE, LARGEST_OWN_SIDE = 8, 128
NO_LABELS = (
    "the probe is skipped: there are no folders train/CLASS and test/CLASS"
)


def check(argument, data_dir=None):
    """Raises a `UsageError` unless the argument is a folder."""
    if not os.path.isdir(os.path.expanduser(argument)):
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
    root = os.path.expanduser(argument)
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
    names, files, notes = _find(pathlib.Path(argument).expanduser())
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


def images_beneath(root):
    """Finds the image files beneath a folder, through links too.

    Args:
        root: The folder.

    Returns:
        Their paths, in an order that depends on their names alone.

    Raises:
        UsageError: if a folder cannot be read.
    """
    return _walked(root)[0]


def _walked(root):
    """Returns the images beneath a folder, and the folders they lie in."""
    found, seen = [], set()
    start = os.path.join(os.path.realpath(root), "")
    walk = os.walk(root, followlinks=True, onerror=_refuse)
    for place, inner, names in walk:
        # A link back to a folder above would otherwise never end, and would
        # bring a class the images of the others.
        real = os.path.join(os.path.realpath(place), "")
        if real in seen or (real != start and start.startswith(real)):
            inner.clear()
            continue
        seen.add(real)
        inner[:] = sorted(n for n in inner if not n.startswith("."))
        names = sorted(filter(is_image, names))
        found += [os.path.join(place, name) for name in names]
    return found, seen


def _no_images(argument):
    return UsageError(
        f"`data` must be a folder with images ({', '.join(EXTENSIONS)}) "
        f"anywhere beneath it. Received: {argument!r}, which has none"
    )


def _refuse(error):
    raise UsageError(
        "`data` must be a folder that can be read. "
        f"Received: {error.filename!r}: {error.strerror}"
    ) from error


def _classes(part):
    """Returns class to images, of those that have any; and the others."""
    if not os.path.isdir(part):
        return {}, []
    try:
        entries = sorted(os.listdir(part))
    except OSError as error:
        _refuse(error)
    folders = [
        name
        for name in entries
        if os.path.isdir(part / name) and not name.startswith(".")
    ]
    found, owner = {}, {}
    for name in folders:
        found[name], places = _walked(part / name)
        for place in places:
            other = owner.setdefault(place, name)
            if other != name and found[name]:
                raise UsageError(
                    f"`data` must have every folder of {part.name} in one "
                    f"class. Received: {place!r} in {other!r} and {name!r}"
                )
    empty = [name for name in folders if not found[name]]
    found = {name: paths for name, paths in found.items() if paths}
    loose = [n for n in entries if is_image(n) and n not in folders]
    if found and loose:
        raise UsageError(
            f"`data` must have the images of {part.name} in folders, one a "
            f"class. Received: {str(part / loose[0])!r}"
        )
    return found, empty


def _find(root):
    """Returns class names, role to list of `(path, label)`, and notes."""
    (train, empty), (test, _) = map(_classes, (root / "train", root / "test"))
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
    notes = _odd_names(names, empty) if names else []
    files = {role: found for role, found in files.items() if found}
    return names, files, notes


def _odd_names(names, empty):
    """Returns notes on class folders that may be mistakes."""
    notes, alike = [], {}
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        alike.setdefault(key, []).append(name)
    for group in alike.values():
        if len(group) > 1:
            listed = " and ".join(map(repr, group))
            notes.append(f"{listed} are classes of their own")
    if empty:
        listed = ", ".join(map(repr, empty[:5]))
        notes.append(f"class folders without an image, left out: {listed}")
    return notes


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
