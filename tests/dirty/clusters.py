"""TF_CONFIGs in which machines are not named as they have to be."""

import json
import os
from unittest import mock

from tests.dirty.case import Case
from tfcmc.distribute.cluster import machines_of

NO_CLUSTER = (
    "`TF_CONFIG` must be JSON with a `cluster`, whose `worker` and `chief` "
    "are lists of machines, and the `task` that this one is. Without it, "
    "--strategy=one trains on this machine alone. Received: "
)
NO_ADDRESS = (
    "`TF_CONFIG` must be of machines written host:port, with ports from 1 to "
    "65535. Received: "
)
OTHERS = (
    "`TF_CONFIG` must be of `worker`s and one `chief` at most: no others "
    "train here (--strategy=one leaves it unread). Received: "
)


def _config(*workers, index=0, **jobs):
    """A TF_CONFIG, as a scheduler writes it."""
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": workers, **jobs}, "task": task})


def _refused(name, text, gets):
    """A TF_CONFIG, or none, before anything waits for other machines."""

    def act(made):
        variables = {} if text is None else {"TF_CONFIG": text}
        with mock.patch.dict(os.environ, variables):
            if text is None:
                os.environ.pop("TF_CONFIG", None)
            machines_of("multiworker")

    return Case(name, lambda folder: folder, gets, act)


def _unread(name, text):
    shown = repr(text) if len(repr(text)) <= 200 else repr(text)[:200] + "..."
    return _refused(name, text, NO_CLUSTER + shown)


CLUSTERS = [
    _refused("no TF_CONFIG", None, NO_CLUSTER + "''"),
    _unread("a TF_CONFIG of {}", "{}"),
    _unread("a TF_CONFIG that is no JSON", "{"),
    _unread("a TF_CONFIG of ten thousand brackets", "[" * 10_000),
    _unread("a TF_CONFIG without a task", '{"cluster": {"worker": ["a:1"]}}'),
    _unread("a task that the cluster lacks", _config("a:1", index=1)),
    _unread("a task of number 0.0", _config("a:1", index=0.0)),
    _unread("a task of number true", _config("a:1", index=True)),
    _unread(
        "workers in a dict, not a list",
        '{"cluster": {"worker": {"0": "a:1"}}, '
        '"task": {"type": "worker", "index": 0}}',
    ),
    _refused(
        "a cluster with a job `ps`",
        _config("a:1", ps=["b:1"]),
        OTHERS + "{'worker': ['a:1'], 'ps': ['b:1']}",
    ),
    _refused(
        "a cluster of two chiefs",
        _config("a:1", chief=["b:1", "b:2"]),
        OTHERS + "{'worker': ['a:1'], 'chief': ['b:1', 'b:2']}",
    ),
    _refused(
        "two machines of one address",
        _config("a:1", "a:1"),
        "`TF_CONFIG` must be of machines with an address each. Received: "
        "['a:1', 'a:1']",
    ),
    *(
        _refused(
            f"a machine {where!r}", _config(where), f"{NO_ADDRESS}{where!r}"
        )
        for where in ("a:0", "a:-1", "a:65536", "a", "a..b:1", "a b:1", 7)
    ),
]
