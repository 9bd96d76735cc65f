"""Commands that run on several machines at once, one process on each.

On each machine a second process, forked off before TensorFlow is loaded, does
the work; the first watches over it and over the other machines, and passes
signals on. Inside TensorFlow's start, which waits for all machines, no thread
of Python's runs and no signal is heard: nothing in that process could tell
that one of them died.
"""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

from tfcmc.cli.workers import ended_by
from tfcmc.distribute.cluster import machines_of
from tfcmc.distribute.heartbeat import GRACE, SILENCE, Lost, Watch
from tfcmc.distribute.links import BEAT, DONE, LOSS, STOP, Link
from tfcmc.distribute.rendezvous import meet
from tfcmc.foundation.errors import must, reason_of
from tfcmc.foundation.signals import Interrupted, noted

PATIENCE = 600.0  # seconds to wait for a machine that has not come
DEATH_SIGNAL = 1  # Linux's PR_SET_PDEATHSIG


def check_alone(strategy: str) -> None:
    """Refuses a strategy of several machines.

    Each training that the command starts would wait for all of them.
    """
    if machines_of(strategy) is not None:
        raise must(
            "strategy",
            "one or mirrored, or TF_CONFIG unset: what this command trains "
            "runs on one machine",
            strategy,
        )


@contextlib.contextmanager
def all_present(strategy: str, settings: Callable[[], dict], advice: str):
    """Starts when all machines are there, and stops where one is lost.

    Args:
        strategy: Its name; nothing happens unless it is of several machines.
        settings: Returns name to value of what they all have to be started
            with; called only then.
        advice: A sentence for the user to read where one is lost.

    Raises:
        UsageError: if TF_CONFIG does not do, or a machine does not come or
            was started otherwise.
        SystemExit: in the process that watches, with the other's exit code,
            or 1 where a machine or that process is lost.
        Interrupted: there, if a signal ended the other at once.
    """
    cluster = machines_of(strategy)
    if cluster is None:
        yield
        return
    links = meet(cluster, settings(), PATIENCE)
    name = cluster.names[cluster.here]
    ours, theirs = socket.socketpair()
    child = _fork()
    if child:
        theirs.close()
        sys.exit(_watch_over(_Process(child), Link(ours, name), links, advice))
    for each in (ours, *(link.connection for link in links)):
        each.close()
    with _telling(Link(theirs, name)):
        yield


def _fork():
    """Makes the second process, which ends with this one."""
    # What is still to be written would be written by both.
    sys.stdout.flush()
    sys.stderr.flush()
    watching = os.getpid()
    child = os.fork()
    if child == 0:
        # Ctrl-C in a terminal would reach it beside what it is passed on.
        os.setsid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != watching:
            os._exit(1)
    return child


@contextlib.contextmanager
def _telling(link):
    """Tells the process that watches how the work goes on, and ends."""
    threading.Thread(target=_beat, args=(link,), daemon=True).start()
    try:
        yield
    except BaseException as error:
        if type(error).__module__.startswith("tensorflow"):
            # It may see a loss before the watch does, and cannot name it.
            time.sleep(SILENCE + GRACE)
        link.tell(f"{STOP}{reason_of(error, 300)}")
        raise
    link.tell(DONE)


def _beat(link):
    """Gives signs of life, as long as Python's threads run."""
    with contextlib.suppress(OSError):
        while True:
            link.send()
            time.sleep(BEAT)


def _watch_over(process, training, links, advice):
    """Watches until the work has ended, or a machine is lost; an exit code."""
    name = training.name
    with noted() as told:

        def look():
            if told() is not None:
                process.pass_on(told())
                if time.monotonic() - training.heard > GRACE:
                    process.kill()  # it hears no signal

        watch = Watch(training, links, look)
        try:
            last = watch.until_it_ends()
            if last is not None:
                watch.part(_parting(name, last))
            code = process.wait(look)
        except Lost as lost:
            return _stopped(lost, advice)
        except Interrupted as again:
            watch.part(_parting(name, f"{STOP}{again}"))
            raise
        finally:
            process.kill()
        if code >= 0:
            return code
        if told() is not None:
            ended = Interrupted(told())
            watch.part(_parting(name, f"{STOP}{ended}"))
            raise ended
        watch.part(f"{LOSS}{name} was {ended_by(-code)}")
        return _stopped(f"{name} was {ended_by(-code)}", advice)


def _parting(name, last):
    """Returns what the others are told of the last words of the work."""
    if last == DONE:
        return DONE
    return f"{STOP}{name} has stopped: {last.removeprefix(STOP)}"


def _stopped(words, advice):
    """Tells why, and returns the exit code."""
    print(f"Stopped: {words}. {advice}", file=sys.stderr)
    return 1


class _Process:
    """The process that does the work, by its number."""

    def __init__(self, number):
        self._number = number
        self._code = None
        self._passed = False

    def pass_on(self, number):
        """Sends it a signal, the first time."""
        if not self._passed:
            self._passed = True
            os.kill(self._number, number)

    def wait(self, look):
        """Waits for its end; `look` is called meanwhile. Returns its code."""
        while self._code is None:
            ended, status = os.waitpid(self._number, os.WNOHANG)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
            else:
                look()
                time.sleep(BEAT / 10)
        return self._code

    def kill(self):
        """Ends it at once, if it has not ended."""
        if self._code is None:
            os.kill(self._number, signal.SIGKILL)
            self.wait(lambda: None)
