"""An .npz file of arrays."""

import math
import os
import struct
import zipfile
import zlib

import numpy as np

from tfcmc.data.base import (
    DEFAULT_SIDE,
    MOST_CLASSES,
    SOURCES,
    UNLABELLED,
    make_source,
)
from tfcmc.data.pictures import keep
from tfcmc.foundation.arrays import open_array
from tfcmc.foundation.errors import UsageError, must, reason_of
from tfcmc.foundation.paths import expanded, is_same

LABELLED = ("x_train", "y_train", "x_test", "y_test")
BATCH_BYTES = 2**23  # of one chunk of a file
MOST_SMALL = 2**28  # bytes of labels or class names
COPIES = 4  # of a picture's bytes, at most, while it is scaled
# What zipfile, its decompressors and NumPy raise on damaged bytes.
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error)
DAMAGE += (EOFError, OSError, RuntimeError, ValueError)
NO_LABELS = "the probe is skipped: there are no x_train and y_train"


def check(argument, data_dir=None):
    """Raises a `UsageError` unless the argument is a readable file."""
    path = expanded("data", argument)
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise must("data", "npz:FILE, with a file that can be read", argument)


def reads(argument, path):
    """Says whether a file is this one, by any name."""
    return is_same(expanded("data", argument), path)


@SOURCES.register(
    "npz",
    takes_argument=True,
    extra={"epochs": 20, "check": check, "reads": reads},
)
def npz(reading, argument):
    """Reads arrays x_unlabeled, x_train, y_train, x_test and y_test.

    Pictures are `[count, height, width, 3]` uint8 and labels `[count]` whole
    numbers from 0. Without x_unlabeled, x_train is learnt from; with only
    x_unlabeled, the probe is skipped. An array class_names of strings names
    the labels. Arrays are read in pieces, and objects are never unpickled.

    Raises:
        UsageError: if arrays are missing, are not such arrays or disagree.
    """
    check(argument)
    try:
        with open(expanded("data", argument), "rb") as raw:
            return source_of(Arrays(zipfile.ZipFile(raw), argument), reading)
    except UsageError:
        raise
    except DAMAGE as error:
        raise UsageError(
            "`data` must be a whole file as np.savez writes it. "
            f"Received: {argument!r}: {error}"
        ) from error


