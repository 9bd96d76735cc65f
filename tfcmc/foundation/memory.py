"""How much memory a computation takes."""

import pathlib
import re
import resource
import sys
from collections.abc import Callable

STATUS = pathlib.Path("/proc/self/status")
CLEAR = pathlib.Path("/proc/self/clear_refs")


def megabytes_of(function: Callable) -> tuple:
    """Runs a function and says how far above its start memory rose.

    Returns:
        `(megabytes, result)`: the peak while it ran less what the process
        held before, in MB of a million bytes. Where the peak cannot be set
        back, it may be an earlier one: then this is too high, never too low.
    """
    if CLEAR.exists():
        CLEAR.write_text("5")  # Linux: the peak is what is held now
    before = _status("VmRSS") or _highest()
    result = function()
    return (_status("VmHWM") or _highest()) / 1e6 - before / 1e6, result


def _status(name):
    """Returns a line of Linux's record of this process, in bytes, or None."""
    if not STATUS.exists():
        return None
    return 1024 * int(re.search(rf"{name}:\s+(\d+)", STATUS.read_text())[1])


def _highest():
    """Returns the highest memory of this process so far, in bytes."""
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else 1024 * highest
