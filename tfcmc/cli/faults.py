"""Faults of the machine, told from faults of the code."""

import errno
import os

from tfcmc.foundation.errors import reason_of

FAILED = "The machine failed: "  # how a command tells of it
MEMORY = "out of memory"


def fault_of(error: BaseException) -> str | None:
    """Says in a line what of the machine failed; None where it was not it."""
    if isinstance(error, MemoryError):
        return f"{MEMORY} ({reason_of(error)})"
    if isinstance(error, OSError) and error.errno is not None:
        return str(error)
    if not type(error).__module__.startswith("tensorflow"):
        return None
    text = str(error)
    if "OOM when allocating" in text or "Out of memory while" in text:
        return f"{MEMORY} ({reason_of(error)})"
    # TensorFlow's files have no numbers: "PATH; the system's words".
    words = map(os.strerror, errno.errorcode)
    found = [each for each in words if f"; {each}" in text]
    return max(found, key=len, default=None)
