"""Files that are whole or absent, whatever happens while they are written."""

import contextlib
import errno
import functools
import os
import pathlib
import platform
import re
import secrets
import shutil
import stat
import time

from tfcmc.foundation.errors import must

# Without the file's own name: TensorBoard reads what has "tfevents" in it.
ASIDE = "partial"
# The machine and the process that write, and what tells its files apart.
NAME = re.compile(rf"{ASIDE}-(.+)-(\d{{1,9}})-[0-9a-f]{{8}}(\..*)?")
FORSAKEN = 24 * 3600  # seconds after which no other machine writes any more
# What systems without flushing answer: CIFS, VirtualBox's shared folders.
UNABLE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_writing = set()  # names of what this process writes aside


@contextlib.contextmanager
def whole(path):
    """Writes a file, or a folder, aside, then puts it in its place.

    Several may write the same file: one of them is there in the end. A folder
    takes the place of the one that is there.

    Yields:
        The path to write to, in the same folder and of the same suffix.

    Raises:
        UsageError: if the folder is not there any more.
    """
    path = pathlib.Path(path)
    _remove_forsaken(path.parent)
    writer = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
    aside = path.with_name(f"{ASIDE}-{writer}{path.suffix}")
    old = path.with_name(f"{ASIDE}-{writer}.old{path.suffix}")
    ours = {aside.name, old.name}
    _writing.update(ours)
    try:
        yield aside
        for folder, _, names in os.walk(aside):
            for name in names:
                _flush(os.path.join(folder, name))
            _flush(folder)
        if aside.is_dir() and path.is_dir():
            os.replace(path, old)
        elif aside.is_file():
            _flush(aside)
        os.replace(aside, path)
        if os.name == "posix":
            _flush(path.parent)  # else a power cut may undo the renaming
    except FileNotFoundError:
        if path.parent.exists():
            raise
        raise must(
            "run-dir",
            "left where it is while it is written to",
            f"{path.parent}, which is gone",
        ) from None
    finally:
        _remove(aside)
        _remove(old)
        _writing.difference_update(ours)


def write_whole(path, content: str | bytes) -> None:
    """Writes text or bytes to a file that is whole or absent."""
    if isinstance(content, str):
        content = content.encode("utf-8")
    with whole(path) as aside:
        aside.write_bytes(content)


def check_regular(path: str | os.PathLike) -> None:
    """Raises a ValueError for a pipe, whose reading may never end, or such."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("not a regular file")


def read_small(path: str | os.PathLike, most: int) -> str:
    """Reads a text file of `most` bytes.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is not regular, larger, or no UTF-8.
    """
    check_regular(path)
    if (size := os.path.getsize(path)) > most:
        raise ValueError(f"{size:,} bytes, and at most {most:,} are read")
    return pathlib.Path(path).read_text("utf-8")


def is_aside(path: pathlib.Path) -> bool:
    """Says whether a file is one that is being written, or was when killed."""
    return NAME.fullmatch(path.name) is not None


@functools.cache
def note_once(text: str) -> None:
    """Prints a note, the first time that it is called with it."""
    print(f"note: {text}", flush=True)


def _remove_forsaken(folder):
    """Removes what killed processes left."""
    for path in filter(is_aside, folder.glob(f"{ASIDE}*")):
        # Another was faster, or it is another user's.
        with contextlib.suppress(OSError):
            if _is_forsaken(path):
                _remove(path)


def _remove(path):
    """Removes a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_forsaken(path):
    """Whether nothing writes a file any more."""
    node, process, _ = NAME.fullmatch(path.name).groups()
    if os.name != "posix" or node != platform.node():
        return time.time() - path.stat().st_mtime > FORSAKEN
    if int(process) == os.getpid():
        # A container has the same names and numbers at each start.
        return path.name not in _writing
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's
        pass
    return False


def _flush(path):
    """Waits until a file, or the names in a folder, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in UNABLE:
            raise
        note_once(
            f"the disk cannot be told to write at once ({error.strerror}): "
            f"a power cut may undo what was saved last"
        )
    finally:
        os.close(number)
