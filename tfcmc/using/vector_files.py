"""Files of vectors, written a batch at a time: .npz, .csv and .parquet.

A row is a picture: what names it, and its vectors. Memory holds one batch
and the names, however many pictures there are.
"""

import contextlib
import csv
import importlib.util
import pathlib
import shutil
import tempfile
import zipfile

import numpy as np

from tfcmc.foundation.atomic import whole
from tfcmc.foundation.errors import UsageError, check_writable
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.text import plain_text, table_cell

pyarrow = LazyModule("pyarrow")
parquet = LazyModule("pyarrow.parquet")


def check_out(path):
    """Checks that a file of vectors could be written, before long work.

    Raises:
        UsageError: if its ending is not known, its folder is not there or
            cannot be written to, or pyarrow is missing for .parquet.
    """
    check_writable("out", path, WRITERS)
    parquet_wanted = pathlib.Path(path).suffix == ".parquet"
    if parquet_wanted and not importlib.util.find_spec("pyarrow"):
        raise UsageError(
            f"`out` must end in .npz or .csv where pyarrow is not installed. "
            f"Received: {str(path)!r}\n"
            f'For .parquet: pip install "tfcmc[parquet]" (or pyarrow).'
        )


@contextlib.contextmanager
def open_table(path):
    """Opens a file of vectors, checked by `check_out`; it is whole or absent.

    Yields:
        A function `add(columns, vectors)` that writes a batch: a dict of
        column name to a list, of strings or of whole numbers, and a dict of
        name to `[count, dim]`. Every batch has the same names and at least
        one row.

    Raises:
        UsageError: if the disk refuses, when it is full for instance.
    """
    path = pathlib.Path(path)
    with contextlib.ExitStack() as stack:
        aside = stack.enter_context(whole(path))
        with _told(path):
            write = stack.enter_context(WRITERS[path.suffix](aside))

        def add(columns, vectors):
            vectors = {
                name: np.ascontiguousarray(array, np.float32)
                for name, array in vectors.items()
            }
            with _told(path):
                write(columns, vectors)

        yield add
        with _told(path):
            stack.close()  # writes its end, and puts it in its place


@contextlib.contextmanager
def _told(path):
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"`out` must be a file that can be written. "
            f"Received: {str(path)!r} ({error.strerror or error})"
        ) from error


@contextlib.contextmanager
def _npz(path):
    """Vectors as arrays `[rows, dim]`, columns as arrays `[rows]`."""
    # An .npz file holds whole arrays one after the other, so each grows in a
    # temporary file beside it first.
    kept, files, dims = {}, {}, {}
    with contextlib.ExitStack() as stack:

        def write(columns, vectors):
            for name, values in columns.items():
                kept.setdefault(name, []).extend(values)
            for name, array in vectors.items():
                if name not in files:
                    aside = tempfile.TemporaryFile(dir=path.parent)
                    files[name] = stack.enter_context(aside)
                files[name].write(array.data)
                dims[name] = array.shape[1]

        yield write
        archive = stack.enter_context(zipfile.ZipFile(path, "w"))
        for name, values in kept.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(
                    entry, np.array(values), allow_pickle=False
                )
        for name, file in files.items():
            header = {
                "descr": np.lib.format.dtype_to_descr(np.dtype("<f4")),
                "fortran_order": False,
                "shape": (len(next(iter(kept.values()))), dims[name]),
            }
            file.seek(0)
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array_header_1_0(entry, header)
                shutil.copyfileobj(file, entry, 2**20)


@contextlib.contextmanager
def _csv(path):
    """One column a number: features_0, features_1 and so on."""
    # Names that are no UTF-8 keep their bytes.
    text = {"encoding": "utf-8", "errors": "surrogateescape"}
    with open(path, "w", newline="", **text) as file:
        writer = csv.writer(file)

        def write(columns, vectors):
            if not file.tell():
                numbered = (
                    f"{name}_{number}"
                    for name, array in vectors.items()
                    for number in range(array.shape[1])
                )
                writer.writerow([*columns, *numbered])
            numbers = np.concatenate(list(vectors.values()), axis=1)
            for *values, row in zip(
                *columns.values(), numbers.tolist(), strict=True
            ):
                # Nine digits give every float32 back.
                writer.writerow(
                    [*map(table_cell, values), *(f"{x:.9g}" for x in row)]
                )

        yield write


@contextlib.contextmanager
def _parquet(path):
    """Vectors as lists of one length, a row group a batch."""
    with contextlib.ExitStack() as stack:
        opened = []

        def write(columns, vectors):
            arrays = {
                name: pyarrow.array(
                    [
                        plain_text(v) if isinstance(v, str) else v
                        for v in values
                    ]
                )
                for name, values in columns.items()
            }
            for name, array in vectors.items():
                arrays[name] = pyarrow.FixedSizeListArray.from_arrays(
                    pyarrow.array(array.ravel()), array.shape[1]
                )
            table = pyarrow.table(arrays)
            if not opened:
                # A dictionary of numbers that never recur is a waste.
                writer = parquet.ParquetWriter(
                    path, table.schema, use_dictionary=list(columns)
                )
                opened.append(stack.enter_context(writer))
            opened[0].write_table(table)

        yield write


WRITERS = {".npz": _npz, ".csv": _csv, ".parquet": _parquet}
