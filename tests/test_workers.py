"""Trainings in processes of their own, and what ends them."""

import contextlib
import os
import pty
import signal
import sys

import pytest

from tfcmc.cli import workers

# A training as a terminal sees it: it saves when it is told to stop.
TRAINING = """
import pathlib, time
from tfcmc.foundation.signals import noted
folder = pathlib.Path({folder!r})
before = (folder / "saved").exists()
with noted() as told:
    print("goes on" if before else "starts", flush=True)
    while not before and told() is None:
        time.sleep(0.02)
if not before:
    time.sleep(0.5)
(folder / "saved").touch()
"""
PARENT = """
import pathlib, sys
from tfcmc.cli import command_line, workers
job = workers.Job("training", ("training",), pathlib.Path(sys.argv[1]))
command_line.run(lambda: list(workers.run_all(
    [job], at_once=1, show=lambda job, line: print(line, flush=True))))
"""
ENDS = {
    "killed": (-signal.SIGKILL, lambda pid, _: os.kill(pid, signal.SIGKILL)),
    "told": (143, lambda pid, _: os.killpg(pid, signal.SIGTERM)),
    "Ctrl-C": (130, lambda _, screen: os.write(screen, b"\x03")),
    "terminal closed": (129, lambda _, screen: os.close(screen)),
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A function that makes a module for `python -m` of a few lines."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(name, code):
        (tmp_path / f"{name}.py").write_text(code)
        (tmp_path / name).mkdir()
        return workers.Job(name, (name,), tmp_path / name)

    return make


def test_modules_that_are_found_here_alone(module, tmp_path, monkeypatch):
    """A notebook may have put a folder to those where modules are."""
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "theirs_alone.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(str(tmp_path / "apart"))
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])  # is passed over
    job = module("asks", "import theirs_alone\nprint(theirs_alone.VALUE)")
    ended, shown = workers.run_one(job)
    assert (shown, ended.code) == (["7"], 0), ended.told


def test_workers(module):
    """Lines as they come, exit codes, the last line told, all in the log."""
    jobs = [
        module("well", "print('one'); print('two')"),
        module("ill", "import sys\nprint('a')\nsys.exit('it broke')"),
        module("shot", f"import os\nos.kill(os.getpid(), {signal.SIGKILL})"),
    ]
    shown = []
    ended = {
        one.job.name: one
        for one in workers.run_all(
            jobs, at_once=2, show=lambda *pair: shown.append(pair)
        )
    }
    assert {name: one.code for name, one in ended.items()} == {
        "well": 0,
        "ill": 1,
        "shot": -signal.SIGKILL,
    }
    assert ended["ill"].told == ended["ill"].reason == "it broke"
    assert ended["shot"].reason == (
        "ended by SIGKILL, as where memory runs out"
    )
    assert [line for job, line in shown if job.name == "well"] == [
        "one",
        "two",
    ]
    first = jobs[1].log.read_text()
    assert sorted(first.splitlines()) == ["a", "it broke"]
    workers.run_one(jobs[1])
    log = jobs[1].log.read_text()
    assert log.startswith(f"{first}\nstarted again, 20")
    assert sorted(log.splitlines()[-2:]) == ["a", "it broke"]


def test_a_job_that_is_told_to_end(module, tmp_path):
    """It saves and ends where what it printed is answered so."""
    folder = tmp_path / "training"
    job = module("training", TRAINING.format(folder=str(folder)))
    (ended,) = workers.run_all(
        [job], at_once=1, show=lambda _, line: line == "starts"
    )
    assert ended.code == 0 and (folder / "saved").exists()


def read_until(screen, text):
    """Reads a terminal, which gives pieces; it ends where nothing comes."""
    found = b""
    while text not in found:
        found += os.read(screen, 999)


@pytest.mark.parametrize("how", ENDS)
def test_the_parent_ends(how, module, tmp_path):
    """Whatever a parent ends by, its training saves; the next goes on."""
    folder = tmp_path / "training"
    job = module("training", TRAINING.format(folder=str(folder)))
    pid, screen = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", PARENT, str(folder)])
    read_until(screen, b"starts")
    code, end = ENDS[how]
    end(pid, screen)
    # At once: it waits for the one that saves.
    ended, shown = workers.run_one(job)
    assert (shown, ended.code) == (["goes on"], 0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    if how == "Ctrl-C":
        read_until(screen, b"Ctrl-C: interrupted. The same command goes on")
    with contextlib.suppress(OSError):
        os.close(screen)


@pytest.mark.parametrize("where", ["folder", "full disk"])
def test_a_log_that_cannot_be_written(where, module):
    """It is a fault of the machine, and not waited for."""
    job = module("well", "print('one')")
    if where == "folder":
        job.log.mkdir()
    else:
        job.log.symlink_to("/dev/full")
    with pytest.raises(OSError, match="Is a directory|No space left"):
        workers.run_one(job)


def test_core_shares(monkeypatch):
    """Shares are apart and together all; too many share everything."""
    cores = set(range(7))
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda _: cores, raising=False
    )
    for count in (1, 10_000):
        assert workers.core_shares(count) == [None] * count
    one, other = workers.core_shares(2)
    assert not one & other and one | other == cores
