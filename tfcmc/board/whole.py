"""Files that are whole or absent, whenever TensorBoard looks."""

import contextlib
import os


@contextlib.contextmanager
def whole(path):
    """Writes a file aside, then puts it in its place.

    Args:
        path: The file.

    Yields:
        The path to write to.
    """
    # Without the file's own name: TensorBoard reads what has "tfevents" in it.
    aside = path.with_name("partial")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
