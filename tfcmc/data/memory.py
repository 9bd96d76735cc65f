"""Arrays in the memory of this process."""

import hashlib
import weakref

import numpy as np

from tfcmc.data.base import SOURCES
from tfcmc.data.npz import Arrays, source_of
from tfcmc.foundation.errors import UsageError, must

# Word to `Held`, for as long as somebody holds that.
HELD = weakref.WeakValueDictionary()


class Held(Arrays):
    """Arrays that were given.

    Args:
        arrays: Name, as in an .npz file, to array.

    Attributes:
        word: What tells them from others.
    """

    def __init__(self, arrays: dict):
        self.arrays = {
            name: np.ascontiguousarray(array) for name, array in arrays.items()
        }
        self.names = sorted(arrays)
        digest = hashlib.sha256()
        for name in self.names:
            array = self.arrays[name]
            digest.update(f"{name}{array.dtype}{array.shape}".encode())
            if not array.dtype.hasobject:  # they are refused, in a line
                digest.update(_bytes_of(array))
        self.word = f"arrays-{digest.hexdigest()[:8]}"

    @property
    def spec(self) -> str:
        """What a setting `data` calls them."""
        return f"memory:{self.word}"

    def refuse(self, condition, received):
        """Returns the error for arrays that break a condition."""
        return UsageError(
            f"`data` must be arrays {condition}. Received: {received}"
        )

    def head(self, name):
        """Returns an array's type, shape and a stream of its bytes."""
        array = self.arrays[name]
        if array.dtype.hasobject:
            raise self.refuse("without Python objects", name)
        return array.dtype, array.shape, _Stream(array)


def hold(arrays: dict) -> Held:
    """Holds arrays; equal ones, that somebody holds already, once."""
    held = Held(arrays)
    return HELD.setdefault(held.word, held)


class _Stream:
    """The bytes of an array, read one after the other without a copy."""

    def __init__(self, array):
        self._bytes = _bytes_of(array)
        self._start = 0

    def read(self, count=None):
        end = None if count is None else self._start + count
        piece = self._bytes[self._start : end]
        self._start += len(piece)
        return piece


def _bytes_of(array):
    return memoryview(array.reshape(-1).view(np.uint8))


def check(argument, data_dir=None):
    """Raises a `UsageError` unless the arrays are in this process."""
    if argument not in HELD:
        told = "given again, as these were in the memory of a process"
        raise must("data", told, f"memory:{argument}")


@SOURCES.register(
    "memory", takes_argument=True, extra={"epochs": 20, "check": check}
)
def memory(reading, argument):
    """Reads arrays that a caller in Python gave.

    Raises:
        UsageError: as `npz`.
    """
    check(argument)
    return source_of(HELD[argument], reading)
