"""Progress of work that takes long, on stderr."""

import sys
import time

FIRST, EVERY = 5, 10  # seconds of silence, at first and from then on


class Progress:
    """Says how far work is; nothing where it is done in seconds."""

    def __init__(self, doing, total=None):
        self._doing = doing
        self._of = "" if total is None else f" of {total:,}"
        self._count = 0
        self._next = time.monotonic() + FIRST

    def add(self, count):
        """Counts what was done, and says so now and then."""
        self._count += count
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            line = f"{self._doing}: {self._count:,}{self._of}"
            print(line, file=sys.stderr, flush=True)
