"""A search by several processes, on one machine or more: KerasTuner's way.

The chief holds the tuner and trains nothing but the loss as it is; workers
ask it for trials and run them in the folder that all share. What the chief
has proposed and been told it writes down as it happens, in chief.jsonl, and
reads again when it is started again. KerasTuner's variables name the port;
where TFCMC_TOKEN is set, the chief answers only who shows that it has the
same.
"""

import concurrent.futures
import dataclasses
import errno
import functools
import hmac
import json
import os
import pathlib
import re
import time

from tfcmc.distribute.cluster import TOKEN, proof
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import UsageError, check_number, must
from tfcmc.foundation.lazy import LazyModule
from tfcmc.searches.processes import Progress
from tfcmc.searches.records import DONE, FAILED, Search, read_trials
from tfcmc.searches.rounds import ALL_FAILED, nothing_works, record
from tfcmc.searches.tuner import Tuner, quietly

grpc = LazyModule("grpc")
protos = LazyModule("keras_tuner.src.protos", needs_tensorflow=True)
oracle_chief = LazyModule(
    "keras_tuner.src.distribute.oracle_chief", needs_tensorflow=True
)
oracle_client = LazyModule(
    "keras_tuner.src.distribute.oracle_client", needs_tensorflow=True
)

WORKER, HOST, PORT = NAMES = (
    "KERASTUNER_TUNER_ID",
    "KERASTUNER_ORACLE_IP",
    "KERASTUNER_ORACLE_PORT",
)
KEY = "tfcmc-proof"  # of what a worker sends beside each question
BOOK = "chief.jsonl"  # what was created and ended, in order
IDLE = 1.0  # seconds between two questions
FAREWELL = 30.0  # seconds that workers have to hear that all is done
START_AGAIN = "Start it again, then this worker: both go on."
ADVICE = {"UNAUTHENTICATED": f"Both need the same {TOKEN}."}


def role() -> str | None:
    """Returns "chief", "worker", or None for a search of one process.

    Raises:
        UsageError: if only some of KerasTuner's variables are set.
    """
    missing = [name for name in NAMES if not os.environ.get(name)]
    if len(missing) == len(NAMES):
        return None
    if missing:
        raise must(missing[0], f"set beside {' and '.join(NAMES)}", None)
    port = os.environ[PORT]
    number = int(port) if re.fullmatch(r"\d{1,5}", port, re.ASCII) else port
    check_number(PORT, number, whole=True, at_least=1, at_most=65535)
    return "chief" if "chief" in os.environ[WORKER] else "worker"


