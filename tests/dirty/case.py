"""What a bad input is, and how it is tried."""

import contextlib
import dataclasses
import re
import signal
import tracemalloc

import numpy as np
import pytest

from tfcmc.cli import command_line
from tfcmc.data import SOURCES, Reading
from tfcmc.data.folder import folder as read_folder

LIMIT = 90  # seconds for one case, on a busy machine
ANY = "…"  # stands for any text in what a case is told


@dataclasses.dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        name: What it is, in words.
        make: `(folder) -> made`: makes it in an empty folder, or in one with
            what `needs` names.
        gets: What it gets: the message, with `ANY` for what differs from
            machine to machine; or what is read, if there is a `check`.
        act: `(made) -> value`: reads it.
        check: `(value) -> None`: asserts that it was read right; None for
            what is refused.
        needs: A fixture whose folder is copied first, or "".
        lines: Lines of the message, at most.
    """

    name: str
    make: object
    gets: str
    act: object
    check: object = None
    needs: str = ""
    lines: int = 2


def try_case(case, folder, capsys):
    """Tries a case: right, or told plainly with exit code 2; never else.

    Args:
        case: A `Case`.
        folder: A folder of its own.
        capsys: pytest's.
    """
    made = case.make(folder)
    with time_limit(LIMIT):
        if case.check is not None:
            case.check(case.act(made))
            return
        text = told(lambda: case.act(made), capsys)
    assert len(text.splitlines()) <= case.lines, text
    parts = map(re.escape, case.gets.split(ANY))
    assert re.fullmatch("(?s)" + ".*".join(parts), text), text


def told(act, capsys):
    """Returns what a user is told of something that must be refused."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        command_line.run(act)
    assert left.value.code == 2
    return capsys.readouterr().err.removesuffix("\n")


@contextlib.contextmanager
def time_limit(seconds):
    """Fails what takes longer: waiting for ever is no answer."""

    def late(number, frame):
        raise TimeoutError(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def bounded(act, most):
    """Wraps an act: it fails where Python takes more bytes than `most`."""

    def wrapped(made):
        tracemalloc.start()
        try:
            return act(made)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < most, f"{peak:,} bytes"

    return wrapped


def source_of(spec, data_dir=None, **settings):
    """Reads a data source as the commands do."""
    bound = SOURCES.lookup(spec)
    data_dir = data_dir and str(data_dir)
    bound.member.extra.get("check", lambda *_: None)(bound.argument, data_dir)
    reading = Reading(data_dir=data_dir, **settings)
    return bound.function(reading, bound.argument)


def pictures_of(folder, **settings):
    """Reads a folder of images; returns the pixels and the notes."""
    source = read_folder(Reading(**settings), str(folder))
    return all_of(source.pretrain), source.notes


def all_of(pictures):
    """Every picture in order."""
    return pictures.read(np.arange(len(pictures)))


def noise(seed, *shape):
    """Random pixels."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, shape or (8, 8, 3), np.uint8)