class Arrays:
    """The arrays of an open file, each checked before it is read."""

    def __init__(self, file, path):
        self._file = file
        self._path = path
        self.names = sorted(
            name.removesuffix(".npy")
            for name in file.namelist()
            if name.endswith(".npy")
        )

    def refuse(self, condition, received):
        """Returns the error for a file that breaks a condition."""
        return UsageError(
            f"`data` must be an .npz file {condition}. Received: "
            f"{self._path!r}, with {received}"
        )

    def head(self, name):
        """Returns an array's type, shape and a stream of its bytes."""
        member = self._file.getinfo(f"{name}.npy")
        try:
            shape, by_columns, dtype, stream = open_array(self._file, member)
        except Exception as error:
            # NumPy's own reader lets through what tokenize, ast and its
            # types raise on a header that is damaged.
            why = f"{name}: {reason_of(error)}"
            raise self.refuse("of arrays", why) from error
        if dtype.hasobject:
            wanted = "without Python objects, which are never unpickled"
            raise self.refuse(wanted, name)
        if by_columns:
            wanted = "of arrays in C order (np.ascontiguousarray)"
            raise self.refuse(wanted, f"{name} in Fortran order")
        size = member.file_size - stream.tell()
        full = math.prod(shape) * dtype.itemsize == size
        if not full or min(shape, default=0) < 0:
            received = f"{name} of {shape} in {size} bytes"
            raise self.refuse("of whole arrays", received)
        return dtype, shape, stream

    def small(self, name, fits, condition):
        """Returns a whole array, if its type and shape fit.

        Nothing is read before: a file of a few bytes may hold gigabytes.
        """
        dtype, shape, stream = self.head(name)
        received = f"{name} {list(shape)} of {dtype}"
        if not fits(dtype, shape):
            raise self.refuse(condition, received)
        if math.prod(shape) * dtype.itemsize > MOST_SMALL:
            raise self.refuse(
                f"whose labels and names take at most {MOST_SMALL} bytes",
                received,
            )
        return np.frombuffer(stream.read(), dtype).reshape(shape)

    def shape(self, name):
        """Returns the shape of an array, which must be one of pictures."""
        dtype, shape, _ = self.head(name)
        whole = len(shape) == 4 and shape[3] == 3 and 0 not in shape
        if dtype != np.uint8 or not whole:
            raise self.refuse(
                "of pictures [count, height, width, 3] of uint8",
                f"{name} {list(shape)} of {dtype}",
            )
        return shape

    def batches(self, name):
        """Yields the pictures of an array."""
        _, shape, stream = self.head(name)
        size = math.prod(shape[1:])
        rows = max(1, BATCH_BYTES // size)
        for start in range(0, shape[0], rows):
            wanted = min(rows, shape[0] - start) * size
            if len(data := stream.read(wanted)) != wanted:
                raise EOFError(f"{name} ends early")
            yield np.frombuffer(data, np.uint8).reshape(-1, *shape[1:])


def source_of(arrays: Arrays, reading):
    """Gives the arrays their roles."""
    names = [f"x_{n}" for n in UNLABELLED if f"x_{n}" in arrays.names][:1]
    parts = dict.fromkeys(names, "pretrain")
    labelled = bool({"x_train", "y_train"} & set(arrays.names))
    missing = set(LABELLED) - set(arrays.names)
    if missing and (labelled or not parts):
        raise arrays.refuse(
            f"with {', '.join(LABELLED)}, or with x_unlabeled",
            ", ".join(arrays.names) or "nothing",
        )
    labels, notes = {}, [NO_LABELS]
    if labelled:
        labels = {part: _labels(arrays, part) for part in ("train", "test")}
        parts |= {"x_train": "train", "x_test": "test"}
        notes = []
    pictures = _pictures(arrays, parts, reading)
    return make_source(pictures, labels, _class_names(arrays, labels), notes)


def _pictures(arrays, parts, reading):
    """Returns part to pictures, of a dict of array to part."""
    shapes = {name: arrays.shape(name) for name in parts}
    sizes = {shape[1:3] for shape in shapes.values()}
    side = reading.side
    if side is None:
        side = min(sizes.pop()) if len(sizes) == 1 else DEFAULT_SIDE
    room = reading.room(sum(s[0] for s in shapes.values()), side)
    for name, shape in shapes.items():
        try:
            with room.take(COPIES * math.prod(shape[1:])):
                pass
        except ValueError as error:
            raise arrays.refuse(
                "of pictures that fit in memory one at a time",
                f"{name} {list(shape)}: {error}",
            ) from error
    return {
        part: keep(arrays.batches(name), side, shapes[name][0], room)
        for name, part in parts.items()
    }


def _labels(arrays, part):
    count = arrays.shape(f"x_{part}")[0]
    labels = arrays.small(
        f"y_{part}",
        # In a column, as Keras's own datasets have them.
        lambda dtype, shape: (
            dtype.kind in "iu" and shape in ((count,), (count, 1))
        ),
        f"whose y_{part} is one whole number a picture ({count})",
    ).reshape(-1)
    if labels.min() < 0 or labels.max() >= MOST_CLASSES:
        raise arrays.refuse(
            f"whose labels are from 0 and below {MOST_CLASSES:,}",
            f"{labels.min()} to {labels.max()} in y_{part}",
        )
    return labels.astype(np.int64)


def _class_names(arrays, labels):
    if not labels:
        return ()
    if strange := sorted(set(labels["test"]) - set(labels["train"])):
        listed = ", ".join(map(str, strange[:5]))
        raise arrays.refuse(
            "whose y_test has only labels of y_train", f"{listed} in y_test"
        )
    count = int(labels["train"].max()) + 1
    if "class_names" not in arrays.names:
        return tuple(map(str, range(count)))
    names = arrays.small(
        "class_names",
        lambda dtype, shape: (
            dtype.kind == "U"
            and len(shape) == 1
            and count <= shape[0] <= MOST_CLASSES
            and dtype.itemsize > 0
        ),
        f"whose class_names are {count} strings or more",
    )
    # Python itself breaks on numbers that are no characters.
    codes = names.view(np.dtype("u4").newbyteorder(names.dtype.byteorder))
    if np.any((codes > 0x10FFFF) | (codes >> 11 == 0xD800 >> 11)):
        raise arrays.refuse("whose class_names are text", "what is none")
    return tuple(map(str, names))
