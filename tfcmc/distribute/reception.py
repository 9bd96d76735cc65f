"""Where the other machines come to the chief, and strangers are sent away."""

import contextlib
import hmac
import json
import secrets
import time
from multiprocessing.connection import wait

from tfcmc.distribute.cluster import TOKEN, Cluster, proof
from tfcmc.distribute.links import BEAT, STOP, TIMEOUT, Link
from tfcmc.foundation.errors import UsageError

VISITORS = 32  # that have not yet said who they are
HELLO, START = "tfcmc", "start"
# What comes of reading what another program, or version, says.
SENSELESS = (ValueError, LookupError, TypeError, AttributeError)
SENSELESS += (RecursionError,)


class _Visitor(Link):
    """A connection whose other end has not yet said who it is."""

    def __init__(self, connection):
        super().__init__(connection, "a visitor")
        self.nonce = secrets.token_hex(16)
        self.until = time.monotonic() + TIMEOUT


class Reception:
    """Lets the other machines in.

    Nobody is waited for: one that says nothing keeps nobody else from coming.
    """

    def __init__(self, cluster: Cluster, servers: list):
        self.links = {}  # number of each machine that is there to its link
        self.settings = {}  # and to what it was started with
        self._servers = servers  # sockets that listen
        self._names = dict(enumerate(cluster.names[1:], 1))
        self._visitors = []

    def close(self):
        """Sends the visitors away."""
        for visitor in list(self._visitors):
            self._forget(visitor)

    def missing(self):
        """Names of the machines that are not there."""
        return [
            name
            for number, name in self._names.items()
            if number not in self.links
        ]

    def attend(self):
        """Attends to those who come and those who speak, for a moment."""
        there = [*self._servers, *self._visitors, *self.links.values()]
        for each in wait(there, BEAT):
            if each in self._servers:
                with contextlib.suppress(OSError):
                    self._greet(each.accept()[0])
            elif each.fileno() >= 0:  # not closed just now
                self._hear(each)
        now = time.monotonic()
        late = [each for each in self._visitors if each.until < now]
        for visitor in {*late, *self._visitors[:-VISITORS]}:
            self._forget(visitor)
        for link in self.links.values():
            link.tell("")

    def _greet(self, connection):
        """Asks a visitor who it is."""
        visitor = _Visitor(connection)
        self._visitors.append(visitor)
        visitor.tell(f"{HELLO} {visitor.nonce}")

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
                link.tell(f"{STOP}{error}")
                self._forget(link)

    def _admit(self, visitor, line):
        """Lets a machine in that has the token, or raises why not."""
        shown, _, told = line.partition(" ")
        if not same(shown, proof(visitor.nonce, told)):
            raise UsageError(f"`{TOKEN}` must be the same on all machines")
        try:
            number, nonce, settings = json.loads(told)
            name = self._names[number]
            settings = dict(settings)
            welcome = proof(HELLO, nonce)
        except SENSELESS:
            raise UsageError("All machines must run the same tfcmc") from None
        self._visitors.remove(visitor)
        if number in self.links:
            before = self.links[number]
            before.tell(f"{STOP}another machine has come as {name}")
            self._forget(before)
        visitor.name = name
        self.links[number] = visitor
        self.settings[number] = settings
        visitor.tell(welcome)

    def _forget(self, link):
        """Closes a connection; a machine has to come again."""
        link.connection.close()
        if link in self._visitors:
            self._visitors.remove(link)
        for number in [n for n, each in self.links.items() if each is link]:
            del self.links[number]


def same(shown, wanted):
    """Compares without telling by the time it takes how much is right."""
    return hmac.compare_digest(shown.encode(), wanted.encode())
