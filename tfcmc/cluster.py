"""The machines that train together, as TF_CONFIG names them."""

import dataclasses
import hmac
import json
import os

from tfcmc.checks import must

TOKEN = "TFCMC_TOKEN"  # a secret that all machines share, if they have one


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Machines in TensorFlow's order: the chief, who writes, is the first.

    Attributes:
        names: What each is called: "worker 1 (localhost:12345)".
        addresses: Host and port of each.
        here: The number of the one that this process is.
    """

    names: tuple
    addresses: tuple
    here: int


def is_named(strategy):
    """Says whether a strategy takes the machines that TF_CONFIG names.

    Args:
        strategy: The name of a strategy, as `make_strategy` takes it.
    """
    return strategy == "multiworker" or (
        strategy == "auto" and "TF_CONFIG" in os.environ
    )


def read_cluster():
    """Reads TF_CONFIG.

    Returns:
        A `Cluster`.

    Raises:
        UsageError: if it does not name the machines and which this is.
    """
    received = os.environ.get("TF_CONFIG", "")
    try:
        given = json.loads(received)
        jobs, task = given["cluster"], given["task"]
        machines = [
            (job, index, address)
            for job in ("chief", "worker")
            for index, address in enumerate(jobs.get(job, ()))
        ]
        own = (task["type"], int(task["index"]))
        return Cluster(
            names=tuple(f"{job} {i} ({where})" for job, i, where in machines),
            addresses=tuple(_split(where) for _, _, where in machines),
            here=[(job, i) for job, i, _ in machines].index(own),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        raise must(
            "TF_CONFIG",
            "JSON with a `cluster` of machines, each with its port, and the "
            "`task` that this one is, for --strategy=multiworker",
            received,
        ) from None


def proof(*words: str) -> str:
    """Shows that this process has the token, and not what it is.

    Args:
        *words: What is said with it.

    Returns:
        HMAC-SHA256 of the words, keyed with the environment variable
        TFCMC_TOKEN, in hexadecimal. Without a token anybody can make it.
    """
    key = os.fsencode(os.environ.get(TOKEN, ""))
    return hmac.new(key, "\n".join(words).encode(), "sha256").hexdigest()


def _split(address):
    """Returns host and port; an IPv6 host stands in brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
