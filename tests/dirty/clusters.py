"""TF_CONFIGs in which machines are not named as they have to be."""

import json
import os
from unittest import mock

from tests.dirty.case import Case, same
from tfcmc.distribute.cluster import machines_of


def tf_config(*workers, index=0, **jobs):
    """A TF_CONFIG, as a scheduler writes it."""
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": workers, **jobs}, "task": task})


def _bad(text):
    """A TF_CONFIG, or none, before anything waits for other machines."""

    def act(made):
        with mock.patch.dict(os.environ, {"TF_CONFIG": text or ""}):
            if text is None:
                del os.environ["TF_CONFIG"]
            machines_of("multiworker")

    return Case(same, act)


MACHINES = ("a:0", "a:-1", "a:65536", "a", "a..b:1", "a b:1", 7)
CLUSTERS = {
    "no TF_CONFIG": _bad(None),
    "a TF_CONFIG of {}": _bad("{}"),
    "a TF_CONFIG that is no JSON": _bad("{"),
    "a TF_CONFIG of ten thousand brackets": _bad("[" * 10_000),
    "a TF_CONFIG without a task": _bad('{"cluster": {"worker": ["a:1"]}}'),
    "a task that the cluster lacks": _bad(tf_config("a:1", index=1)),
    "a task of number 0.0": _bad(tf_config("a:1", index=0.0)),
    "a task of number true": _bad(tf_config("a:1", index=True)),
    "workers in a dict, not a list":
        _bad('{"cluster": {"worker": {"0": "a:1"}}, '
             '"task": {"type": "worker", "index": 0}}'),
    "a cluster with a job `ps`": _bad(tf_config("a:1", ps=["b:1"])),
    "a cluster of two chiefs": _bad(tf_config("a:1", chief=["b:1", "b:2"])),
    "two machines of one address": _bad(tf_config("a:1", "a:1")),
    **{f"a machine {where!r}": _bad(tf_config(where)) for where in MACHINES},
}  # fmt: skip