def worker_name() -> str:
    """Returns what this worker is called, as part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", os.environ[WORKER])


class Chief:
    """Answers workers for a new tuner, and writes down what it answered."""

    def __init__(
        self, tuner: Tuner, search: Search, folder, progress: Progress
    ):
        self._tuner = tuner
        self._search = search
        self._folder = pathlib.Path(folder)
        self._progress = progress
        self._statuses, self._failed = [], None
        self._oracle = tuner.oracle
        self._oracle.max_trials = search.trials
        self._create = quietly(self._oracle.create_trial)
        self._end = self._oracle.end_trial
        self._replay()
        # One thread answers, so that rows are in the order of the answers.
        self._oracle.create_trial = self._create_trial
        self._oracle.end_trial = self._end_trial

    def serve(self, meanwhile) -> None:
        """Answers until all trials have ended.

        Args:
            meanwhile: Called once workers are answered.

        Raises:
            UsageError: if the port is taken.
            TrainingFailed: if the first trials all fail.
        """
        servicer = oracle_chief.OracleServicer(self._oracle)
        server = listen(servicer)
        try:
            meanwhile()
            while self._oracle.ongoing_trials or not (
                servicer.stop_triggered
                or len(self._statuses) >= self._search.trials
            ):
                self._check()
                time.sleep(IDLE)
            until = time.monotonic() + FAREWELL
            while self._oracle.tuner_ids and time.monotonic() < until:
                time.sleep(IDLE)
        finally:
            server.stop(IDLE).wait()
        if self._nothing_works():
            raise nothing_works(read_trials(self._folder)[-1].reason)

    def _create_trial(self, tuner_id):
        self._check()
        before = len(self._oracle.trials)
        trial = self._create(tuner_id)
        if len(self._oracle.trials) > before:
            self._note("create", trial.trial_id, tuner_id)
            self._progress.started(self._tuner.read(trial))
        return trial

    def _end_trial(self, trial):
        self._check()
        self._end(trial)
        ended = self._oracle.trials[trial.trial_id]
        score = None if ended.score is None else float(ended.score)
        self._note("end", ended.trial_id, ended.status, score)
        self._count_in(ended)
        told = {"status": FAILED, "reason": "its worker tells why"}
        if ended.status == "COMPLETED":
            scores = {self._search.objective: ended.score}
            told = {"status": DONE, "scores": scores}
        trial = dataclasses.replace(self._tuner.read(ended), **told)
        self._progress.ended(trial)

    def _check(self):
        """Raises where what was answered could not be written down."""
        if self._failed is not None:
            raise self._failed

    def _count_in(self, ended):
        """Notes a status, and ends a search in which nothing works."""
        self._statuses.append(ended.status)
        if self._nothing_works():
            self._oracle.max_trials = len(self._oracle.trials)

    def _nothing_works(self):
        first = self._statuses[:ALL_FAILED]
        return len(first) == ALL_FAILED and "COMPLETED" not in first

    def _note(self, *row):
        line = json.dumps(row).encode() + b"\n"
        with open(self._folder / BOOK, "ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                if file.write(line) < len(line):
                    full = errno.ENOSPC
                    raise OSError(full, os.strerror(full), file.name)
                os.fsync(file.fileno())
            except OSError as error:
                self._failed = error
                file.truncate(before)
                raise

    def _replay(self):
        """Does again what an earlier chief did, in its order."""
        path = self._folder / BOOK
        text = path.read_text("utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:  # killed while it wrote
            write_whole(path, whole)
        try:
            for line in whole.splitlines():
                self._do_again(*json.loads(line))
        except (ValueError, LookupError, TypeError) as error:
            raise must(
                BOOK, "as the search's chief wrote it", f"{path} ({error})"
            ) from None

    def _do_again(self, what, number, *rest):
        if what == "create":
            self._create(*rest)
            return
        trial = self._oracle.trials[number]
        trial.status, score = rest
        if score is not None:
            self._oracle.update_trial(number, {self._search.objective: score})
        self._end(trial)
        self._count_in(trial)


def work(tuner: Tuner, search: Search, folder, run) -> None:
    """Runs the trials that the chief hands out, until there are no more.

    Args:
        tuner: Reads what the chief's proposes.
        search: The chief's, in the folder that both share.
        run: Called with what is proposed, yields each trial as it ends.

    Raises:
        UsageError: if the chief does not answer.
    """
    client = oracle_client.OracleClient(tuner.oracle)
    client.stub = _Proving(client.stub)
    try:
        while True:
            handed = client.create_trial(client.tuner_id)
            if handed.status == "STOPPED":
                return
            if handed.status == "IDLE":
                time.sleep(IDLE)
                continue
            trial = _run(tuner.read(handed), folder, run)
            handed.status = "FAILED"
            if trial.status == DONE:
                score = trial.scores[search.objective]
                client.update_trial(handed.trial_id, {search.objective: score})
                handed.status = "COMPLETED"
            client.end_trial(handed)
    except grpc.RpcError as error:
        raise UsageError(
            f"The chief at {_address()} does not answer: {error.code().name}."
            f"\n{ADVICE.get(error.code().name, START_AGAIN)}"
        ) from None


def _run(proposal, folder, run):
    """Runs a trial, unless it ended before this worker was stopped."""
    for trial in read_trials(folder):
        if trial.number == proposal.number:
            return trial
    (trial,) = run([proposal])
    record(folder, trial)
    return trial


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
        port = server.add_insecure_port(_address())
    except RuntimeError:
        port = 0
    if port == 0:
        raise must(PORT, "a port that is free here", _address())
    server.start()
    print(f"waiting for workers at {_address()}", flush=True)
    return server


def _address():
    return f"{os.environ[HOST]}:{os.environ[PORT]}"


class _Proving:
    """A client's stub whose every question shows that it has the token."""

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
