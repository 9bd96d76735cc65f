"""The machines that train together, as TF_CONFIG names them."""

import dataclasses
import hmac
import json
import os
import re

from tfcmc.foundation.errors import UsageError, must

JOBS = ("chief", "worker")  # in TensorFlow's order
TOKEN = "TFCMC_TOKEN"  # a secret that all machines share, if they have one
# A name, or an IPv6 address in brackets.
ADDRESS = re.compile(r"([\w.-]+|\[[\w:.%]+\]):(\d{1,5})", re.ASCII)
INDEX = re.compile(r"\d{1,4}", re.ASCII)
MOST_PORT = 65535


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Machines in TensorFlow's order: the chief, who writes, is the first."""

    machines: tuple[tuple[str, int, str], ...]  # job, index, "host:port"
    here: int  # the number of the one that this process is

    @property
    def names(self):
        """What each is called: "worker 1 (localhost:12345)"."""
        return tuple(f"{job} {i} ({where})" for job, i, where in self.machines)

    @property
    def addresses(self):
        """Host and port of each."""
        return tuple(_split(where) for _, _, where in self.machines)

    @property
    def jobs(self):
        """Name of each job to its machines, as TensorFlow takes them."""
        found = {}
        for job, _, where in self.machines:
            found.setdefault(job, []).append(where)
        return found


def machines_of(strategy: str) -> Cluster | None:
    """Finds the machines that train together by a strategy.

    None where this machine trains alone: by another strategy, or because
    TF_CONFIG names no other.

    Raises:
        UsageError: if TF_CONFIG is asked for and does not do.
    """
    named = strategy == "multiworker" or (
        strategy == "auto" and "TF_CONFIG" in os.environ
    )
    cluster = read_cluster() if named else None
    return cluster if cluster and len(cluster.machines) > 1 else None


def read_cluster() -> Cluster:
    """Reads TF_CONFIG.

    Raises:
        UsageError: if it does not name the machines and which this is.
    """
    received = os.environ.get("TF_CONFIG", "")
    try:
        given = json.loads(received)
        jobs, task = given["cluster"], given["task"]
        machines = [
            (job, index, where)
            for job in JOBS
            for index, where in enumerate(_listed(jobs, job))
        ]
        own = (task["type"], _index(task["index"]))
        here = [(job, i) for job, i, _ in machines].index(own)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise must(
            "TF_CONFIG",
            "JSON with a `cluster`, whose `worker` and `chief` are lists of "
            "machines, and the `task` that this one is. Without it, "
            "--strategy=one trains on this machine alone",
            received,
        ) from None
    _check_machines(jobs, machines)
    return Cluster(tuple(machines), here)


def _listed(jobs, job):
    """Returns the machines of a job; TensorFlow would number a dict's."""
    found = jobs.get(job, []) if isinstance(jobs, dict) else None
    if not isinstance(found, list):
        raise TypeError
    return found


def _index(written):
    """Reads the number of a task, which scripts may write as text."""
    if isinstance(written, str) and INDEX.fullmatch(written):
        return int(written)
    if not isinstance(written, int) or isinstance(written, bool):
        raise TypeError
    return written


def _check_machines(jobs, machines):
    """Refuses what TensorFlow would wait for in vain."""
    if set(jobs) - set(JOBS) or len(jobs.get("chief", ())) > 1:
        raise must(
            "TF_CONFIG",
            "of `worker`s and one `chief` at most: no others train here "
            "(--strategy=one leaves it unread)",
            jobs,
        )
    for _, _, where in machines:
        try:
            _split(where)
        except (ValueError, TypeError, AttributeError):
            raise must(
                "TF_CONFIG",
                f"of machines written host:port, with ports from 1 to "
                f"{MOST_PORT}",
                where,
            ) from None
    addresses = [where for _, _, where in machines]
    if len(set(addresses)) < len(addresses):
        raise must("TF_CONFIG", "of machines with an address each", addresses)


def unlike(cluster: Cluster, told: dict) -> UsageError:
    """Makes the error for machines that are not as the chief is.

    Args:
        told: The number of each such machine to words: in what it differs,
            "seed 1 and not 0".
    """
    words = "; ".join(f"{cluster.names[n]} with {told[n]}" for n in told)
    return UsageError(
        f"All machines must be started as the chief, {cluster.names[0]}. "
        f"Received: {words}"
    )


def proof(*words: str) -> str:
    """Shows that this process has the token, and not what it is.

    HMAC-SHA256 of the words said with it, keyed with the environment variable
    TFCMC_TOKEN, in hexadecimal. Without a token anybody can make it.
    """
    key = os.fsencode(os.environ.get(TOKEN, ""))
    return hmac.new(key, "\n".join(words).encode(), "sha256").hexdigest()


def _split(address):
    """Returns host and port."""
    host, port = ADDRESS.fullmatch(address).groups()
    host.encode("idna")  # as it is looked up: no label is empty or too long
    if not 1 <= int(port) <= MOST_PORT:
        raise ValueError
    return host.strip("[]"), int(port)
