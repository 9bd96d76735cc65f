"""Pictures: many uint8 pictures of one size, read by number.

Whatever the source, pictures are an object with `len()`, `side` and
`read(numbers) -> [count, side, side, 3]` uint8. What fits in memory is an
array; what does not is read from a file, a record at a time, so that memory
stays bounded while any order of reading stays possible.
"""

import itertools
import os
import shutil
import tempfile

import numpy as np

from tfcmc.foundation.errors import UsageError


class ArrayPictures:
    """Pictures in memory.

    Args:
        array: `[count, side, side, 3]`, uint8.
    """

    def __init__(self, array):
        self.array = array
        self.side = array.shape[1]

    def __len__(self):
        return len(self.array)

    def read(self, numbers):
        """Returns the pictures of these numbers, in their order."""
        return np.take(self.array, numbers, axis=0)


class RecordPictures:
    """Pictures in a file of records of one size.

    Args:
        file: An open binary file; it is kept open.
        count: How many pictures it holds.
        side: Their side in pixels.
        offset: Bytes before the first record.
        decode: Bytes `[count, side * side * 3]` to pictures; by default rows
            of pixels.
    """

    def __init__(self, file, count, side, *, offset=0, decode=None):
        self.side = side
        self._file = file
        self._count = count
        self._offset = offset
        self._decode = decode

    def __len__(self):
        return self._count

    def read(self, numbers):
        """Returns the pictures of these numbers, in their order."""
        size = self.side * self.side * 3
        records = np.empty([len(numbers), size], np.uint8)
        for row, number in enumerate(numbers):
            data = os.pread(
                self._file.fileno(), size, self._offset + int(number) * size
            )
            if len(data) < size:
                raise UsageError(
                    f"`data` must not change while they are read. Received: "
                    f"{self._file.name!r}, cut short since it was opened"
                )
            records[row] = np.frombuffer(data, np.uint8)
        if self._decode is not None:
            return self._decode(records)
        return records.reshape(-1, self.side, self.side, 3)


class Subset:
    """Some of the pictures of another object.

    Args:
        pictures: Pictures.
        numbers: `[count]`, which of them.
    """

    def __init__(self, pictures, numbers):
        self.side = pictures.side
        self._pictures = pictures
        self._numbers = np.asarray(numbers)

    def __len__(self):
        return len(self._numbers)

    def read(self, numbers):
        """Returns the pictures of these numbers, in their order."""
        return self._pictures.read(self._numbers[numbers])


class Joined:
    """The pictures of several objects, one after the other.

    Args:
        parts: Pictures of one side.
    """

    def __init__(self, parts):
        self.side = parts[0].side
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])

    def __len__(self):
        return int(self._starts[-1])

    def read(self, numbers):
        """Returns the pictures of these numbers, in their order."""
        numbers = np.asarray(numbers)
        out = np.empty([len(numbers), self.side, self.side, 3], np.uint8)
        which = np.searchsorted(self._starts, numbers, side="right") - 1
        for part, pictures in enumerate(self._parts):
            rows = np.flatnonzero(which == part)
            if len(rows):
                out[rows] = pictures.read(numbers[rows] - self._starts[part])
        return out


def keep(batches, side, expected, memory_limit):
    """Keeps decoded pictures: in memory where they fit, else in a file.

    The file is a temporary one that vanishes with the process.

    Args:
        batches: Iterable of arrays `[count, side, side, 3]`, uint8.
        side: Their side in pixels.
        expected: How many pictures will come, or more.
        memory_limit: Bytes above which they go to a file.

    Returns:
        Pictures.

    Raises:
        UsageError: if they go to a file, and the disk has no room for it.
    """
    size = side * side * 3
    if expected * size <= memory_limit:
        array = np.empty([expected, side, side, 3], np.uint8)
        count = 0
        for batch in batches:
            array[count : count + len(batch)] = batch
            count += len(batch)
        return ArrayPictures(array[:count])
    _check_room(expected * size)
    file = tempfile.TemporaryFile(prefix="tfcmc-pictures-")
    count = 0
    for batch in batches:
        file.write(np.ascontiguousarray(batch).tobytes())
        count += len(batch)
    file.flush()
    return RecordPictures(file, count, side)


def _check_room(wanted):
    """Checks that the disk has room: what decompresses may have none."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise UsageError(
            f"`data` must fit on the disk, or in memory with a larger "
            f"--memory-limit. Received: pictures of {wanted / 2**30:.1f} GiB "
            f"for {folder!r}, where {free / 2**30:.1f} GiB are free"
        )


def common_limit(count, side, memory_limit):
    """Returns the limit for each part of a source, as `keep` takes it.

    All in memory or all in files, so that the parts keep to the limit
    together.

    Args:
        count: How many pictures all parts have.
        side: Their side in pixels.
        memory_limit: Bytes that all parts may take in memory.

    Returns:
        `memory_limit` where they fit together, else 0.
    """
    return memory_limit if count * side * side * 3 <= memory_limit else 0


def in_batches(pictures, size):
    """Yields all pictures in order, `size` at a time."""
    for start in range(0, len(pictures), size):
        yield pictures.read(np.arange(start, min(start + size, len(pictures))))


def batched(items, size):
    """Yields lists of `size` items, the last one shorter."""
    items = iter(items)
    while batch := list(itertools.islice(items, size)):
        yield batch
