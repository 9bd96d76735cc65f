"""What a bad input is, and how it is tried.

What each gets stands in docs/bad_inputs.md alone.
"""

import contextlib
import dataclasses
import pathlib
import re
import signal
import tracemalloc

import numpy as np
import pytest

from tfcmc.cli import command_line
from tfcmc.data import SOURCES, Reading

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "bad_inputs.md"
ROW = re.compile(r"^\| (.+?) \| (read|refused): (.+) \|$", re.MULTILINE)
BEGINS = re.compile(r"The message begins: (.+?)\n\n", re.DOTALL)
ANY = "…"  # stands for any text in what a case is told
LIMIT = 90  # seconds for one case, on a busy machine
LINES = 2  # of a message, at most


@dataclasses.dataclass(frozen=True)
class Case:
    """One bad input."""

    make: object  # `(folder) -> made`: makes it in an empty folder
    act: object  # `(made) -> value`: reads it
    check: object = None  # `(value)`: that it was read right, where it is
    needs: str = ""  # a fixture whose folder is copied first


def answers():
    """Returns name to `(answer, text)` of every row of the page."""
    found = {}
    for part in PAGE.read_text("utf-8").split("\n## ")[1:]:
        begins = BEGINS.search(part)
        for name, answer, text in ROW.findall(part):
            if answer == "refused" and begins:
                text = f"{begins[1]} {text}"
            name, text = (re.sub(r"\\(\W|_)", r"\1", s) for s in (name, text))
            found[name] = answer, " ".join(text.split())
    return found


def try_case(case, answer, text, folder, capsys):
    """Tries a case: right, or told plainly with exit code 2; never else."""
    made = case.make(folder)
    with time_limit(LIMIT):
        if answer == "read":
            case.check(case.act(made))
            return
        found = told(lambda: case.act(made), capsys)
    assert len(found.splitlines()) <= LINES, found
    found = " ".join(found.split())
    pattern = ".*".join(map(re.escape, text.split(ANY)))
    assert re.fullmatch(pattern, found), found


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


def same(folder):
    return folder


def then(make, *changes):
    """Makes something in a folder, then changes it."""

    def both(folder):
        made = make(folder)
        for change in changes:
            change(folder)
        return made

    return both


def edited(file, change, place=""):
    """Changes the bytes of a file in a folder; None leaves it out."""

    def make(folder):
        path = folder / place / file
        data = change(path.read_bytes()) if callable(change) else change
        path.unlink()
        if data is not None:
            path.write_bytes(data)
        return folder

    return make


def half(data):
    return data[: len(data) // 2]


def source_of(spec, data_dir=None, **settings):
    """Reads a data source as the commands do."""
    bound = SOURCES.lookup(spec)
    data_dir = data_dir and str(data_dir)
    bound.member.extra.get("check", lambda *_: None)(bound.argument, data_dir)
    reading = Reading(data_dir=data_dir, **settings)
    return bound.function(reading, bound.argument)


def pictures_of(folder, **settings):
    """Reads a folder of images; returns the pixels and the notes."""
    source = source_of(f"folder:{folder}", **settings)
    return all_of(source.pretrain), source.notes


def all_of(pictures):
    """Every picture in order."""
    return pictures.read(np.arange(len(pictures)))


def by_content(pictures, labels=None):
    """Pictures with their labels, in an order that only they decide."""
    labels = [-1] * len(pictures) if labels is None else labels
    pairs = zip(pictures, labels, strict=True)
    return sorted((p.tobytes(), int(label)) for p, label in pairs)


def noise(seed, *shape):
    """Random pixels."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, shape or (8, 8, 3), np.uint8)
