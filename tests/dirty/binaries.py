"""STL-10's files, cut short, mixed up or hostile."""

import gzip
import io
import os
import tarfile

import numpy as np

from tests.dirty.case import ANY, Case, all_of, bounded, noise, source_of

RECORD = 27648
FILES = {
    "unlabeled_X.bin": noise(1, 3 * RECORD).tobytes(),
    "train_X.bin": noise(2, 2 * RECORD).tobytes(),
    "train_y.bin": b"\x0a\x01",
    "test_X.bin": noise(3, 2 * RECORD).tobytes(),
    "test_y.bin": b"\x01\x0a",
    "fold_indices.txt": b"1 0\n",
}
ALL = "`data` must have all files of STL-10. Received: "
ARCHIVE = "stl10_binary.tar.gz"
WHOLE = f"`data` must be a whole {ARCHIVE}; fetch it again. Received: "


def _folder(**changes):
    """Writes the unpacked files, some of them changed or left out."""

    def make(folder):
        for name, data in FILES.items():
            data = changes.get(name.partition(".")[0], data)
            if callable(data):
                data(folder / name)
            elif data is not None:
                (folder / name).write_bytes(data)
        return folder

    return make


def _add(archive, name, data=b"", **fields):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    archive.addfile(member, io.BytesIO(data))


def _archive(*more, change=bytes, place="stl10_binary/", **changes):
    """Packs the files, some changed, and other members after them."""

    def make(folder):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name, data in FILES.items():
                data = changes.get(name.partition(".")[0], data)
                if data is not None:
                    _add(archive, place + name, data)
            for name, data, fields in more:
                _add(archive, name, data, **fields)
        data = gzip.compress(file.getvalue(), 1)
        inner = folder / "data"
        inner.mkdir()
        (inner / ARCHIVE).write_bytes(change(data))
        return inner

    return make


def _sparse(folder):
    """An archive whose pictures are a hole of 2 PB, with no bytes in it."""
    hole = 2**51 // RECORD * RECORD
    member = tarfile.TarInfo("stl10_binary/unlabeled_X.bin")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:398] = b"00000000000\0"
    header[398:410] = b"00000000000\0"
    header[483:495] = tarfile.itn(hole, 12, tarfile.GNU_FORMAT)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = folder / ARCHIVE
    path.write_bytes(gzip.compress(bytes(header) + bytes(1024)))
    return folder


def _headers(size, count):
    """Writes an archive of headers for long names, each of some bytes."""

    def make(folder):
        member = tarfile.TarInfo("name")
        member.type, member.size = tarfile.GNUTYPE_LONGNAME, size
        header = member.tobuf(tarfile.GNU_FORMAT) + bytes(size)
        (folder / ARCHIVE).write_bytes(gzip.compress(header * count, 1))
        return folder

    return make


def _read(folder, spec="stl10"):
    return source_of(spec, folder)


def _fold(folder):
    return _read(folder, "stl10(fold=0)")


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


ZIP_BOMB = ("stl10_binary/class_names.txt", bytes(2**24 + 1), {})
LINK = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}

