"""Files of arrays that are broken, wrong or hostile."""

import io
import math
import os
import zipfile

import numpy as np
import pytest
from tfcmc.experiment.stage import read_source

from tests.dirty.case import ANY, Case, all_of, bounded, noise, source_of
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan

GOOD = {
    "x_train": noise(1, 4, 16, 16, 3),
    "y_train": np.array([0, 1, 0, 1]),
    "x_test": noise(2, 2, 16, 16, 3),
    "y_test": np.array([1, 0]),
}
FILE = f"'{ANY}/x.npz'"
WHOLE = "`data` must be a whole file as np.savez writes it. Received: "
ONE = "`data` must be npz:FILE, with a file that can be read. Received: "
DAMAGED = "`data` must be an .npz file of arrays. "
DAMAGED += f"Received: {FILE}, with x_train: {ANY}"
PICTURES = "of pictures [count, height, width, 3] of uint8"


class Trap:
    """Ends the test if it is ever unpickled."""

    def __reduce__(self):
        return (pytest.exit, ("unpickled",))


def _read(path):
    return source_of(f"npz:{path}")


def _npz(folder, **arrays):
    path = folder / "x.npz"
    arrays = (GOOD | arrays).items()
    np.savez(path, **{k: v for k, v in arrays if v is not None})
    return path


def _refused(name, gets, act=_read, **arrays):
    told = f"`data` must be an .npz file {gets}"
    return Case(name, lambda folder: _npz(folder, **arrays), told, act)


def _broken(name, gets, make, act=_read):
    return Case(name, make, gets, act)


def _bytes(change):
    """Writes the good file with its bytes changed."""

    def make(folder):
        path = _npz(folder)
        path.write_bytes(change(bytearray(path.read_bytes())))
        return path

    return make


def _member(name, data, kind=zipfile.ZIP_DEFLATED):
    """Writes the good file with one member's own bytes."""

    def make(folder):
        path = _npz(folder, **{name: None})
        with zipfile.ZipFile(path, "a", kind) as file:
            file.writestr(f"{name}.npy", data)
        return path

    return make


def _header(text):
    """The bytes of an array with a header of one's own."""
    text = text.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def _shape(descr, *shape):
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"


def _hollow(name, descr, *shape):
    """Writes the good file with an array that says what it does not hold.

    Its zip entry says so too: no byte of it may be read.
    """

    def make(folder):
        header = _header(_shape(descr, *shape))
        size = len(header) + np.dtype(descr).itemsize * math.prod(shape)
        path = _member(name, header)(folder)
        data = bytearray(path.read_bytes())
        place = data.rindex(f"{name}.npy".encode()) - 46 + 24
        data[place : place + 4] = size.to_bytes(4, "little")
        path.write_bytes(data)
        return path

    return make


def _flipped(folder):
    """Writes the good file, compressed, with a byte of it changed."""
    file = io.BytesIO()
    np.save(file, GOOD["x_train"])
    path = _member("x_train", file.getvalue())(folder)
    data = bytearray(path.read_bytes())
    place = data.rindex(b"x_train.npy", 0, len(data) - 300)
    data[place + 900] ^= 255
    path.write_bytes(data)
    return path


def _long_head(folder):
    """Writes the good file with a header that is nearly all spaces."""
    size = 2**26
    head = b"\x93NUMPY\x02\x00" + size.to_bytes(4, "little")
    return _member("x_train", head + b" " * size)(folder)


def _locked(data):
    """Marks the first member as encrypted, in both of its places."""
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


def _plan(path):
    return read_source(make_plan(make_config({"data": f"npz:{path}"})))


def _fifo(folder):
    os.mkfifo(folder / "x.npz")
    return folder / "x.npz"


def _text(folder):
    (folder / "x.npz").write_text("<html>404 Not Found</html>")
    return folder / "x.npz"


def _single(folder):
    np.save(folder / "x.npz.npy", GOOD["x_train"])
    os.rename(folder / "x.npz.npy", folder / "x.npz")
    return folder / "x.npz"


def _column(source):
    assert source.probe_train.labels.tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(all_of(source.pretrain), GOOD["x_train"])


WRONG_NAME = np.array([0x110000, 0x110000], "<u4").view("<U1")
OBJECTS = np.array([Trap(), Trap()], object)
NESTED = _header("(" * 5000)

