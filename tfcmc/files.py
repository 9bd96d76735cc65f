"""Files that are whole or absent, whatever happens while they are written."""

import contextlib
import os
import pathlib

# Without the file's own name: TensorBoard reads what has "tfevents" in it.
ASIDE = "partial"


@contextlib.contextmanager
def whole(path):
    """Writes a file aside, then puts it in its place.

    Args:
        path: The file.

    Yields:
        The path to write to, in the same folder and of the same suffix.
    """
    path = pathlib.Path(path)
    aside = path.with_name(ASIDE + path.suffix)
    try:
        yield aside
        _flush(aside)
        os.replace(aside, path)
        if os.name == "posix":
            _flush(path.parent)  # else a power cut may undo the renaming
    finally:
        aside.unlink(missing_ok=True)


def _flush(path):
    """Waits until a file, or the names in a folder, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_whole(path, content):
    """Writes text or bytes to a file that is whole or absent.

    Args:
        path: The file.
        content: Text or bytes.
    """
    if isinstance(content, str):
        content = content.encode("utf-8")
    with whole(path) as aside:
        aside.write_bytes(content)
