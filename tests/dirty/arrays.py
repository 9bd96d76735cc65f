"""Files of arrays that are broken, wrong or hostile."""

import io
import math
import os
import zipfile

import numpy as np
import pytest

from tests.dirty.case import (
    Case,
    all_of,
    bounded,
    edited,
    half,
    noise,
    same,
    source_of,
    then,
)
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import make_plan

RIGHT = {
    "x_train": noise(1, 4, 16, 16, 3),
    "y_train": np.array([0, 1, 0, 1]),
    "x_test": noise(2, 2, 16, 16, 3),
    "y_test": np.array([1, 0]),
}


class Trap:
    """Ends the test if it is ever unpickled."""

    def __reduce__(self):
        return (pytest.exit, ("unpickled",))


def _read(folder):
    return source_of(f"npz:{folder / 'x.npz'}")


def _plan(folder):
    settings = {"data": f"npz:{folder / 'x.npz'}"}
    return read_source(make_plan(make_config(settings)))


def _npz(**arrays):
    """Writes the right file, with arrays changed; None leaves one out."""

    def make(folder):
        kept = {k: v for k, v in (RIGHT | arrays).items() if v is not None}
        np.savez(folder / "x.npz", **kept)
        return folder

    return make


def _bad(make, act=_read):
    return Case(make, act)


def _with(act=_read, **arrays):
    return _bad(_npz(**arrays), act)


def _bytes(change):
    return _bad(then(_npz(), edited("x.npz", change)))


def _member(name, data, kind=zipfile.ZIP_DEFLATED):
    """Writes the right file with one member's own bytes."""

    def make(folder):
        _npz(**{name: None})(folder)
        with zipfile.ZipFile(folder / "x.npz", "a", kind) as file:
            file.writestr(f"{name}.npy", data)
        return folder

    return make


def _header(text):
    """The bytes of an array with a header of one's own."""
    text = text.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def _shape(descr, *shape):
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"


def _hollow(name, descr, *shape):
    """An array that says what it does not hold.

    Its zip entry says so too: no byte of it may be read.
    """
    header = _header(_shape(descr, *shape))
    size = len(header) + np.dtype(descr).itemsize * math.prod(shape)

    def declare(data):
        place = data.rindex(f"{name}.npy".encode()) - 46 + 24
        return data[:place] + size.to_bytes(4, "little") + data[place + 4 :]

    return _bad(then(_member(name, header), edited("x.npz", declare)))


def _flipped():
    """The right file, compressed, with a byte of it changed."""
    file = io.BytesIO()
    np.save(file, RIGHT["x_train"])

    def flip(data):
        place = data.rindex(b"x_train.npy", 0, len(data) - 300) + 900
        return data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]

    return _bad(then(_member("x_train", file.getvalue()),
                     edited("x.npz", flip)))  # fmt: skip


def _long_head(folder):
    """A header that is nearly all spaces."""
    size = 2**26
    head = b"\x93NUMPY\x02\x00" + size.to_bytes(4, "little")
    return _member("x_train", head + b" " * size)(folder)


def _locked(data):
    """Marks the first member as encrypted, in both of its places."""
    data = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


def _single():
    file = io.BytesIO()
    np.save(file, RIGHT["x_train"])
    return _bytes(file.getvalue())


def _column(source):
    assert source.probe_train.labels.tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(all_of(source.pretrain), RIGHT["x_train"])


OBJECTS = np.array([Trap(), Trap()], object)
NO_NAME = np.array([0x110000, 0x110000], "<u4").view("<U1")
NEGATIVE = _header(_shape("|u1", -2, -2)) + b"abcd"

ARRAYS = {
    "no such .npz": _bad(same),
    "a FIFO for an .npz": _bad(then(same, lambda f: os.mkfifo(f / "x.npz"))),
    "a folder for an .npz": _bad(same, lambda f: source_of(f"npz:{f}")),
    "an HTML page for an .npz": _bytes(b"<html>404 Not Found</html>"),
    "an empty .npz": _bytes(b""),
    "an .npz cut short": _bytes(half),
    "a single array for an .npz": _single(),
    "an .npz that is encrypted": _bytes(_locked),
    "an .npz with a wrong byte": _flipped(),
    "an .npz by bzip2, of which a thousand bytes may unpack to 3 GB":
        _bad(_member("x_train", b"", zipfile.ZIP_BZIP2)),
    "an array's header of 64 MB": _bad(_long_head, bounded(_read, 2**25)),
    "an array's header that is nested without end":
        _bad(_member("x_train", _header("(" * 5000))),
    "an array's header that names no type":
        _bad(_member("x_train", _header(_shape("zz", 1)))),
    "an array of negative lengths": _bad(_member("y_train", NEGATIVE)),
    "labels that unpack to 4 GB": _hollow("y_train", "|u1", 4_000_000_000),
    "class names that unpack to 4 GB":
        _hollow("class_names", "<U100000000", 10),
    "a picture of 4 GB": _hollow("x_unlabeled", "|u1", 1, 37000, 37000, 3),
    "float pictures": _with(x_train=RIGHT["x_train"].astype("f4") / 255),
    "pictures of one channel": _with(x_train=noise(3, 4, 16, 16, 1)),
    "pictures with channels first": _with(x_test=noise(3, 2, 3, 16, 16)),
    "no pictures": _with(x_train=noise(3, 0, 16, 16, 3)),
    "pictures in Fortran order":
        _with(x_test=np.asfortranarray(RIGHT["x_test"])),
    "Python objects for labels": _with(y_test=OBJECTS),
    "Python objects for pictures": _with(x_test=OBJECTS),
    "no y_test": _with(y_test=None),
    "float labels": _with(y_train=np.array([0.0, 1, 0, 1])),
    "fewer labels than pictures": _with(y_train=np.array([0, 1, 0])),
    "one-hot labels": _with(y_train=np.eye(2, dtype=int)[[0, 1, 0, 1]]),
    "negative labels": _with(y_train=np.array([0, 1, -1, 1])),
    "a label of a million": _with(y_train=np.array([0, 1, 10**6, 1])),
    "a label of test that train lacks": _with(y_test=np.array([1, 2])),
    "fewer class names than classes": _with(class_names=np.array(["ant"])),
    "class names of bytes": _with(class_names=np.array([b"ant", b"bee"])),
    "class names that are no characters": _with(class_names=NO_NAME),
    "pictures of one pixel":
        _with(_plan, x_train=noise(1, 4, 1, 1, 3),
              x_test=noise(1, 2, 1, 1, 3)),
    "labels in a column":
        Case(_npz(y_train=RIGHT["y_train"][:, None]), _read, _column),
    "arrays that are not asked for":
        Case(_npz(more=OBJECTS), _read, _column),
}  # fmt: skip
