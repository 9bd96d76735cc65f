"""How the machines of a training find each other, before TensorFlow starts.

The others go to the chief, on the very port that TensorFlow takes over
afterwards: no other has to be open. The connections remain.
"""

import contextlib
import socket
import time

from tfcmc.checks import UsageError, must

NOTICE = 10.0  # seconds after which it is told who is waited for
BEAT = 0.5  # seconds between signs of life
TIMEOUT = 5.0  # seconds for one message
HELLO, START, DONE = "tfcmc", "start", "done"
STOP, LOSS = "stop ", "loss "  # with words: of one that says so, or does not


class Link:
    """A connection with another machine, of lines of text.

    Args:
        connection: A connected socket.
        name: What the machine is called.
    """

    def __init__(self, connection, name):
        connection.settimeout(TIMEOUT)
        self.connection = connection
        self.name = name
        self.heard = time.monotonic()
        self._pending = b""

    def send(self, line=""):
        """Sends a line; an empty one is a sign of life.

        Raises:
            OSError: if the connection is closed.
        """
        self.connection.sendall(f"{line}\n".encode())

    def receive(self):
        """Returns the lines that have come, without signs of life.

        Raises:
            OSError: if the connection is closed, or nothing comes.
        """
        received = self.connection.recv(4096)
        if not received:
            raise ConnectionResetError
        self.heard = time.monotonic()
        *lines, self._pending = (self._pending + received).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines if line]

    def leave(self, line):
        """Sends a last line, and closes the connection when it is read."""
        with contextlib.suppress(OSError):
            self.send(line)
            self.connection.shutdown(socket.SHUT_WR)
            while self.connection.recv(4096):
                pass
        self.connection.close()


def meet(cluster, patience):
    """Waits until all machines are there.

    Args:
        cluster: A `Cluster`.
        patience: Seconds to wait.

    Returns:
        `Link`s: of the chief one with every other machine, of another
        machine the one with the chief.

    Raises:
        UsageError: if one does not come, on all that have come; or if the
            chief's port is taken.
    """
    waiting = _Waiting(patience)
    if cluster.here:
        return [_meet_chief(cluster, waiting)]
    return _meet_others(cluster, waiting)


def _meet_others(cluster, waiting):
    """Lets every other machine come to this one, the chief."""
    others = dict(enumerate(cluster.names[1:], 1))
    links = {}
    with _listen(cluster) as server:
        server.settimeout(BEAT)
        while missing := [others[n] for n in others if n not in links]:
            try:
                waiting.look(missing)
            except UsageError as error:
                for link in links.values():
                    link.leave(f"{STOP}{error}")
                raise
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                number = _number_of(connection, len(others) + 1)
                if number in others:
                    links[number] = Link(connection, others[number])
                else:
                    connection.close()
            for link in links.values():
                _send(link, "")
    for link in links.values():
        _send(link, START)
    return list(links.values())


def _send(link, line):
    """Sends to a machine that may be gone, and then has to come again."""
    with contextlib.suppress(OSError):
        link.send(line)


def _listen(cluster):
    """Returns a socket that listens on this machine's port, as TensorFlow."""
    _, port = cluster.addresses[cluster.here]
    try:
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True
            )
        return socket.create_server(("", port))
    except OSError as error:
        raise must(
            "TF_CONFIG",
            "of ports that are free",
            f"{cluster.names[cluster.here]}, {error.strerror}",
        ) from None


def _number_of(connection, count):
    """Reads which machine has come; None if it is a stranger."""
    try:
        (line,) = Link(connection, "").receive()
        hello, number, total = line.split()
        known = (hello, int(total)) == (HELLO, count)
        return int(number) if known else None
    except (OSError, ValueError):
        return None


def _meet_chief(cluster, waiting):
    """Goes to the chief until it says that all are there."""
    name, address = cluster.names[0], cluster.addresses[0]
    while True:
        waiting.look([name])
        # It is not there yet, or the port still TensorFlow's of a run before.
        with contextlib.suppress(OSError):
            connection = socket.create_connection(address, timeout=TIMEOUT)
            with contextlib.ExitStack() as stack:
                stack.enter_context(connection)
                link = Link(connection, name)
                link.send(f"{HELLO} {cluster.here} {len(cluster.names)}")
                _wait_for_start(link)
                stack.pop_all()
                return link
        time.sleep(BEAT)


def _wait_for_start(link):
    """Waits for the chief, as long as it gives signs of life."""
    while True:
        for line in link.receive():
            if line.startswith(STOP):
                raise UsageError(line.removeprefix(STOP))
            if line == START:
                return


class _Waiting:
    """Tells who is waited for, and gives up in the end.

    Args:
        patience: Seconds.
    """

    def __init__(self, patience):
        self._patience = patience
        self._start = time.monotonic()
        self._told = None

    def look(self, missing):
        """Looks at the clock.

        Args:
            missing: Names of the machines that have not come.

        Raises:
            UsageError: if they had time enough.
        """
        waited = time.monotonic() - self._start
        names = " and ".join(missing)
        if waited > self._patience:
            raise UsageError(
                f"`TF_CONFIG` must name machines that all start within "
                f"{self._patience:g} seconds of each other. Missing: {names}"
            )
        if waited > NOTICE and names != self._told:
            print(f"waiting for {names}", flush=True)
            self._told = names
