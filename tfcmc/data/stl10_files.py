"""STL-10 as its authors publish it: an archive, or its unpacked folder.

Pictures are records of three channels of 96 columns of 96 pixels; labels are
bytes from 1; the folds are lines of indices into the train pictures.
"""

import contextlib
import dataclasses
import gzip
import os
import tarfile
import zlib

import numpy as np

from tfcmc.data.pictures import RecordPictures, in_batches, keep
from tfcmc.data.room import Room
from tfcmc.foundation.errors import UsageError

FOLDER = "stl10_binary"
ARCHIVE = "stl10_binary.tar.gz"
SIDE = 96
RECORD = 3 * SIDE * SIDE
PICTURES = {
    "unlabeled_X.bin": "pretrain",
    "train_X.bin": "train",
    "test_X.bin": "test",
}
LABELS = {"train": "train_y.bin", "test": "test_y.bin"}
FOLDS, NAMES = "fold_indices.txt", "class_names.txt"
SMALL = (*LABELS.values(), FOLDS, NAMES)
# As class_names.txt has them.
CLASS_NAMES = tuple(
    "airplane bird car cat deer dog horse monkey ship truck".split()
)
CLASSES = len(CLASS_NAMES)
BATCH = 256
# What tarfile and gzip raise on damaged bytes, or headers without end.
DAMAGE = (tarfile.TarError, zlib.error, EOFError, OSError, ValueError)
DAMAGE += (RecursionError,)
MOST_SMALL = 2**24  # bytes of a file, or a header, that is not of pictures
# Types of members that hold names and attributes of the next one.
HEADERS = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
HEADERS += (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)


