"""Files of arrays, .npz, read without trust in the sizes that they declare."""

import io
import math
import zipfile

import numpy as np

from tfcmc.foundation.atomic import check_regular

MOST_HEAD = 2**16  # bytes in which an array says what it is
# Python unpacks the others by the piece of the file, whatever comes of it: a
# thousand bytes of bzip2 may hold gigabytes.
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_arrays(path, most: int | None = None) -> dict:
    """Reads all arrays of an .npz file, once their sizes are checked.

    A few kilobytes may declare gigabytes, packed or in an array's head. What
    is read takes the memory of the file's own size, or `most`.

    Args:
        most: Bytes that all arrays together may have; None for those of a
            file that is not packed, as `np.savez` writes it.

    Raises:
        Exception: of any type, as zipfile, NumPy or their parts see damage;
            OSError, if there is no such file.
    """
    check_regular(path)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        if most is not None and size > most:
            raise ValueError(f"{size} bytes of arrays")
        for member in members:
            packed = member.compress_type != zipfile.ZIP_STORED
            if most is None and packed:
                raise ValueError(f"{member.filename} is packed")
            _check_head(archive, member)
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def open_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo):
    """Opens an array of an .npz file, and reads what it says of itself.

    Returns:
        `(shape, by_columns, dtype, stream)`; the stream is at the array's
        first byte.

    Raises:
        Exception: of any type, as zipfile, NumPy, tokenize and ast see
            damage.
    """
    if member.compress_type not in PACKINGS:
        raise ValueError("not packed as np.savez packs it")
    stream = archive.open(member)
    # NumPy itself reads as many bytes as the head says that it has.
    head = io.BytesIO(stream.read(MOST_HEAD))
    version = np.lib.format.read_magic(head)
    parse = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, by_columns, dtype = parse(head)
    stream.seek(head.tell())
    return shape, by_columns, dtype, stream


def _check_head(archive, member):
    """Checks that an array is as large as it says, and of plain numbers."""
    shape, _, dtype, stream = open_array(archive, member)
    size = member.file_size - stream.tell()
    if dtype.hasobject:
        raise ValueError("Python objects, which are never unpickled")
    if math.prod(shape) * dtype.itemsize != size or min(shape, default=0) < 0:
        raise ValueError(f"{member.filename} of {shape} in {size} bytes")
