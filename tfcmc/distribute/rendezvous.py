"""How the machines of a training find each other, before TensorFlow starts.

The others go to the chief, on the very port that TensorFlow takes over
afterwards: no other has to be open. Each shows the other that it has the
token, and tells what it was started with. The connections remain.
"""

import contextlib
import json
import secrets
import socket
import time

from tfcmc.distribute.addresses import check_port, listen
from tfcmc.distribute.cluster import Cluster, proof, unlike
from tfcmc.distribute.links import BEAT, STOP, TIMEOUT, Link
from tfcmc.distribute.reception import HELLO, START, Reception, same
from tfcmc.foundation.errors import UsageError, differing, reason_of

NOTICE = 10.0  # seconds after which it is told who is waited for
MOST_TOLD = 3  # differences of one machine


def meet(cluster: Cluster, settings: dict, patience: float) -> list[Link]:
    """Waits until all machines are there.

    Args:
        settings: Name to value of what all have to be started with.
        patience: Seconds to wait.

    Returns:
        Of the chief one link with every other machine, of another machine the
        one with the chief.

    Raises:
        UsageError: on all that have come, if one does not come or was started
            with other settings; if this machine's port is taken; or, on
            another machine than the chief, if its token is another.
    """
    check_port(cluster)
    waiting = _Waiting(patience)
    if cluster.here:
        return [_meet_chief(cluster, settings, waiting)]
    return _meet_others(cluster, settings, waiting)


def _meet_others(cluster, settings, waiting):
    """Lets every other machine come to this one, the chief."""
    with (
        listen(cluster) as servers,
        contextlib.closing(Reception(cluster, servers)) as others,
    ):
        try:
            while missing := others.missing():
                waiting.look(missing)
                others.attend()
            told = {
                number: ", ".join(found[:MOST_TOLD])
                for number, theirs in sorted(others.settings.items())
                if (found := differing(theirs, settings))
            }
            if told:
                raise unlike(cluster, told)
        except UsageError as error:
            for link in others.links.values():
                link.leave(f"{STOP}{error}")
            raise
    for link in others.links.values():
        link.tell(START)
    return list(others.links.values())


def _meet_chief(cluster, settings, waiting):
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
                _introduce(link, cluster.here, settings)
                stack.pop_all()
                return link
        time.sleep(BEAT)


def _introduce(link, number, settings):
    """Says who this is, and waits until the chief has all machines."""
    lines = link.lines()
    hello, _, nonce = next(lines).partition(" ")
    if hello != HELLO:  # it is not the chief who answers
        raise ConnectionRefusedError
    own = secrets.token_hex(16)
    told = json.dumps([number, own, settings])
    link.send(f"{proof(nonce, told)} {told}")
    wanted = [proof(HELLO, own), START]
    for line in lines:
        if line.startswith(STOP):  # it does not take this machine, or gives up
            raise UsageError(reason_of(line.removeprefix(STOP), 500))
        if not same(line, wanted.pop(0)):
            raise ConnectionRefusedError
        if not wanted:
            return


class _Waiting:
    """Tells who is waited for, and gives up after seconds of patience."""

    def __init__(self, patience):
        self._patience = patience
        self._start = time.monotonic()
        self._told = None

    def look(self, missing):
        """Raises a `UsageError` if the machines missing had time enough."""
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
