"""STL-10's files, cut short, mixed up or hostile."""

import gzip
import io
import os
import tarfile

import numpy as np

from tests.dirty.case import Case, all_of, bounded, noise, source_of

RECORD = 27648
NAMES = [f"class{number}" for number in range(10)]
FILES = {
    "unlabeled_X.bin": noise(1, 3 * RECORD).tobytes(),
    "train_X.bin": noise(2, 2 * RECORD).tobytes(),
    "train_y.bin": b"\x0a\x01",
    "test_X.bin": noise(3, 2 * RECORD).tobytes(),
    "test_y.bin": b"\x01\x0a",
    "fold_indices.txt": b"1 0 \n1\n",
    "class_names.txt": "\n".join(NAMES).encode(),
}
ARCHIVE = "stl10_binary.tar.gz"


def _read(folder, spec="stl10"):
    return source_of(spec, folder)


def _fold(lines):
    return _folder(lambda folder: _read(folder, "stl10(fold=0)"),
                   fold_indices=lines)  # fmt: skip


def _changed(changes):
    """The files, some of them changed, left out or added."""
    names = {name.partition(".")[0]: name for name in FILES}
    files = FILES | {names[each]: data for each, data in changes.items()}
    return {n: data for n, data in files.items() if data is not None}


def unpack(folder, **changes):
    """Writes the unpacked files, some of them changed or left out."""
    for name, data in _changed(changes).items():
        if callable(data):
            data(folder / name)
        else:
            (folder / name).write_bytes(data)
    return folder


def pack(folder, *more, change=bytes, place="stl10_binary/", **changes):
    """Packs the files, some changed, and other members after them."""
    file = io.BytesIO()
    members = [(place + n, d, {}) for n, d in _changed(changes).items()]
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data, fields in (*members, *more):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data))
    packed = gzip.compress(file.getvalue(), 1)
    (folder / ARCHIVE).write_bytes(change(packed))
    return folder


def _folder(act=_read, **changes):
    return Case(lambda folder: unpack(folder, **changes), act)


def _archive(*more, act=_read, check=None, **changes):
    return Case(lambda folder: pack(folder, *more, **changes), act, check)


def _tar(data, act=_read):
    """An archive of bytes of one's own."""

    def make(folder):
        (folder / ARCHIVE).write_bytes(gzip.compress(data(), 1))
        return folder

    return Case(make, act)


def _sparse():
    """Pictures that are a hole of 2 PB, with no bytes in it."""
    hole = 2**51 // RECORD * RECORD
    member = tarfile.TarInfo("stl10_binary/unlabeled_X.bin")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:398] = b"00000000000\0"
    header[398:410] = b"00000000000\0"
    header[483:495] = tarfile.itn(hole, 12, tarfile.GNU_FORMAT)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def _long_name(size):
    """A header for a name of so many bytes."""
    member = tarfile.TarInfo("name")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, size
    return member.tobuf(tarfile.GNU_FORMAT) + bytes(size)


def _right(source):
    for part, split in (("train", source.probe_train), ("test", source.test)):
        records = np.frombuffer(FILES[f"{part}_X.bin"], np.uint8)
        want = records.reshape(2, 3, 96, 96).transpose(0, 3, 2, 1)
        np.testing.assert_array_equal(all_of(split.pictures), want)
        labels = [n - 1 for n in FILES[f"{part}_y.bin"]]
        assert split.labels.tolist() == labels


def _outside(folder):
    """Reads an archive with paths that lead out; nothing is written."""
    before = sorted(folder.parent.rglob("*"))
    source = _read(folder)
    assert sorted(folder.parent.rglob("*")) == before
    return source


MANY = bytes(2**24 + 1)
SHORT = FILES["train_X.bin"][:-1]
LINK = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}

BINARIES = {
    "STL-10 without its pictures to learn from": _folder(unlabeled_X=None),
    "STL-10 without labels": _folder(train_y=None),
    "STL-10's pictures with a byte too few": _folder(train_X=SHORT),
    "STL-10's pictures without a byte": _folder(test_X=b""),
    "STL-10 with a label too many": _folder(test_y=b"\1\1\1"),
    "STL-10 with labels from 0": _folder(train_y=b"\0\1"),
    "STL-10 with a FIFO for pictures": _folder(train_X=os.mkfifo),
    "STL-10 with a folder for pictures": _folder(train_X=os.mkdir),
    "STL-10 with labels of 17 MB": _folder(train_y=MANY),
    "a fold of words": _fold(b"one two\n"),
    "a fold with a number beyond the pictures": _fold(b"0 2\n"),
    "a fold with a number of 5,000 digits": _fold(b"9" * 5000),
    "an archive cut short": _archive(change=lambda d: d[:-2000]),
    "an archive without its last bytes": _archive(change=lambda d: d[:-4]),
    "an archive that is an HTML page":
        _archive(change=lambda d: b"<html>404 Not Found</html>"),
    "an archive with a wrong byte":
        _archive(change=lambda d: d[:9000] + b"\xff\0\xff" + d[9003:]),
    "an archive that is not a tar": _tar(lambda: noise(9, 5000).tobytes()),
    "an archive with a member cut short": _archive(train_X=SHORT),
    "an archive without test": _archive(test_X=None, test_y=None),
    "an archive with labels of 17 MB of zeros":
        _archive(("stl10_binary/class_names.txt", MANY, {})),
    "an archive whose pictures are a hole of 2 PB": _tar(_sparse),
    "an archive with a name of 64 MB":
        _tar(lambda: _long_name(2**26), bounded(_read, 2**25)),
    "an archive of headers without end": _tar(lambda: _long_name(512) * 2000),
    "an archive with paths that lead out of it":
        _archive(("../evil.txt", b"x", {}), ("/tmp/evil.txt", b"x", {}),
                 ("stl10_binary/train_X.bin", b"", LINK), place="../",
                 act=_outside, check=_right),
}  # fmt: skip
