"""Commands in processes of their own, several at once.

A process apart keeps what breaks to itself, down to memory that runs out. It
ends with this one, whatever that ends by (`tfcmc.cli.child`).
"""

import collections
import dataclasses
import os
import pathlib
import queue
import signal
import subprocess
import sys
import sysconfig
import threading
import time

from tfcmc.foundation.lazy import LazyModule

folders = LazyModule("tfcmc.runs.folder")  # it loads NumPy

LONGEST = 300  # characters of a reason
HOME = pathlib.Path(__file__).parents[2]  # of the library and its commands
# As `python -m tfcmc.cli.child`, but of this library and its commands: what
# is called like them may lie in the current folder too.
CHILD = """
import os, runpy, sys
sys.path[:] = [sys.argv.pop(1), *filter(None, sys.path)]
sys.path += filter(None, sys.argv.pop(1).split(os.pathsep))
import tfcmc, trainers, tuning
del sys.path[0]
runpy.run_module("tfcmc.cli.child", run_name="__main__", alter_sys=True)
"""


@dataclasses.dataclass(frozen=True)
class Job:
    """A command to run, alone in its folder."""

    name: str  # what stands before its lines
    words: tuple[str, ...]  # module, option, ..., as after `python -m`
    folder: pathlib.Path | None  # None for one that writes nothing

    @property
    def log(self) -> pathlib.Path:
        """File for all that it prints, added to what is there."""
        if self.folder is None:
            return pathlib.Path(os.devnull)
        return folders.Run(self.folder).log


@dataclasses.dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    job: Job
    code: int  # of its exit; negative where a signal ended it
    told: str  # the last line of its stderr

    @property
    def reason(self):
        """Why it did not end well, in one line."""
        if self.code < 0:
            return ended_by(-self.code)
        return self.told[:LONGEST] or f"exit code {self.code}"


def ended_by(number: int) -> str:
    """Says which signal ended a process, by its number."""
    name = signal.Signals(number).name
    memory = ", as where memory runs out" if name == "SIGKILL" else ""
    return f"ended by {name}{memory}"


def run_all(jobs, *, at_once, show, started=lambda job: None):
    """Runs commands, some at once, each on its share of the cores.

    A process that uses all cores and shares them with another waits for the
    other's threads at every operation; on cores of its own it does not.

    Args:
        jobs: `Job`s; each is asked for as there is room for it.
        at_once: How many run at the same time, from 1.
        show: Called with each `(job, line)` of what they print; where it
            returns True the job is told to save and end.
        started: Called with each `job` that starts.

    Yields:
        An `Ended` as each one ends.

    Raises:
        OSError: if a log cannot be written to.
    """
    shares = collections.deque(core_shares(at_once))
    waiting, running = iter(jobs), {}
    events = queue.Queue()
    try:
        while True:
            while shares and (job := next(waiting, None)) is not None:
                cores = shares.popleft()
                started(job)
                running[job] = cores, _start(job, cores, events)
            if not running:
                break
            job, what = events.get()
            if isinstance(what, str):
                if show(job, what):
                    running[job][1].stdin.close()
                continue
            if isinstance(what, OSError):
                raise what
            cores, _ = running.pop(job)
            shares.append(cores)
            yield what
    finally:
        for _, process in running.values():
            process.stdin.close()
        for _, process in running.values():
            process.wait()


def run_one(job: Job) -> tuple[Ended, list[str]]:
    """Runs a command by itself.

    Returns:
        How it ended, and the lines that it printed.

    Raises:
        OSError: if its log cannot be written to.
    """
    lines = []
    (ended,) = run_all(
        [job], at_once=1, show=lambda job, line: lines.append(line)
    )
    return ended, lines


def seconds_left(spent: float, done: int, left: int, at_once: int) -> float:
    """Returns how long what is left will take, at the pace so far.

    Until as many have ended as run at once, those beside them count as ended:
    they began together.

    Args:
        spent: Seconds since the first began.
        done: How many have ended, from 1.
        left: How many have not.
        at_once: How many run at the same time.
    """
    ended = max(done, min(at_once, done + left))
    return (done + left - ended) * spent / ended


def core_shares(count):
    """Splits the cores that this process may use in so many shares.

    Returns:
        One set of core numbers a share; None where all may use all.
    """
    cores = []
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
    if count == 1 or len(cores) < count:
        return [None] * count
    return [set(cores[number::count]) for number in range(count)]


def _start(job, cores, events):
    """Starts a command, and a thread that reports what becomes of it."""

    def settle():
        os.sched_setaffinity(0, cores)

    # Without a buffer a line is written at once, whichever thread has it.
    log = open(job.log, "ab", buffering=0)
    if log.tell():
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        log.write(f"\nstarted again, {now}\n".encode())
    process = subprocess.Popen(
        [
            *(sys.executable, "-u", "-c", CHILD, str(HOME), _places()),
            *(str(job.folder or ""), *job.words),
        ],
        # The end that is held here tells the child that this process lives.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=settle if cores is not None else None,
        # Ctrl-C in a terminal, or a scheduler's signal to the whole group,
        # would reach it beside what this process tells it.
        start_new_session=True,
    )
    words = (job, process, log, events)
    threading.Thread(target=_follow, args=words, daemon=True).start()
    return process


def _places():
    """Where modules are found here, but for those of any Python's own."""
    own = [os.path.join(each, "") for each in sysconfig.get_paths().values()]
    here = [os.path.abspath(each) for each in sys.path if type(each) is str]
    return os.pathsep.join(
        each
        for each in here
        if not os.path.join(each, "").startswith(tuple(own))
    )


def _follow(job, process, log, events):
    """Passes on what a process prints, and writes it down."""
    last = ""

    def read(stream):
        for line in stream:
            try:
                log.write(line)
            except OSError as fault:
                events.put((job, fault))
            yield line.decode("utf-8", "replace").rstrip()

    def read_errors():
        nonlocal last
        for text in read(process.stderr):
            last = text or last

    errors = threading.Thread(target=read_errors, daemon=True)
    errors.start()
    for text in read(process.stdout):
        events.put((job, text))
    errors.join()
    log.close()
    events.put((job, Ended(job, process.wait(), last)))
