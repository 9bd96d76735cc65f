"""Which files beneath a folder are images, and of which class."""

import collections
import dataclasses
import os
import unicodedata

from tfcmc.data.file_list import FileList, joined
from tfcmc.data.formats import is_image, other_kind
from tfcmc.data.progress import Progress
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.paths import is_same
from tfcmc.runs.folder import is_written_here


@dataclasses.dataclass(frozen=True)
class ClassFolders:
    """The images of one folder: all are in class folders, or none."""

    name: str
    classes: dict  # class to its images, a `FileList`, where it has any
    empty: list  # names of the other folders
    loose: FileList  # the images that are in no class

    def __len__(self):
        return len(self.loose) + sum(map(len, self.classes.values()))

    @property
    def images(self) -> FileList:
        """All paths, whatever their class."""
        return joined([self.loose, *self.classes.values()])


class Finder:
    """Finds image files beneath folders; tells a folder that it cannot read.

    Attributes:
        others: `Counter` of the extensions of pictures and films that were
            met and cannot be read.
    """

    def __init__(self):
        self.others = collections.Counter()
        self._progress = Progress("files looked at")

    def images_beneath(self, root) -> FileList:
        """Returns the paths of the images beneath a folder, through links too.

        Their order depends on their names alone.
        """
        return self._walked(root)[0]

    def would_find(self, root, path) -> bool:
        """Says whether a file, there or not yet, is beneath a folder."""
        if not is_image(os.path.basename(path)):
            return False
        found, places = self._walked(root)
        place = os.path.join(os.path.dirname(os.path.realpath(path)), "")
        return place in places or any(is_same(path, each) for each in found)

    def one_class(self, part) -> ClassFolders:
        """Takes all images beneath a folder as of no class."""
        return ClassFolders(part.name, {}, [], self.images_beneath(part))

    def classes_of(self, part) -> ClassFolders:
        """Finds the images of every class folder in a folder.

        Raises:
            UsageError: if a folder cannot be read or is in two classes, or
                some images are in class folders and others in none.
        """
        folders, files = entries(part)
        loose = FileList(part, self.images_of(files))
        walked = {name: self._walked(part / name) for name in folders}
        _check_apart(part.name, walked)
        classes = {name: paths for name, (paths, _) in walked.items() if paths}
        if classes and loose:
            raise UsageError(
                f"`data` must have the images of {part.name} in folders, one "
                f"a class. Received: {loose[0]!r}"
            )
        empty = [name for name in walked if name not in classes]
        return ClassFolders(part.name, classes, empty, loose)

    def images_of(self, names):
        """Picks the images from the names of a folder's files, in order."""
        self._progress.add(len(names))
        images = sorted(filter(is_image, names))
        if len(images) < len(names):
            self.others.update(filter(None, map(other_kind, names)))
        return images

    def _walked(self, root):
        """Returns the images beneath a folder, and the folders they are in."""
        found, seen, runs = FileList(), set(), []
        start = os.path.join(os.path.realpath(root), "")
        walk = os.walk(root, followlinks=True, onerror=_refuse)
        for place, inner, names in walk:
            # A link back to a folder above would otherwise never end, and
            # would bring a class the images of the others.
            real = os.path.join(os.path.realpath(place), "")
            if real in seen or (real != start and start.startswith(real)):
                inner.clear()
                continue
            # Their figures are no data: a run would learn from its own.
            if real != start and is_written_here([*inner, *names]):
                inner.clear()
                runs.append(place)
                continue
            seen.add(real)
            inner[:] = sorted(n for n in inner if not n.startswith("."))
            found += FileList(place, self.images_of(names))
        if runs:
            note_once(
                f"{len(runs):,} folders with runs of tfcmc's own beneath "
                f"{root} are left out: {runs[0]} ..."
            )
        return found, seen


def entries(folder):
    """Lists a folder: its folders that are not hidden, in order; its files."""
    try:
        with os.scandir(folder) as scanned:
            found = {entry.name: _is_folder(entry) for entry in scanned}
    except OSError as error:
        _refuse(error)
    folders = [n for n in found if found[n] and not n.startswith(".")]
    return sorted(folders), [n for n in found if not found[n]]


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # as of a link to itself
        return False


def _check_apart(part, walked):
    """Checks that no folder is in two classes."""
    owner = {}
    for name, (paths, places) in walked.items():
        for place in places:
            other = owner.setdefault(place, name)
            if other != name and paths:
                raise UsageError(
                    f"`data` must have every folder of {part} in one "
                    f"class. Received: {place!r} in {other!r} and {name!r}"
                )


def odd_names(names, empty):
    """Returns notes on class folders that may be mistakes.

    Args:
        empty: Names of class folders without an image.
    """
    notes, alike = [], collections.defaultdict(list)
    for name in names:
        alike[unicodedata.normalize("NFC", name).casefold()].append(name)
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
