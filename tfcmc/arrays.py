"""Files of arrays, .npz, read without trust in the sizes that they declare."""

import math
import zipfile

import numpy as np

from tfcmc.files import check_regular


def read_arrays(path, most: int | None = None) -> dict:
    """Reads all arrays of an .npz file, once their sizes are checked.

    A few kilobytes may declare gigabytes, packed or in an array's head. What
    is read takes the memory of the file's own size, or `most`.

    Args:
        path: The file.
        most: Bytes that all arrays together may have; None for those of a
            file that is not packed, as `np.savez` writes it.

    Returns:
        Name to array.

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


def read_head(stream):
    """Reads what an array says of itself.

    Args:
        stream: An open file, at the beginning of a member of an .npz file.

    Returns:
        `(shape, by_columns, dtype)`; the stream is at the array's first byte.

    Raises:
        Exception: of any type, as NumPy, tokenize and ast see damage.
    """
    version = np.lib.format.read_magic(stream)
    parse = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    return parse(stream)


def _check_head(archive, member):
    """Checks that an array is as large as it says, and of plain numbers."""
    with archive.open(member) as stream:
        shape, _, dtype = read_head(stream)
        size = member.file_size - stream.tell()
    if dtype.hasobject:
        raise ValueError("Python objects, which are never unpickled")
    if math.prod(shape) * dtype.itemsize != size or min(shape, default=0) < 0:
        raise ValueError(f"{member.filename} of {shape} in {size} bytes")
