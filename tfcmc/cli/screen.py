"""Stdout and stderr, also where nobody reads them or they are closed."""

import errno
import io
import os
import signal
import sys


class Screen(io.FileIO):
    """A descriptor that is written to for as long as somebody reads it."""

    def __init__(self, number):
        super().__init__(number, "w", closefd=False)
        self._gone = {errno.EPIPE}
        if self.isatty():  # asked now: a terminal that was closed is none
            self._gone.add(errno.EIO)

    def write(self, data):
        try:
            return super().write(data)
        except OSError as error:
            # Not again at every line, nor when the process ends.
            open_nowhere(self.fileno())
            if error.errno not in self._gone:
                raise
            return len(data)


def settle(*, listing: bool = False) -> None:
    """Settles what becomes of all that is printed.

    A reader that goes away, as `head` does, stops no training. Names of files
    may hold bytes that are no text.

    Args:
        listing: Whether to print is all that the command does: then it ends
            where nobody reads on, as the system's own programs do.
    """
    open_closed()
    if listing and hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout = _settled(sys.stdout, 1)
    sys.stderr = _settled(sys.stderr, 2)


def open_closed() -> None:
    """Opens the standard descriptors that were closed, as by `2>&-`.

    Else the next file that is opened would be one of them, and be printed to.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            open_nowhere(number)


def open_nowhere(number: int) -> None:
    """Makes a descriptor one that forgets what is written to it."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def _settled(stream, number):
    """Returns a stream over a `Screen`, unless another is in its place."""
    if stream is None:  # Python found the descriptor closed
        return open(os.devnull, "w", encoding="utf-8")
    try:
        standard = stream.fileno() == number
    except io.UnsupportedOperation:
        standard = False
    if not standard:
        return stream
    stream.flush()
    raw = Screen(number)
    return io.TextIOWrapper(
        raw if stream.write_through else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
