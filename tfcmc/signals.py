"""Signals that are noted and acted on at a good moment."""

import contextlib
import signal
import threading

WORDS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Interrupted(KeyboardInterrupt):
    """The process was told to stop, and may stop here.

    Args:
        number: The signal's.
        place: Where training was saved just now, in words, or None.
    """

    def __init__(self, number, place=None):
        told = "interrupted" if place is None else f"saved at {place}"
        super().__init__(f"{WORDS[number]}: {told}")
        self.number = number


@contextlib.contextmanager
def raised():
    """Raises `Interrupted` at Ctrl-C and SIGTERM."""

    def stop(number, frame):
        raise Interrupted(number)

    with _handled(stop):
        yield


@contextlib.contextmanager
def noted():
    """Notes Ctrl-C and SIGTERM instead of obeying them; a second is obeyed.

    Yields:
        A function that returns the signal's number, or None so far.
    """
    seen = []

    def note(number, frame):
        seen.append(number)
        restore()

    with _handled(note) as restore:
        yield lambda: seen[0] if seen else None


@contextlib.contextmanager
def _handled(handler):
    """Sets a handler; yields the function that takes it back.

    Python allows none outside the main thread. A signal that the process was
    started to ignore, as shells do for what runs in the background, is.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {
            number: signal.signal(number, handler)
            for number in WORDS
            if signal.getsignal(number) != signal.SIG_IGN
        }

    def restore():
        while before:
            signal.signal(*before.popitem())

    try:
        yield restore
    finally:
        restore()