class _Member(tarfile.TarInfo):
    """A member of an archive, checked before tarfile reads its headers."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        member = super().frombuf(buf, encoding, errors)
        if member.type in HEADERS and member.size > MOST_SMALL:
            raise tarfile.ReadError(f"a header of {member.size} bytes")
        return member


@dataclasses.dataclass(frozen=True)
class Files:
    """What the published files hold."""

    pictures: dict  # "pretrain", "train" and "test" to pictures
    labels: dict  # "train" and "test" to [count], int64, from 0
    class_names: tuple  # of the ten classes
    folds: tuple  # the lines of fold_indices.txt


def has_files(folder) -> bool:
    """Says whether a folder is the unpacked archive, or a part of it."""
    return any((folder / name).is_file() for name in PICTURES)


def from_folder(folder, reading) -> Files:
    """Reads the unpacked folder: into memory, or where it lies.

    Raises:
        UsageError: if files are missing or are not as published.
    """
    with contextlib.ExitStack() as opened:
        records, small = {}, {}
        for name in (*SMALL, *PICTURES):
            path = folder / name
            if name in SMALL and not path.is_file():
                continue
            file = opened.enter_context(_open(path))
            size = os.fstat(file.fileno()).st_size
            if name in SMALL:
                small[name] = _small(file, size, path)
            else:
                records[PICTURES[name]] = RecordPictures(
                    file, _count(size, path), SIDE, decode=decode
                )
        files = _files(records, small, folder)
        side = reading.side or SIDE
        room = reading.room(sum(map(len, records.values())), side)
        for part, stored in records.items():
            batches = in_batches(stored, BATCH)
            if side != SIDE or room.fits(len(stored) * RECORD):
                files.pictures[part] = keep(batches, side, len(stored), room)
        if any(files.pictures[part] is records[part] for part in records):
            opened.pop_all()
    return files


def from_archive(path, reading) -> Files:
    """Reads the archive as it was downloaded, without unpacking it.

    Raises:
        UsageError: if it is not whole, or not as published.
    """
    try:
        with _open(path) as file, gzip.open(file) as stream:
            with tarfile.open(
                fileobj=stream, mode="r|", tarinfo=_Member
            ) as archive:
                pictures, small = _members(archive, path, reading)
            # The checksum comes last, after tar's own end.
            while stream.read(2**20):
                pass
    except UsageError:
        raise
    except DAMAGE as error:
        raise UsageError(
            f"`data` must be a whole {ARCHIVE}; fetch it again. "
            f"Received: {str(path)!r}: {error}"
        ) from error
    return _files(pictures, small, path)


def _members(archive, path, reading):
    """Returns part to pictures, and name to bytes of the small files."""
    # How many come is not known before: what fits is kept.
    room, side = Room(0, reading.memory_limit), reading.side or SIDE
    pictures, small = {}, {}
    for member in archive:
        name = os.path.basename(member.name)
        if member.isfile() and name in PICTURES:
            count = _count(member.size, f"{path}/{name}")
            batches = _batches(archive.extractfile(member), count)
            pictures[PICTURES[name]] = keep(batches, side, count, room)
        elif member.isfile() and name in SMALL:
            file = archive.extractfile(member)
            small[name] = _small(file, member.size, f"{path}/{name}")
    return pictures, small


def _batches(file, count):
    for start in range(0, count, BATCH):
        data = file.read(min(BATCH, count - start) * RECORD)
        yield decode(np.frombuffer(data, np.uint8))


def decode(records):
    """Turns the bytes of records into pictures `[count, 96, 96, 3]`."""
    columns = records.reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(columns.transpose(0, 3, 2, 1))


def fold_numbers(files, fold):
    """Returns the numbers of the train pictures of a fold, from 0.

    Raises:
        UsageError: if fold_indices.txt lacks it or is not as published.
    """
    count = len(files.labels["train"])
    words = files.folds[fold].split() if fold < len(files.folds) else []
    # Python reads no number of thousands of digits.
    whole = all(
        word.isdecimal() and len(word) < 10 and int(word) < count
        for word in words
    )
    if not words or not whole:
        raise UsageError(
            f"`fold` must be a line of {FOLDS} with numbers below {count}. "
            f"Received: {fold}, with {len(files.folds)} lines"
        )
    return np.array(list(map(int, words)), np.int64)


def _open(path):
    # Opening a pipe of that name would wait for ever.
    why = "not a regular file"
    try:
        if not os.path.exists(path) or os.path.isfile(path):
            return open(path, "rb")
    except OSError as error:
        why = error.strerror
    raise UsageError(
        f"`data` must have all files of STL-10. Received: {str(path)!r}: {why}"
    )


def _small(file, size, path):
    """Reads a file of labels, folds or names; a bomb is not read."""
    if size > MOST_SMALL:
        raise UsageError(
            f"`data` must have labels, folds and names of at most "
            f"{MOST_SMALL} bytes. Received: {str(path)!r} of {size} bytes"
        )
    return file.read()


def _count(size, path):
    if size % RECORD or not size:
        raise UsageError(
            f"`data` must have whole pictures of {RECORD} bytes. "
            f"Received: {str(path)!r} of {size} bytes"
        )
    return size // RECORD


def _files(pictures, small, where):
    missing = [n for n, part in PICTURES.items() if part not in pictures]
    missing += [name for name in LABELS.values() if name not in small]
    if missing:
        raise UsageError(
            "`data` must have all files of STL-10. "
            f"Received: {str(where)!r} without {', '.join(missing)}"
        )
    names = small.get(NAMES, b"").decode("latin-1").split()
    return Files(
        pictures=dict(pictures),
        labels={
            part: _labels(small[name], len(pictures[part]), f"{where}/{name}")
            for part, name in LABELS.items()
        },
        class_names=tuple(names) if len(names) == CLASSES else CLASS_NAMES,
        folds=tuple(small.get(FOLDS, b"").decode("latin-1").splitlines()),
    )


def _labels(data, count, path):
    labels = np.frombuffer(data, np.uint8).astype(np.int64)
    if len(labels) != count:
        raise UsageError(
            f"`data` must have one label a picture, {count}. "
            f"Received: {str(path)!r} of {len(labels)}"
        )
    if labels.min() < 1 or labels.max() > CLASSES:
        raise UsageError(
            f"`data` must have labels from 1 to {CLASSES}. Received: "
            f"{str(path)!r} with {labels.min()} to {labels.max()}"
        )
    return labels - 1
