"""Where a machine of a cluster listens."""

import contextlib
import errno
import ipaddress
import os
import socket

from tfcmc.distribute.cluster import Cluster
from tfcmc.foundation.errors import must


def check_port(cluster: Cluster) -> None:
    """Checks that TensorFlow can take this machine's port.

    It would wait for ever where it cannot.

    Raises:
        UsageError: if another process has the port.
    """
    _, port = cluster.addresses[cluster.here]
    try:
        _on_all(port).close()
    except OSError as error:
        raise must(
            "TF_CONFIG",
            "of ports that are free",
            f"{cluster.names[cluster.here]}, {os.strerror(error.errno)}",
        ) from None


@contextlib.contextmanager
def listen(cluster: Cluster):
    """Listens where TF_CONFIG says that this machine is, and nowhere else.

    A name may be one that only the others can use, as where addresses are
    translated: then it listens everywhere, and says so. Yields the sockets.
    """
    host, port = cluster.addresses[cluster.here]
    with contextlib.ExitStack() as stack:
        found = []
        for family, address in _addresses(host, port):
            with contextlib.suppress(OSError):
                server = socket.create_server(address, family=family)
                found.append(stack.enter_context(server))
        if not found:
            print(
                f"note: {host} is no address of this machine's own: it is "
                f"waited for the others at all addresses",
                flush=True,
            )
            found = [stack.enter_context(_on_all(port))]
        yield found


def _addresses(host, port):
    """Yields the families and addresses that a host's name stands for."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return
    for family, _, _, _, address in found:
        # Debian gives a machine's own name an address that others call theirs.
        local = ipaddress.ip_address(address[0].partition("%")[0]).is_loopback
        if not local or host in ("localhost", address[0]):
            yield family, address


def _on_all(port):
    """Listens on all interfaces, as TensorFlow."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True
            )
        except OSError as error:
            # Known to the system, and switched off.
            if error.errno != errno.EADDRNOTAVAIL:
                raise
    return socket.create_server(("", port))
