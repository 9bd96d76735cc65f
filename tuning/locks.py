"""One process a folder, also where another was killed."""

import contextlib
import os
import pathlib
import threading
import time

from tfcmc.checks import UsageError
from tfcmc.lazy import LazyModule

fcntl = LazyModule("fcntl")  # not on every system

WATCH = 0.5  # seconds between looks at the parent


@contextlib.contextmanager
def held(folder, *, part="", wait=False):
    """Holds a folder for this process; the system lets go when it ends.

    Args:
        folder: Path of the folder, which is there.
        part: What of it, if not all.
        wait: Whether to wait for another process to end.

    Yields:
        Nothing.

    Raises:
        UsageError: if another process holds it.
    """
    with open(pathlib.Path(folder) / f".{part}lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise UsageError(
                f"`run-dir` must be held by no other search. Received: "
                f"{str(folder)!r}, in which one is running {part}".rstrip()
            ) from None
        yield


def end_with(parent):
    """Ends this process when its parent has ended, however that ended.

    Args:
        parent: Number of the parent's process.
    """

    def watch():
        while os.getppid() == parent:
            time.sleep(WATCH)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
