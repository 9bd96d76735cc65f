"""Commands in processes of their own, several at once.

A process apart keeps what breaks to itself, down to memory that runs out.
"""

import collections
import dataclasses
import os
import queue
import signal
import subprocess
import sys
import threading

LONGEST = 300  # characters of a reason


@dataclasses.dataclass(frozen=True)
class Job:
    """A command to run.

    Attributes:
        name: What stands before its lines.
        words: `[module, option, ...]`, as after `python -m`.
        log: File for all that it prints.
    """

    name: str
    words: tuple
    log: os.PathLike


@dataclasses.dataclass(frozen=True)
class Ended:
    """A command that has ended.

    Attributes:
        job: The `Job`.
        code: Its exit code; negative where a signal ended it.
        told: The last line of its stderr.
    """

    job: Job
    code: int
    told: str

    @property
    def reason(self):
        """Why it did not end well, in one line."""
        if self.code < 0:
            name = signal.Signals(-self.code).name
            memory = ", as where memory runs out" if name == "SIGKILL" else ""
            return f"ended by {name}{memory}"
        return self.told[:LONGEST] or f"exit code {self.code}"


def run_all(jobs, *, at_once, show, started=None):
    """Runs commands, some at once, each on its share of the cores.

    A process that uses all cores and shares them with another waits for the
    other's threads at every operation; on cores of its own it does not.

    Args:
        jobs: `Job`s.
        at_once: How many run at the same time, from 1.
        show: Called with each `(job, line)` of what they print.
        started: Called with each `job` that starts, or None.

    Yields:
        An `Ended` as each one ends.
    """
    shares = collections.deque(core_shares(at_once))
    waiting, running = collections.deque(jobs), {}
    events = queue.Queue()
    try:
        while waiting or running:
            while waiting and shares:
                job, cores = waiting.popleft(), shares.popleft()
                if started is not None:
                    started(job)
                running[job] = cores, _start(job, cores, events)
            job, what = events.get()
            if isinstance(what, str):
                show(job, what)
                continue
            cores, _ = running.pop(job)
            shares.append(cores)
            yield what
    finally:
        # Not SIGINT, which a process started in the background ignores.
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.wait()


def core_shares(count):
    """Splits the cores that this process may use.

    Args:
        count: How many shares.

    Returns:
        One set of core numbers a share; None where all may use all.
    """
    if count == 1 or not hasattr(os, "sched_getaffinity"):
        return [None] * count
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < count:
        return [None] * count
    return [set(cores[number::count]) for number in range(count)]


def _start(job, cores, events):
    """Starts a command, and a thread that reports what becomes of it."""

    def settle():
        if cores is not None:
            os.sched_setaffinity(0, cores)

    process = subprocess.Popen(
        [sys.executable, "-u", "-m", *job.words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=settle if cores is not None else None,
    )
    thread = threading.Thread(
        target=_follow, args=(job, process, events), daemon=True
    )
    thread.start()
    return process


def _follow(job, process, events):
    """Passes on what a process prints, and writes it down."""
    told = [""]
    lock = threading.Lock()

    def read_errors():
        for line in process.stderr:
            with lock:
                log.write(line)
            text = line.decode("utf-8", "replace").rstrip()
            told[0] = text or told[0]

    with open(job.log, "wb", buffering=0) as log:
        errors = threading.Thread(target=read_errors, daemon=True)
        errors.start()
        for line in process.stdout:
            with lock:
                log.write(line)
            events.put((job, line.decode("utf-8", "replace").rstrip()))
        errors.join()
        code = process.wait()
    events.put((job, Ended(job, code, told[0])))
