"""The port at which the chief of a search answers its workers.

KerasTuner's variables name it. Where TFCMC_TOKEN is set, the chief answers
only who shows that it has the same.
"""

import concurrent.futures
import functools
import hmac
import os
import re

from tfcmc.distribute.cluster import TOKEN, proof
from tfcmc.foundation.errors import check_number, must
from tfcmc.foundation.lazy import LazyModule

grpc = LazyModule("grpc")
protos = LazyModule("keras_tuner.src.protos", needs_tensorflow=True)

NAMES = (
    "KERASTUNER_TUNER_ID",
    "KERASTUNER_ORACLE_IP",
    "KERASTUNER_ORACLE_PORT",
)
PORT = re.compile(r"\d{1,5}", re.ASCII)
KEY = "tfcmc-proof"  # of what a worker sends beside each question


def role():
    """Finds out what this process is to be.

    Returns:
        "chief", "worker", or None for a search of one process.

    Raises:
        UsageError: if only some of KerasTuner's variables are set.
    """
    missing = [name for name in NAMES if not os.environ.get(name)]
    if len(missing) == len(NAMES):
        return None
    if missing:
        raise must(missing[0], f"set beside {' and '.join(NAMES)}", None)
    port = os.environ[NAMES[2]]
    check_number(
        NAMES[2],
        int(port) if PORT.fullmatch(port) else port,
        whole=True,
        at_least=1,
        at_most=65535,
    )
    return "chief" if "chief" in os.environ[NAMES[0]] else "worker"


def worker_name():
    """Returns what this worker is called, as part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", os.environ[NAMES[0]])


class Proving:
    """A stub whose every question shows that the worker has the token.

    Args:
        stub: The one of KerasTuner's client.
    """

    def __init__(self, stub):
        self._stub = stub
        self._metadata = ((KEY, proof(KEY)),)

    def __getattr__(self, name):
        ask = getattr(self._stub, name)
        return functools.partial(ask, metadata=self._metadata)


class _Doorkeeper:
    """Answers no question of a worker that has another token, or none."""

    def __init__(self):
        self._wanted = proof(KEY).encode()

    def intercept_service(self, continuation, details):
        """As gRPC's servers call it, with each question."""
        shown = dict(details.invocation_metadata).get(KEY, "")
        if hmac.compare_digest(shown.encode(), self._wanted):
            return continuation(details)
        return grpc.unary_unary_rpc_method_handler(_refuse)


def _refuse(request, context):
    """Ends a question without an answer."""
    context.abort(grpc.StatusCode.UNAUTHENTICATED, f"another {TOKEN}")


def listen(servicer):
    """Starts a server at the address that KerasTuner's variables name."""
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(max_workers=1),
        interceptors=(_Doorkeeper(),),
        # Else two chiefs could share a port, and workers fall to either.
        options=(("grpc.so_reuseport", 0),),
    )
    protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
    try:
        port = server.add_insecure_port(address())
    except RuntimeError:
        port = 0
    if port == 0:
        raise must(NAMES[2], "a port that is free here", address())
    server.start()
    print(f"waiting for workers at {address()}", flush=True)
    return server


def address() -> str:
    """Returns host and port of the chief."""
    return f"{os.environ[NAMES[1]]}:{os.environ[NAMES[2]]}"
