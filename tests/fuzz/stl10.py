"""A coverage-guided fuzz of the reader of STL-10's own files.

python -m tests.fuzz.stl10 -runs=100000 FOLDER

Pictures are of 2x2 pixels instead of 96x96, so that mutation has little to
change. Anything but a `UsageError` is a finding, and so are labels that are
not those of the pictures.
"""

import gzip
import io
import pathlib
import sys
import tarfile
import tempfile

import atheris

with atheris.instrument_imports(include=["tfcmc", "tarfile"]):
    from tfcmc.data import stl10_files
    from tfcmc.data.base import Reading
    from tfcmc.foundation.errors import UsageError

SIDE = 2
RECORD = 3 * SIDE * SIDE
FILES = {
    "unlabeled_X.bin": bytes(range(2 * RECORD)),
    "train_X.bin": bytes(range(2 * RECORD)),
    "train_y.bin": b"\x0a\x01",
    "test_X.bin": bytes(range(RECORD)),
    "test_y.bin": b"\x05",
    "fold_indices.txt": b"0 1\n1\n",
    "class_names.txt": b"a b c d e f g h i j",
}
# The first byte says how the rest is read.
FOLDER, TAR, GZIP = range(3)
BETWEEN = b"\xfe\xed"  # files of a folder


def seeds():
    """Returns whole inputs of every kind, for mutation to start from."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in FILES.items():
            member = tarfile.TarInfo(f"stl10_binary/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    tar = file.getvalue()
    return [
        bytes([FOLDER]) + BETWEEN.join(FILES.values()),
        bytes([TAR]) + tar,
        bytes([GZIP]) + gzip.compress(tar),
    ]


def write(folder, data):
    """Writes the input as a folder, or as an archive."""
    kind, data = data[0] % 3, data[1:]
    for path in folder.iterdir():
        path.unlink()
    if kind == FOLDER:
        for name, part in zip(FILES, data.split(BETWEEN), strict=False):
            (folder / name).write_bytes(part)
        return
    data = gzip.compress(data, 1) if kind == TAR else data
    (folder / stl10_files.ARCHIVE).write_bytes(data)


def read(folder):
    """Reads what was written: right, or refused."""
    archive = folder / stl10_files.ARCHIVE
    # All in memory: a disk is slow, and full after a while.
    reading = Reading(memory_limit=2**20)
    try:
        if archive.exists():
            files = stl10_files.from_archive(archive, reading)
        else:
            files = stl10_files.from_folder(folder, reading)
        for part, labels in files.labels.items():
            if len(labels) != len(files.pictures[part]):
                raise AssertionError(part)
            if labels.min() < 0 or labels.max() > 9:
                raise AssertionError(labels)
        numbers = stl10_files.fold_numbers(files, 0)
        files.pictures["train"].read(numbers)
    except UsageError as error:
        if str(error).count("\n") > 1:
            raise AssertionError(str(error)) from error


def try_bytes(folder, data):
    """Tries one input."""
    if data:
        write(folder, data)
        read(folder)


def main():
    """Fuzzes until told to stop."""
    stl10_files.SIDE, stl10_files.RECORD = SIDE, RECORD
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        atheris.Setup(sys.argv, lambda data: try_bytes(folder, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
