"""Files that are whole or absent, whatever happens while they are written."""

import contextlib
import os
import pathlib


@contextlib.contextmanager
def whole(path):
    """Writes a file aside, then puts it in its place.

    Args:
        path: The file.

    Yields:
        The path to write to, in the same folder and of the same suffix.
    """
    path = pathlib.Path(path)
    # Without the file's own name: TensorBoard reads what has "tfevents" in it.
    aside = path.with_name(f"partial{path.suffix}")
    try:
        yield aside
        with open(aside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


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
