"""Paths as a user writes them."""

import os
import re

from tfcmc.foundation.errors import must

# A drive's letter alone is none; of two slashes pathlib leaves one.
URL = re.compile(r"[A-Za-z][\w+.-]+:/")


def expanded(name, path: str | os.PathLike) -> str:
    """Puts the home folder in the place of a leading `~`, as a shell does.

    Args:
        name: What the path is called where the user wrote it.

    Raises:
        UsageError: if it is a URL, which the system would take for a folder
            called `gs:`, or no home folder is known: of a user that does not
            exist, or where neither HOME nor the system names one, as in
            containers.
    """
    path = os.fspath(path)
    if URL.match(path):
        raise must(name, "a path on this machine, and no URL", path)
    found = os.path.expanduser(path)
    if path.startswith("~") and found == path:
        raise must(
            name,
            "a path whose ~ is a home folder known here (./~ is a file's own "
            "name)",
            path,
        )
    return found


def names_in(folder) -> list[str]:
    """Returns the names in a folder, sorted; none where there is no folder.

    Raises:
        OSError: if it cannot be read, which a glob passes over.
    """
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_same(path, other) -> bool:
    """Says whether two paths are of one file, through links too."""
    both = os.path.exists(path) and os.path.exists(other)
    return both and os.path.samefile(path, other)
