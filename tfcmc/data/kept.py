"""What reading data found out, kept in the user's cache for the next start."""

import hashlib
import os
import pathlib

import numpy as np

from tfcmc.foundation.atomic import note_once, whole
from tfcmc.foundation.errors import UsageError, reason_of
from tfcmc.foundation.paths import expanded


def recall(kind: str, root, types: dict) -> dict | None:
    """Returns what was kept of the data at a place; None where nothing is.

    What is damaged, or another version's, is told and not returned.

    Args:
        kind: The folder in the cache.
        types: The name of each array to its dtype.

    Returns:
        Name to array `[count]`.
    """
    try:
        with np.load(_place(kind, root), allow_pickle=False) as file:
            found = {name: file[name] for name in types}
        for name, array in found.items():
            if array.dtype != types[name] or array.ndim != 1:
                raise ValueError("another version's")
        return found
    except FileNotFoundError:
        pass
    except Exception as error:
        # What is damaged is told by nearly any exception.
        note_once(
            f"what is known of the files in {root} cannot be read "
            f"({reason_of(error)}): all are read again"
        )
    return None


def remember(kind: str, root, arrays: dict):
    """Keeps arrays for `recall`, whole or not at all; says if it cannot."""
    try:
        place = _place(kind, root)
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole(place) as aside:
            np.savez(aside, **arrays)
    except (OSError, UsageError) as error:
        note_once(
            f"what is known of the files in {root} cannot be kept "
            f"({reason_of(error)}): the next start reads them again"
        )


def _place(kind, root):
    """The file that is kept of the data at a place."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()
    # Refused where no home folder is known.
    folder = pathlib.Path(expanded("XDG_CACHE_HOME", cache))
    return folder / "tfcmc" / kind / f"{name[:16]}.npz"
