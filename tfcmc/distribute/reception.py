"""Where the other machines come to the chief, and strangers are sent away."""

import contextlib
import hmac
import json
import secrets
import selectors
import socket
import time

from tfcmc.distribute.cluster import TOKEN, proof
from tfcmc.distribute.links import BEAT, STOP, TIMEOUT, Link
from tfcmc.foundation.errors import UsageError, differing

VISITORS = 32  # that have not yet said who they are
HELLO, START = "tfcmc", "start"


class _Visitor(Link):
    """A connection whose other end has not yet said who it is."""

    def __init__(self, connection):
        super().__init__(connection, "a visitor")
        self.nonce = secrets.token_hex(16)
        self.until = time.monotonic() + TIMEOUT


class Reception:
    """Lets the other machines in.

    Nobody is waited for: one that says nothing keeps nobody else from coming.

    Args:
        cluster: A `Cluster`.
        settings: As `meet`.

    Attributes:
        links: Number of each machine that is there to its `Link`.
    """

    def __init__(self, cluster, settings):
        self.links = {}
        self._names = dict(enumerate(cluster.names[1:], 1))
        self._settings = settings
        self._visitors = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        for visitor in list(self._visitors):
            self._forget(visitor)
        self._selector.close()

    def open(self, server):
        """Lets visitors come through a listening socket."""
        self._selector.register(server, selectors.EVENT_READ)

    def missing(self):
        """Names of the machines that are not there."""
        return [
            name
            for number, name in self._names.items()
            if number not in self.links
        ]

    def attend(self):
        """Attends to those who come and those who speak, for a moment."""
        for key, _ in self._selector.select(BEAT):
            if isinstance(key.fileobj, socket.socket):
                with contextlib.suppress(OSError):
                    self._greet(key.fileobj.accept()[0])
            elif key.fileobj.fileno() >= 0:  # not closed just now
                self._hear(key.fileobj)
        now = time.monotonic()
        late = [each for each in self._visitors if each.until < now]
        for visitor in {*late, *self._visitors[:-VISITORS]}:
            self._forget(visitor)
        for link in self.links.values():
            send(link, "")

    def _greet(self, connection):
        """Asks a visitor who it is."""
        visitor = _Visitor(connection)
        self._selector.register(visitor, selectors.EVENT_READ)
        self._visitors.append(visitor)
        send(visitor, f"{HELLO} {visitor.nonce}")

    def _hear(self, link):
        """Reads what one says: a visitor who it is, a machine nothing."""
        try:
            lines = link.receive()
        except OSError:
            self._forget(link)
            return
        if lines and link in self._visitors:
            try:
                self._admit(link, lines[0])
            except UsageError as error:
                send(link, f"{STOP}{error}")
                self._forget(link)

    def _admit(self, visitor, line):
        """Lets a machine in that has the token and the settings.

        Raises:
            UsageError: if it is a stranger, or was started otherwise; it is
                told why, and this machine waits on.
        """
        shown, _, told = line.partition(" ")
        if not same(shown, proof(visitor.nonce, told)):
            raise UsageError(f"`{TOKEN}` must be the same on all machines")
        try:
            number, nonce, settings = json.loads(told)
            name = self._names[number]
            differences = differing(self._settings, settings)
            welcome = proof(HELLO, nonce)
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ):
            raise UsageError("All machines must run the same tfcmc") from None
        if differences:
            raise UsageError(
                f"All machines must be started alike. Received: the chief "
                f"with {', '.join(differences[:3])} as {name}"
            )
        self._visitors.remove(visitor)
        if number in self.links:
            before = self.links[number]
            send(before, f"{STOP}another machine has come as {name}")
            self._forget(before)
        visitor.name = name
        self.links[number] = visitor
        send(visitor, welcome)

    def _forget(self, link):
        """Closes a connection; a machine has to come again."""
        self._selector.unregister(link)
        link.connection.close()
        if link in self._visitors:
            self._visitors.remove(link)
        for number in [n for n, each in self.links.items() if each is link]:
            del self.links[number]


def send(link, line):
    """Sends to a machine that may be gone, which is noticed elsewhere."""
    with contextlib.suppress(OSError):
        link.send(line)


def same(shown, wanted):
    """Compares without telling by the time it takes how much is right."""
    return hmac.compare_digest(shown.encode(), wanted.encode())