BINARIES = [
    Case("STL-10 without its pictures to learn from",
         _folder(unlabeled_X=None),
         f"{ALL}'{ANY}/unlabeled_X.bin': No such file or directory", _read),
    Case("STL-10 without labels", _folder(train_y=None),
         f"{ALL}'{ANY}' without train_y.bin", _read),
    Case("STL-10's pictures with a byte too few",
         _folder(train_X=FILES["train_X.bin"][:-1]),
         f"`data` must have whole pictures of 27648 bytes. Received: '{ANY}"
         "/train_X.bin' of 55295 bytes", _read),
    Case("STL-10's pictures without a byte", _folder(test_X=b""),
         f"`data` must have whole pictures of 27648 bytes. Received: '{ANY}"
         "/test_X.bin' of 0 bytes", _read),
    Case("STL-10 with a label too many", _folder(test_y=b"\1\1\1"),
         f"`data` must have one label a picture, 2. Received: '{ANY}"
         "/test_y.bin' of 3", _read),
    Case("STL-10 with labels from 0", _folder(train_y=b"\0\1"),
         f"`data` must have labels from 1 to 10. Received: '{ANY}"
         "/train_y.bin' with 0 to 1", _read),
    Case("STL-10 with a FIFO for pictures", _folder(train_X=os.mkfifo),
         f"{ALL}'{ANY}/train_X.bin': not a regular file", _read),
    Case("STL-10 with a folder for pictures", _folder(train_X=os.mkdir),
         f"{ALL}'{ANY}/train_X.bin': not a regular file", _read),
    Case("STL-10 with labels of 17 MB", _folder(train_y=bytes(2**24 + 1)),
         "`data` must have labels, folds and names of at most 16777216 bytes. "
         f"Received: '{ANY}/train_y.bin' of 16777217 bytes", _read),
    Case("a fold of words", _folder(fold_indices=b"one two\n"),
         "`fold` must be a line of fold_indices.txt with numbers below 2. "
         "Received: 0, with 1 lines", _fold),
    Case("a fold with a number beyond the pictures",
         _folder(fold_indices=b"0 2\n"),
         "`fold` must be a line of fold_indices.txt with numbers below 2. "
         "Received: 0, with 1 lines", _fold),
    Case("a fold with a number of 5,000 digits",
         _folder(fold_indices=b"9" * 5000),
         "`fold` must be a line of fold_indices.txt with numbers below 2. "
         "Received: 0, with 1 lines", _fold),
    Case("an archive cut short", _archive(change=lambda d: d[:-2000]),
         f"{WHOLE}'{ANY}/{ARCHIVE}': {ANY}", _read),
    Case("an archive without its last bytes",
         _archive(change=lambda d: d[:-4]),
         f"{WHOLE}'{ANY}/{ARCHIVE}': {ANY}", _read),
    Case("an archive that is an HTML page",
         _archive(change=lambda d: b"<html>404 Not Found</html>"),
         f"{WHOLE}'{ANY}/{ARCHIVE}': {ANY}", _read),
    Case("an archive with a wrong byte",
         _archive(change=lambda d: d[:9000] + b"\xff\0\xff" + d[9003:]),
         f"{WHOLE}'{ANY}/{ARCHIVE}': {ANY}", _read),
    Case("an archive that is not a tar",
         _archive(change=lambda d: gzip.compress(noise(9, 5000).tobytes())),
         f"{WHOLE}'{ANY}/{ARCHIVE}': {ANY}", _read),
    Case("an archive with a member cut short",
         _archive(train_X=FILES["train_X.bin"][:-1]),
         f"`data` must have whole pictures of 27648 bytes. Received: '{ANY}"
         "/train_X.bin' of 55295 bytes", _read),
    Case("an archive without test", _archive(test_X=None, test_y=None),
         f"{ALL}'{ANY}/{ARCHIVE}' without test_X.bin, test_y.bin", _read),
    Case("an archive with labels of 17 MB of zeros", _archive(ZIP_BOMB),
         "`data` must have labels, folds and names of at most 16777216 bytes. "
         f"Received: '{ANY}/class_names.txt' of 16777217 bytes", _read),
    Case("an archive whose pictures are a hole of 2 PB", _sparse,
         "`data` must fit on the disk, or in memory with a larger "
         f"--memory-limit. Received: pictures of 2097152.0 GiB for '{ANY}', "
         f"where {ANY} GiB are free", _read),
    Case("an archive with a name of 64 MB", _headers(2**26, 1),
         f"{WHOLE}'{ANY}/{ARCHIVE}': a header of 67108864 bytes",
         bounded(_read, 2**25)),
    Case("an archive of headers without end", _headers(512, 2000),
         f"{WHOLE}'{ANY}/{ARCHIVE}': maximum recursion depth exceeded{ANY}",
         _read),
    Case("an archive with paths that lead out of it",
         _archive(("../../evil.txt", b"x", {}), ("/tmp/evil.txt", b"x", {}),
                  ("stl10_binary/train_X.bin", b"", LINK), place="../../"),
         "its pictures; nothing is written", _outside, _right),
]  # fmt: skip
