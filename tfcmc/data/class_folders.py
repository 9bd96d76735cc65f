"""Which files beneath a folder are images, and of which class."""

import os
import unicodedata

from tfcmc.checks import UsageError
from tfcmc.data.images import is_image


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


def classes_of(part):
    """Finds the images of every class folder.

    Args:
        part: Path of the folder of the class folders.

    Returns:
        `(found, empty)`: class to its images, of those that have any; and the
        names of the others.

    Raises:
        UsageError: if a folder cannot be read or is in two classes, or an
            image is in none.
    """
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


def odd_names(names, empty):
    """Tells class folders that may be mistakes.

    Args:
        names: Names of classes.
        empty: Names of class folders without an image.

    Returns:
        Notes, one line each.
    """
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


def _refuse(error):
    raise UsageError(
        "`data` must be a folder that can be read. "
        f"Received: {error.filename!r}: {error.strerror}"
    ) from error
