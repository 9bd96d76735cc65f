"""Connections on which processes tell each other how they are."""

import contextlib
import socket
import time

from tfcmc.foundation.text import printable

BEAT = 0.5  # seconds between signs of life
TIMEOUT = 5.0  # seconds for one message
LONGEST = 16384  # bytes of a line
DONE = "done"
STOP, LOSS = "stop ", "loss "  # with words: of one that says so, or does not


class Link:
    """A connection with another process, called `name`, of lines of text."""

    def __init__(self, connection: socket.socket, name: str):
        connection.settimeout(TIMEOUT)
        self.connection = connection
        self.name = name
        self.heard = time.monotonic()
        self._pending = b""

    def fileno(self):
        """The descriptor, for those who wait for several."""
        return self.connection.fileno()

    def send(self, line=""):
        """Sends a line; an empty one is a sign of life.

        Raises:
            OSError: if the connection is closed.
        """
        self.connection.sendall(f"{line}\n".encode())

    def tell(self, line):
        """Sends to one that may be gone, which is noticed elsewhere."""
        with contextlib.suppress(OSError):
            self.send(line)

    def receive(self):
        """Returns the lines that have come, without signs of life.

        What a screen would obey is spelt out.

        Raises:
            OSError: if the connection is closed, nothing comes, or a line has
                no end.
        """
        received = self.connection.recv(4096)
        if not received or len(self._pending) > LONGEST:
            raise ConnectionResetError
        self.heard = time.monotonic()
        *lines, self._pending = (self._pending + received).split(b"\n")
        return [
            printable(line.decode("utf-8", "replace"))
            for line in lines
            if line
        ]

    def lines(self):
        """Yields the lines as they come, while there are signs of life."""
        while True:
            yield from self.receive()

    def leave(self, line):
        """Sends a last line, and closes the connection when it is read."""
        with contextlib.suppress(OSError):
            self.send(line)
            self.connection.shutdown(socket.SHUT_WR)
            end = time.monotonic() + TIMEOUT
            while self.connection.recv(4096) and time.monotonic() < end:
                pass
        self.connection.close()