ARRAYS = [
    _broken("no such .npz", f"{ONE}{FILE}", lambda f: f / "x.npz"),
    _broken("a FIFO for an .npz", f"{ONE}{FILE}", _fifo),
    _broken("a folder for an .npz", f"{ONE}'{ANY}'", lambda f: f),
    _broken("an HTML page for an .npz", f"{WHOLE}{FILE}: {ANY}", _text),
    _broken("an empty .npz", f"{WHOLE}{FILE}: {ANY}", _bytes(lambda d: b"")),
    _broken("an .npz cut short", f"{WHOLE}{FILE}: {ANY}",
            _bytes(lambda d: d[: len(d) // 2])),
    _broken("a single array for an .npz", f"{WHOLE}{FILE}: {ANY}", _single),
    _broken("an .npz that is encrypted", f"{DAMAGED}encrypted{ANY}",
            _bytes(_locked)),
    _broken("an .npz with a wrong byte", DAMAGED,
            _flipped),
    _broken(
        "an .npz by bzip2, of which a thousand bytes may unpack to 3 GB",
        f"{DAMAGED}not packed as np.savez packs it",
        _member("x_train", b"", zipfile.ZIP_BZIP2),
    ),
    _broken(
        "an array's header of 64 MB", DAMAGED, _long_head,
        bounded(_read, 2**25),
    ),
    _broken(
        "an array's header that is nested without end",
        DAMAGED, _member("x_train", NESTED),
    ),
    _broken(
        "an array's header that names no type",
        DAMAGED, _member("x_train", _header(_shape("zz", 1))),
    ),
    _broken(
        "an array of negative lengths",
        f"`data` must be an .npz file of whole arrays. Received: {FILE}, with"
        " y_train of (-2, -2) in 4 bytes",
        _member("y_train", _header(_shape("|u1", -2, -2)) + b"abcd"),
    ),
    _broken(
        "labels that unpack to 4 GB",
        "`data` must be an .npz file whose y_train is one whole number a "
        f"picture (4). Received: {FILE}, with y_train [4000000000] of uint8",
        _hollow("y_train", "|u1", 4_000_000_000),
    ),
    _broken(
        "class names that unpack to 4 GB",
        "`data` must be an .npz file whose labels and names take at most "
        f"268435456 bytes. Received: {FILE}, with class_names [10] of "
        "<U100000000",
        _hollow("class_names", "<U100000000", 10),
    ),
    _broken(
        "a picture of 4 GB",
        "`data` must be an .npz file of pictures that fit in memory one at a "
        f"time. Received: {FILE}, with x_unlabeled [1, 37000, 37000, 3]: "
        f"decoding it takes 15.30 GiB, and --memory-limit leaves {ANY} GiB",
        _hollow("x_unlabeled", "|u1", 1, 37000, 37000, 3),
    ),
    _refused("float pictures", f"{PICTURES}. Received: {FILE}, with x_train "
             "[4, 16, 16, 3] of float32",
             x_train=GOOD["x_train"].astype("f4") / 255),
    _refused("pictures of one channel", f"{PICTURES}. Received: {FILE}, with "
             "x_train [4, 16, 16, 1] of uint8",
             x_train=noise(3, 4, 16, 16, 1)),
    _refused("pictures with channels first", f"{PICTURES}. Received: {FILE}, "
             "with x_test [2, 3, 16, 16] of uint8",
             x_test=noise(3, 2, 3, 16, 16)),
    _refused("no pictures", f"{PICTURES}. Received: {FILE}, with x_train "
             "[0, 16, 16, 3] of uint8", x_train=noise(3, 0, 16, 16, 3)),
    _refused("pictures in Fortran order", "of arrays in C order "
             f"(np.ascontiguousarray). Received: {FILE}, with x_test in "
             "Fortran order", x_test=np.asfortranarray(GOOD["x_test"])),
    _refused("Python objects for labels", "without Python objects, which are "
             f"never unpickled. Received: {FILE}, with y_test",
             y_test=OBJECTS),
    _refused("Python objects for pictures", "without Python objects, which "
             f"are never unpickled. Received: {FILE}, with x_test",
             x_test=OBJECTS),
    _refused("no y_test", "with x_train, y_train, x_test, y_test, or with "
             f"x_unlabeled. Received: {FILE}, with x_test, x_train, y_train",
             y_test=None),
    _refused("float labels", "whose y_train is one whole number a picture (4)"
             f". Received: {FILE}, with y_train [4] of float64",
             y_train=np.array([0.0, 1, 0, 1])),
    _refused("fewer labels than pictures", "whose y_train is one whole number "
             f"a picture (4). Received: {FILE}, with y_train [3] of int64",
             y_train=np.array([0, 1, 0])),
    _refused("one-hot labels", "whose y_train is one whole number a picture "
             f"(4). Received: {FILE}, with y_train [4, 2] of int64",
             y_train=np.eye(2, dtype=int)[[0, 1, 0, 1]]),
    _refused("negative labels", "whose labels are from 0 and below 100,000. "
             f"Received: {FILE}, with -1 to 1 in y_train",
             y_train=np.array([0, 1, -1, 1])),
    _refused("a label of a million", "whose labels are from 0 and below "
             f"100,000. Received: {FILE}, with 0 to 1000000 in y_train",
             y_train=np.array([0, 1, 10**6, 1])),
    _refused("a label of test that train lacks", "whose y_test has only "
             f"labels of y_train. Received: {FILE}, with 2 in y_test",
             y_test=np.array([1, 2])),
    _refused("fewer class names than classes", "whose class_names are 2 "
             f"strings or more. Received: {FILE}, with class_names [1] of <U3",
             class_names=np.array(["ant"])),
    _refused("class names of bytes", "whose class_names are 2 strings or more"
             f". Received: {FILE}, with class_names [2] of |S3",
             class_names=np.array([b"ant", b"bee"])),
    _refused("class names that are no characters", "whose class_names are "
             f"text. Received: {FILE}, with what is none",
             class_names=WRONG_NAME),
    Case(
        "pictures of one pixel", lambda f: _npz(
            f, x_train=noise(1, 4, 1, 1, 3), x_test=noise(1, 2, 1, 1, 3)),
        "`data` must be pictures of at least 8 pixels a side, or "
        "--picture-side must enlarge them. Received: 1x1", _plan,
    ),
    Case("labels in a column", lambda f: _npz(
        f, y_train=GOOD["y_train"][:, None]), "their numbers", _read, _column),
    Case("arrays that are not asked for", lambda f: _npz(f, more=OBJECTS),
         "the others; they are not read", _read, _column),
]  # fmt: skip
