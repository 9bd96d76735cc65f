"""What the files of a folder hold, kept from one start to the next.

Pictures that are decoded as they are asked for are known by the SHA-256 of
their files. To read a million of them takes long: what is found is kept with
each file's size and time of change, in a listing for each folder, and only
what is new or has changed is read again.
"""

import hashlib
import operator
import os
import stat
import time

import numpy as np

from tfcmc.data.encoded import bad_image, threads
from tfcmc.data.images import ImageError
from tfcmc.data.kept import recall, remember
from tfcmc.data.overlap import DIGEST, UNREAD
from tfcmc.data.progress import Progress
from tfcmc.foundation.errors import is_passing

KIND = "folders"
# Of a path's key, and of a content, the first 8 bytes of a SHA-256.
FILE = np.dtype(
    [("key", "<u8"), ("size", "<i8"), ("changed", "<i8"), ("digest", "<u8")]
)
UNSURE = -1  # in the place of the time of change: to be read again
FRESH = 2 * 10**9  # ns: what changed as lately may change again unseen
CHUNK = 256  # files that a thread takes at once
PIECE = 2**20  # bytes that it has of one in memory
EVERY = 60  # seconds after which what was read so far is kept


class Listing:
    """What is known of the files beneath a folder.

    Args:
        on_bad_image: "stop"; or "skip": a file that cannot be read has a
            digest of zeros, and whoever decodes it tells.

    Attributes:
        files: How many were looked at.
        read: How many of them were read.
    """

    def __init__(self, root, on_bad_image: str):
        self.files = self.read = 0
        self._root = root
        self._stops = on_bad_image == "stop"
        self._begun = time.time_ns()
        kept = recall(KIND, root, {"files": FILE})
        # Rows in the order of their keys.
        self._known = np.zeros(0, FILE) if kept is None else kept["files"]
        self._found = []  # of each part looked at
        self._next = time.monotonic() + EVERY

    def digests(self, parts: dict) -> dict:
        """Looks at files, and reads those that are new or have changed.

        Args:
            parts: Part to its `FileList`.

        Returns:
            Part to the digests of its files, in order, in one string.

        Raises:
            UsageError: if one cannot be read, with "stop".
        """
        progress = Progress("files looked at", sum(map(len, parts.values())))
        try:
            found = {
                part: self._look_at(files, progress)["digest"].tobytes()
                for part, files in parts.items()
            }
        except BaseException:
            self._keep_for_now()
            raise
        if self.read or self.files < len(self._known):
            _keep(self._root, self._found)  # without what is gone
        self._found, self._known = [], None
        return found

    def notes(self) -> list[str]:
        """Returns what the user should know of it, one line each."""
        if self.read == self.files:
            told = "were read, once: the next start reads what has changed"
        else:
            told = f"were looked at, and {self.read:,} read, new or changed"
        return [f"{self.files:,} files {told}"]

    def _look_at(self, files, progress):
        """Returns a row for each file of a part."""
        rows = self._matching(files.keys(self._root))
        self._found.append(rows)

        def look(start):
            before = rows[start : start + CHUNK].tolist()
            paths = files.files(range(start, start + len(before)))
            after = list(map(self._row, paths, before))
            rows[start : start + CHUNK] = after
            return len(before), sum(map(operator.is_not, before, after))

        starts = range(0, len(rows), CHUNK)
        for count, read in threads().map(look, starts):
            self.files += count
            self.read += read
            progress.add(count)
            if time.monotonic() > self._next:
                self._keep_for_now()
        return rows

    def _matching(self, keys):
        """Returns the rows that are known for keys, or such that none is."""
        rows = np.zeros(len(keys), FILE)
        rows["changed"] = UNSURE
        if len(self._known):
            places = np.searchsorted(self._known["key"], keys)
            found = self._known[places.clip(max=len(self._known) - 1)]
            same = found["key"] == keys
            rows[same] = found[same]
        rows["key"] = keys
        return rows

    def _row(self, path, row):
        """Returns the row of a file: the one that is known, if it holds."""
        key, size, changed, _ = row
        try:
            status = os.stat(path)
            if (status.st_size, status.st_mtime_ns) == (size, changed):
                return row
            if not stat.S_ISREG(status.st_mode):
                raise ImageError(path, "not a regular file")
            digest, length = hashlib.sha256(), 0
            with open(path, "rb") as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
                    length += len(piece)
            if not length:
                raise ImageError(path, "the file is empty")
        except (OSError, ImageError) as error:
            if is_passing(error):
                raise
            if self._stops:
                if isinstance(error, OSError):
                    error = ImageError(path, error.strerror)
                raise bad_image(error) from error
            return key, 0, UNSURE, UNREAD
        fresh = status.st_mtime_ns > self._begun - FRESH
        changed = UNSURE if fresh else status.st_mtime_ns
        number = int.from_bytes(digest.digest()[:DIGEST], "little")
        return key, length, changed, number

    def _keep_for_now(self):
        """Keeps what was found so far, and what is still to be looked at."""
        _keep(self._root, [*self._found, self._known])
        self._next = time.monotonic() + EVERY


def _keep(root, found):
    """Writes a listing; of rows with the same key the first counts."""
    rows = np.concatenate(found)
    rows = rows[rows["changed"] != UNSURE]
    _, first = np.unique(rows["key"], return_index=True)
    remember(KIND, root, {"files": rows[first]})
