"""The paths of a million files, in tens of bytes each."""

import array
import bisect
import hashlib
import os

import numpy as np


class FileList:
    """Paths, folder by folder: each name's bytes, one after the other.

    Attributes:
        folders: The folder of each run of files, none twice in a row.
        starts: The number of the first file of each.
    """

    def __init__(self, folder=None, names=()):
        self.folders, self.starts = [], []
        self._names = bytearray()
        self._ends = array.array("q")  # of each name
        if names:
            self.folders.append(os.fspath(folder))
            self.starts.append(0)
            encoded = list(map(os.fsencode, names))
            self._names += b"".join(encoded)
            lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
            self._ends.frombytes(np.cumsum(lengths).tobytes())

    def __len__(self):
        return len(self._ends)

    def __getitem__(self, number):
        folder = self.folders[bisect.bisect_right(self.starts, number) - 1]
        return os.path.join(folder, os.fsdecode(self._name(number)))

    def __iter__(self):
        return map(self.__getitem__, range(len(self)))

    def __iadd__(self, other):
        """Adds the paths of another."""
        self.folders += other.folders
        self.starts += [len(self) + start for start in other.starts]
        ends = np.asarray(other._ends) + len(self._names)
        self._ends.frombytes(ends.tobytes())
        self._names += other._names
        return self

    def files(self, numbers) -> list[str]:
        """Returns some paths, for `EncodedPictures`."""
        return [self[number] for number in numbers]

    def take(self, rows) -> "FileList":
        """Returns the paths of some numbers, `[count]`, in rising order."""
        found = FileList()
        for folder, numbers in self.by_folder():
            ends = np.searchsorted(rows, [numbers.start, numbers.stop])
            names = map(self._name, rows[slice(*ends)])
            found += FileList(folder, list(map(os.fsdecode, names)))
        return found

    def by_folder(self):
        """Returns each folder with the range of its files' numbers."""
        ends = [*self.starts[1:], len(self)]
        return zip(self.folders, map(range, self.starts, ends), strict=True)

    def keys(self, root) -> np.ndarray:
        """Returns what each is told from others by, wherever the root lies.

        Args:
            root: The folder that all are beneath.

        Returns:
            `[count]`, uint64: of the SHA-256 of the path from there.
        """
        found = bytearray()
        for folder, numbers in self.by_folder():
            within = os.path.relpath(folder, root)
            begun = hashlib.sha256(os.fsencode(os.path.join(within, "")))
            for number in numbers:
                digest = begun.copy()
                digest.update(self._name(number))
                found += digest.digest()[:8]
        return np.frombuffer(found, "<u8")

    def _name(self, number):
        start = self._ends[number - 1] if number else 0
        return bytes(self._names[start : self._ends[number]])


def joined(lists) -> FileList:
    """Returns the paths of several, one after the other."""
    found = FileList()
    for each in lists:
        found += each
    return found
