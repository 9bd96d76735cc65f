"""A search by several processes, on one machine or more: KerasTuner's way.

The chief holds the tuner and trains nothing but the loss as it is; workers
ask it for trials and run them in the folder that all share. What the chief
has proposed and been told it writes down as it happens, in chief.jsonl, and
reads again when it is started again.
"""

import json
import os
import pathlib
import time

from tfcmc.distribute.cluster import TOKEN
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import UsageError, must
from tfcmc.foundation.lazy import LazyModule
from tfcmc.search.engine import ALL_FAILED, NothingWorks
from tfcmc.search.oracle import quietly
from tfcmc.search.port import Proving, address, listen
from tfcmc.search.records import (
    DONE,
    FAILED,
    Trial,
    read_trials,
    trial_folder,
    write_record,
)

grpc = LazyModule("grpc")
oracle_chief = LazyModule(
    "keras_tuner.src.distribute.oracle_chief", needs_tensorflow=True
)
oracle_client = LazyModule(
    "keras_tuner.src.distribute.oracle_client", needs_tensorflow=True
)

BOOK = "chief.jsonl"  # what was created and ended, in order
IDLE = 1.0  # seconds between two questions
FAREWELL = 30.0  # seconds that workers have to hear that all is done
START_AGAIN = "Start it again, then this worker: both go on."
ADVICE = {"UNAUTHENTICATED": f"Both need the same {TOKEN}."}


class Chief:
    """Answers workers, and writes down what it answered.

    Args:
        tuner: A `Tuner`, new.
        search: The `Search`.
        folder: Path of the search.
        progress: A `Progress`.
    """

    def __init__(self, tuner, search, folder, progress):
        self._tuner = tuner
        self._objective = search.objective
        self._count = search.trials
        self._folder = pathlib.Path(folder)
        self._progress = progress
        self._statuses = []
        self._oracle = tuner.oracle
        self._oracle.max_trials = search.trials
        self._create = quietly(self._oracle.create_trial)
        self._end = self._oracle.end_trial
        self._replay()
        # One thread answers, so that rows are in the order of the answers.
        self._oracle.create_trial = self._create_trial
        self._oracle.end_trial = self._end_trial

    def serve(self, meanwhile):
        """Answers until all trials have ended.

        Args:
            meanwhile: Called once workers are answered.

        Raises:
            UsageError: if the port is taken.
            NothingWorks: if the first trials all fail.
        """
        servicer = oracle_chief.OracleServicer(self._oracle)
        server = listen(servicer)
        try:
            meanwhile()
            while self._oracle.ongoing_trials or not (
                servicer.stop_triggered or len(self._statuses) >= self._count
            ):
                time.sleep(IDLE)
            until = time.monotonic() + FAREWELL
            while self._oracle.tuner_ids and time.monotonic() < until:
                time.sleep(IDLE)
        finally:
            server.stop(IDLE).wait()
        if self._nothing_works():
            raise NothingWorks(read_trials(self._folder)[-1].reason)

    def _create_trial(self, tuner_id):
        before = len(self._oracle.trials)
        trial = self._create(tuner_id)
        if len(self._oracle.trials) > before:
            self._note("create", trial.trial_id, tuner_id)
            self._progress.started(self._tuner.read(trial))
        return trial

    def _end_trial(self, trial):
        self._end(trial)
        ended = self._oracle.trials[trial.trial_id]
        score = None if ended.score is None else float(ended.score)
        self._note("end", ended.trial_id, ended.status, score)
        self._count_in(ended)
        self._tell(ended)

    def _count_in(self, ended):
        """Notes a status, and ends a search in which nothing works."""
        self._statuses.append(ended.status)
        if self._nothing_works():
            self._oracle.max_trials = len(self._oracle.trials)

    def _tell(self, ended):
        proposal = self._tuner.read(ended)
        done = ended.status == "COMPLETED"
        self._progress.ended(
            Trial(
                number=proposal.number,
                values=proposal.values,
                epochs=proposal.epochs,
                parent=proposal.parent,
                status=DONE if done else FAILED,
                reason=None if done else "its worker tells why",
                scores={self._objective: ended.score} if done else {},
            )
        )

    def _nothing_works(self):
        first = self._statuses[:ALL_FAILED]
        return len(first) == ALL_FAILED and "COMPLETED" not in first

    def _note(self, *row):
        with open(self._folder / BOOK, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())

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
            self._oracle.update_trial(number, {self._objective: score})
        self._end(trial)
        self._count_in(trial)


def work(tuner, search, folder, run):
    """Runs the trials that the chief hands out, until there are no more.

    Args:
        tuner: A `Tuner`, to read its proposals with.
        search: The `Search`.
        folder: Path of the search, the chief's.
        run: Called with `Proposal`s, yields the `Trial` of each as it ends.

    Raises:
        UsageError: if the chief does not answer.
    """
    client = oracle_client.OracleClient(tuner.oracle)
    client.stub = Proving(client.stub)
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
            f"The chief at {address()} does not answer: {error.code().name}."
            f"\n{ADVICE.get(error.code().name, START_AGAIN)}"
        ) from None


def _run(proposal, folder, run):
    """Runs a trial, unless it ended before this worker was stopped."""
    for trial in read_trials(folder):
        if trial.number == proposal.number:
            return trial
    (trial,) = run([proposal])
    path = trial_folder(folder, trial.number) / "trial.json"
    write_record(path, trial)
    return trial
