"""One process a folder, also where another was killed."""

import contextlib
import errno
import pathlib

from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import UsageError, must_be_writable
from tfcmc.foundation.lazy import LazyModule

filelock = LazyModule("filelock")
# What systems without locks answer: some of NFS, CIFS and FUSE.
WITHOUT = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


def lock_of(folder, part=""):
    """Returns the path of the file that a folder, or a part, is held by."""
    return pathlib.Path(folder) / f".{part}lock"


@contextlib.contextmanager
def held(folder, *, part="", wait=False):
    """Holds a folder for this process; the system lets go when it ends.

    Where the system has no locks it is not held, and this is said.

    Args:
        folder: Path of the folder, which is there.
        part: What of it, if not all.
        wait: Whether to wait for another process to end.

    Raises:
        UsageError: if another process holds it, or it cannot be written to.
    """
    file = lock_of(folder, part)
    try:
        # A mark in place of a lock would outlive a process on another machine.
        lock = filelock.FileLock(file, fallback_to_soft=False)
    except TypeError:  # a release that has no such mark
        lock = filelock.FileLock(file)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except filelock.Timeout:
        raise UsageError(
            f"`run-dir` must be written to by one process at a time. "
            f"Received: {str(folder)!r}, which another is using"
        ) from None
    except NotImplementedError:  # filelock's word for ENOSYS
        _note_without(folder)
    except OSError as error:
        if error.errno not in WITHOUT:
            raise must_be_writable(folder, error) from None
        _note_without(folder)
    try:
        yield
    finally:
        lock.release()


def _note_without(folder):
    note_once(
        f"{folder} is on a disk without locks: see that no other process "
        f"writes to it"
    )
