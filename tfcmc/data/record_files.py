"""Record files, which any order reads at random."""

import contextlib
import errno
import os
import threading

import numpy as np

from tfcmc.data.images import Encoded, ImageError
from tfcmc.foundation.errors import UsageError, reason_of
from tfcmc.foundation.lazy import LazyModule

resource = LazyModule("resource")  # which some systems lack
array_record = LazyModule("array_record.python.array_record_module")


class Records:
    """The records of some ArrayRecord files, each read where it lies.

    Args:
        paths: The files, one after the other.
        counts: How many records each has.
        image: What makes of a record the bytes of its image file; None where
            it is those.
    """

    def __init__(self, paths, counts, image=None):
        self._paths = list(map(os.fspath, paths))
        _allow_open(len(self._paths))
        self._starts = np.cumsum([0, *counts])
        self._image = image or bytes
        self._lock = threading.Lock()
        self._readers = {}

    def __len__(self):
        return int(self._starts[-1])

    def read(self, numbers) -> list[bytes]:
        """Returns the content of some records, in the order of numbers.

        Raises:
            UsageError: if they are damaged.
            OSError: if the process may open no more files.
        """
        numbers = np.asarray(numbers)
        out = [b""] * len(numbers)
        which = np.searchsorted(self._starts, numbers, side="right") - 1
        for shard in np.unique(which):
            rows = np.flatnonzero(which == shard)
            within = (numbers[rows] - self._starts[shard]).tolist()
            try:
                with self._lock:
                    found = self._reader(shard).read(within)
            except MemoryError:
                raise
            except Exception as error:
                # The library tells damage by several exceptions.
                if (many := os.strerror(errno.EMFILE)) in str(error):
                    path = self._paths[shard]
                    raise OSError(errno.EMFILE, many, path) from error
                told = f"{self._paths[shard]!r} ({reason_of(error)})"
                raise changed(told) from error
            for row, content in zip(rows, found, strict=True):
                out[row] = content
        return out

    def files(self, numbers) -> list:
        """Returns them as image files, for `EncodedPictures`."""
        try:
            found = self.read(numbers)
        except UsageError:
            return [self._file(number) for number in numbers]
        return list(map(self._encoded, numbers, found))

    def _file(self, number):
        """The image file of one record, or the `ImageError` of damage."""
        try:
            (content,) = self.read([number])
        except UsageError as error:
            return ImageError(Encoded(self._name(number), b""), error)
        return self._encoded(number, content)

    def _encoded(self, number, content):
        return Encoded(self._name(number), self._image(content))

    def _name(self, number):
        return f"picture {number} in {os.path.dirname(self._paths[0])}"

    def _reader(self, shard):
        if shard not in self._readers:
            # Reading ahead is of use to what reads in order.
            self._readers[shard] = array_record.ArrayRecordReader(
                self._paths[shard], "readahead_buffer_size:0"
            )
        return self._readers[shard]


def _allow_open(count):
    """Lets the process hold so many files open, and as many of other parts."""
    # In any order all are read before the first of them is again.
    with contextlib.suppress(ImportError, ValueError, OSError):
        soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4 * count + 512
        if most != resource.RLIM_INFINITY:
            wanted = min(wanted, most)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def changed(received) -> UsageError:
    """Makes the error for record files that are not as they were."""
    return UsageError(
        f"`data` must be records as they were packed. Received: {received}"
    )
