"""Pictures: many uint8 pictures of one size, read by number.

Whatever the source, pictures are an object with `len()`, `side` and
`read(numbers) -> [count, side, side, 3]` uint8, in the order of the numbers.
What fits in memory is an array; what does not is read from a file, a record
at a time, so that memory stays bounded while any order of reading stays
possible.

Where some could not be read, `numbers` are those that each had in its part,
`[count]`: -1 where another picture stands in its place.
"""

import itertools
import os
import shutil
import tempfile

import numpy as np

from tfcmc.data.images import resize
from tfcmc.foundation.errors import UsageError


class ArrayPictures:
    """Pictures in memory, `[count, side, side, 3]`, uint8."""

    numbers = None

    def __init__(self, array):
        self.array = array
        self.side = array.shape[1]

    def __len__(self):
        return len(self.array)

    def read(self, numbers):
        return np.take(self.array, numbers, axis=0)


class RecordPictures:
    """Pictures in a file of records of one size, which is kept open.

    `decode` takes bytes `[count, side * side * 3]` and returns pictures; by
    default they are rows of pixels.
    """

    numbers = None

    def __init__(self, file, count, side, *, decode=None):
        self.side = side
        self._file = file
        self._count = count
        self._decode = decode or self._as_rows

    def __len__(self):
        return self._count

    def read(self, numbers):
        size = self.side * self.side * 3
        records = np.empty([len(numbers), size], np.uint8)
        for row, number in enumerate(numbers):
            data = os.pread(self._file.fileno(), size, int(number) * size)
            if len(data) < size:
                raise UsageError(
                    f"`data` must not change while they are read. Received: "
                    f"{self._file.name!r}, cut short since it was opened"
                )
            records[row] = np.frombuffer(data, np.uint8)
        return self._decode(records)

    def _as_rows(self, records):
        return records.reshape(-1, self.side, self.side, 3)


class Subset:
    """Some of the pictures of another object, those of `numbers`."""

    def __init__(self, pictures, numbers):
        self.side = pictures.side
        self._pictures = pictures
        self._numbers = np.asarray(numbers)

    def __len__(self):
        return len(self._numbers)

    @property
    def whole(self):
        """Whether `crops` cuts out of whole pictures."""
        return getattr(self._pictures, "whole", False)

    def read(self, numbers):
        return self._pictures.read(self._numbers[numbers])

    def crops(self, numbers, *how):
        return self._pictures.crops(self._numbers[numbers], *how)


class Joined:
    """The pictures of several objects of one side, one after the other."""

    def __init__(self, parts):
        self.side = parts[0].side
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])

    def __len__(self):
        return int(self._starts[-1])

    def read(self, numbers):
        numbers = np.asarray(numbers)
        out = np.empty([len(numbers), self.side, self.side, 3], np.uint8)
        which = np.searchsorted(self._starts, numbers, side="right") - 1
        for part, pictures in enumerate(self._parts):
            rows = np.flatnonzero(which == part)
            if len(rows):
                out[rows] = pictures.read(numbers[rows] - self._starts[part])
        return out


def keep(batches, side, expected, room):
    """Keeps pictures: in memory where they fit, else in a temporary file.

    Args:
        batches: Iterable of arrays `[count, height, width, 3]`, uint8.
        side: Side in pixels to which they are scaled and cut.
        expected: How many pictures will come, or more.
        room: The `Room` that they are kept in.

    Raises:
        UsageError: if they go to a file, and the disk has no room for it.
    """
    size = side * side * 3
    count = 0
    if room.fits(expected * size):
        room.keep(expected * size)
        array = np.empty([expected, side, side, 3], np.uint8)
        for batch in batches:
            array[count : count + len(batch)] = resize(batch, side)
            count += len(batch)
        return ArrayPictures(array[:count])
    _check_disk(expected * size)
    file = tempfile.TemporaryFile(prefix="tfcmc-pictures-")
    for batch in batches:
        content = resize(batch, side).tobytes()
        count += len(batch)
        try:
            file.write(content)
            file.flush()
        except OSError as error:  # else told as of the data's own files
            raise _no_room(error.strerror) from error
    return RecordPictures(file, count, side)


def _check_disk(wanted):
    """Checks that the disk has room: what decompresses may have none."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise _no_room(
            f"pictures of {wanted / 2**30:.1f} GiB, where "
            f"{free / 2**30:.1f} GiB are free"
        )


def _no_room(why):
    return UsageError(
        f"`data` must fit on the disk, or in memory with a larger "
        f"--memory-limit. Received: {why}, in {tempfile.gettempdir()!r}"
    )


def in_batches(pictures, size):
    """Yields all pictures in order, `size` at a time."""
    for start in range(0, len(pictures), size):
        yield pictures.read(np.arange(start, min(start + size, len(pictures))))


def batched(items, size):
    """Yields lists of `size` items, the last one shorter."""
    items = iter(items)
    while batch := list(itertools.islice(items, size)):
        yield batch
