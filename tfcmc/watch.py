"""Whether the machines of a training are still there.

TensorFlow does not say which one died, and may wait for it for ever. Where a
process ends, the operating system closes its connections at once; where a
machine is cut off, its signs of life cease.
"""

import contextlib
import selectors
import threading
import time

from tfcmc.checks import reason_of
from tfcmc.meeting import BEAT, DONE, LOSS, STOP, meet

PATIENCE = 600.0  # seconds to wait for a machine that has not come
SILENCE = 20.0  # seconds without a sign of life after which one is lost
GRACE = 5.0  # seconds for this machine to stop by itself, as another has


@contextlib.contextmanager
def together(cluster, end, patience=PATIENCE):
    """Meets the other machines, and watches over them.

    Args:
        cluster: A `Cluster`.
        end: Called from a thread with what has become of another machine, in
            words. It has to end the process, whose main thread may be waiting
            for that machine inside TensorFlow.
        patience: Seconds to wait for a machine that has not come.

    Raises:
        UsageError: if one does not come, on all that have come.
    """
    watch = Watch(meet(cluster, patience), end)
    watch.start()
    try:
        yield
    except BaseException as error:
        if type(error).__module__.startswith("tensorflow"):
            # It may see a loss before the watch does, and cannot name it.
            watch.join(SILENCE + GRACE)
        reason = reason_of(error, 300)
        name = cluster.names[cluster.here]
        watch.leave(f"{STOP}{name} has stopped: {reason}")
        raise
    watch.leave(DONE)


class Lost(Exception):
    """Another machine is not there any more.

    Args:
        kind: STOP where it has said so itself, else LOSS.
        words: What has become of it.
    """

    def __init__(self, kind, words):
        super().__init__(words)
        self.kind = kind


class Watch(threading.Thread):
    """Gives signs of life to the machines linked, and looks for theirs.

    Args:
        links: `Link`s. The chief has one with every other machine, and tells
            all what has become of one; the others have one with the chief.
        end: As for `together`.
    """

    def __init__(self, links, end):
        super().__init__(daemon=True)
        self._links = links
        self._end = end
        self._last_words = None
        self._leaving = threading.Event()

    def leave(self, words):
        """Ends the watch; the others are told why."""
        self._last_words = words
        self._leaving.set()
        self.join()

    def run(self):
        try:
            self._watch()
        except Lost as lost:
            self._part(f"{lost.kind}{lost}")
            # What stops one often stops all, and each says it best itself.
            if lost.kind == LOSS or not self._leaving.wait(GRACE):
                self._end(str(lost))
        else:
            self._part(self._last_words)

    def _watch(self):
        """Watches until this machine leaves, or the others have done so."""
        with selectors.DefaultSelector() as selector:
            for link in self._links:
                selector.register(link.connection, selectors.EVENT_READ, link)
            while self._links and not self._leaving.is_set():
                for key, _ in selector.select(BEAT):
                    if self._has_done(key.data):
                        selector.unregister(key.fileobj)
                        self._links.remove(key.data)
                        key.data.leave(DONE)
                for link in self._links:
                    self._live(link)

    def _has_done(self, link):
        """Reads what a machine says, and returns whether it has done."""
        try:
            lines = link.receive()
        except OSError:
            self._lose(link)
        for line in lines:
            for kind in (STOP, LOSS):
                if line.startswith(kind):
                    raise Lost(kind, line.removeprefix(kind))
        return DONE in lines

    def _live(self, link):
        """Gives a sign of life, and looks how old the last one is."""
        try:
            link.send()
        except OSError:
            self._lose(link)
        if time.monotonic() - link.heard > SILENCE:
            self._lose(link)

    def _lose(self, link):
        """Gives up a machine that has not said why it is gone."""
        link.connection.close()
        self._links.remove(link)
        raise Lost(LOSS, f"{link.name} does not answer") from None

    def _part(self, words):
        """Closes all connections."""
        for link in self._links:
            link.leave(words)
