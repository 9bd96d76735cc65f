"""Whether the machines of a training are still there.

TensorFlow does not say which one died, and may wait for it for ever. Where a
process ends, the operating system closes its connections at once; where a
machine is cut off, its signs of life cease.
"""

import time
from multiprocessing.connection import wait

from tfcmc.distribute.links import BEAT, DONE, LOSS, STOP, Link

SILENCE = 20.0  # seconds without a sign of life after which one is lost
GRACE = 5.0  # seconds for this machine to stop by itself, as another has


class Lost(Exception):
    """Another machine is not there any more, and what has become of it.

    Its kind is STOP where it has said so itself, else LOSS.
    """

    def __init__(self, kind: str, words: str):
        super().__init__(words)
        self.kind = kind


class Watch:
    """Gives signs of life to the machines linked, and looks for theirs.

    It runs beside the training, in a process of its own: inside TensorFlow's
    start no other thread runs.

    Args:
        training: With this machine's own training, which gives signs of life
            and says how it ended.
        links: The chief has one with every other machine, and tells all what
            has become of one; the others have one with the chief.
        look: Called at every beat.
    """

    def __init__(self, training: Link, links: list[Link], look):
        self._training = training
        self._links = list(links)
        self._look = look
        self._said, self._has_ended = None, False
        self._next_sign = 0.0

    def until_it_ends(self):
        """Watches until this machine's training ends.

        Returns:
            What it said last: DONE, or STOP with its reason; None where it
            said nothing.

        Raises:
            Lost: if another machine is lost first.
        """
        try:
            while not self._has_ended:
                self._attend()
        except Lost as lost:
            self.part(f"{lost.kind}{lost}")
            # What stops one often stops all, and each says it best itself.
            end = time.monotonic() + GRACE
            while lost.kind == STOP and time.monotonic() < end:
                self._attend()
                if self._has_ended:
                    return self._said
            raise
        return self._said

    def part(self, words):
        """Leaves all machines, and tells them why."""
        while self._links:
            self._links.pop().leave(words)

    def _attend(self):
        """Hears all for a moment, and gives others a sign at every beat."""
        left = max(0.0, self._next_sign - time.monotonic())
        for link in wait([self._training, *self._links], left):
            if link is self._training:
                self._hear()
            elif self._has_done(link):
                self._links.remove(link)
                link.leave(DONE)
        # Whenever something is heard, signs would answer signs without end.
        if time.monotonic() >= self._next_sign:
            self._next_sign = time.monotonic() + BEAT
            for link in self._links:
                self._live(link)
        self._look()

    def _hear(self):
        """Reads what the training says, until it ends."""
        try:
            lines = self._training.receive()
        except OSError:
            self._has_ended = True
            return
        if lines:
            self._said, self._has_ended = lines[-1], True

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
