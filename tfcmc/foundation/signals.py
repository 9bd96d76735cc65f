"""Signals that are noted and acted on at a good moment."""

import contextlib
import signal
import sys
import threading

# What a closed terminal sends; Windows knows no such thing.
HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)
WORDS = {HANGUP: "SIGHUP", signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
AGAIN = 0.1  # seconds until a signal that was lost on its way is sent again


class Interrupted(BaseException):
    """The process was told to stop, and may stop here.

    No KeyboardInterrupt: scikit-learn's MLP takes that for the wish to go on
    with what it has learnt so far.

    Args:
        number: The signal's.
        place: Where training was saved just now, in words, or None.
    """

    def __init__(self, number: int, place: str | None = None):
        told = "interrupted" if place is None else f"saved at {place}"
        super().__init__(f"{WORDS[number]}: {told}")
        self.number = number


@contextlib.contextmanager
def raised():
    """Raises `Interrupted` at Ctrl-C, SIGTERM and SIGHUP.

    They come at any moment, also in what C code calls: that may make another
    error of it, or drop it and go on.
    """
    seen = []

    def stop(number, frame):
        seen.append(number)
        raise Interrupted(number)

    with _handled(stop), _never_dropped():
        try:
            yield
        except Exception:
            if not seen:
                raise
        if seen:
            raise Interrupted(seen[0])


@contextlib.contextmanager
def noted():
    """Notes Ctrl-C, SIGTERM and SIGHUP instead of obeying them.

    The same one again is obeyed. Another is not: a scheduler may tell a
    process to stop and close its terminal at once.

    Yields:
        A function that returns the signal's number, or None so far.
    """
    seen = []

    def note(number, frame):
        seen.append(number)
        restore(number)

    with _handled(note) as restore:
        yield lambda: seen[0] if seen else None


@contextlib.contextmanager
def _handled(handler):
    """Sets a handler; yields the function that takes it back for a signal."""
    before = {}
    # Python allows none elsewhere. A signal that the process was started to
    # ignore, as shells do for what runs in the background, is.
    if threading.current_thread() is threading.main_thread():
        before = {
            number: signal.signal(number, handler)
            for number in WORDS
            if signal.getsignal(number) != signal.SIG_IGN
        }

    def restore(number):
        signal.signal(number, before.pop(number))

    try:
        yield restore
    finally:
        for number in tuple(before):
            restore(number)


def _send(thread, number):
    """Sends a signal to a thread, and so ends what it waits in."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, number)
    else:  # Windows
        signal.raise_signal(number)


@contextlib.contextmanager
def _never_dropped():
    """Sends a signal again where what it raised could not be passed on."""
    before = sys.unraisablehook

    def hook(dropped):
        if not isinstance(dropped.exc_value, Interrupted):
            before(dropped)
            return
        words = [threading.main_thread().ident, dropped.exc_value.number]
        threading.Timer(AGAIN, _send, words).start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
