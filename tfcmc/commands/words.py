"""The words of a call in Python, as those of a command."""

import functools
import os
import pathlib
import re
from collections.abc import Callable

import numpy as np

from tfcmc.cli import command_line
from tfcmc.commands.code import FIRST, spec_of
from tfcmc.data.given import arrays_of
from tfcmc.data.memory import Held, hold
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.foundation.atomic import whole
from tfcmc.foundation.errors import check_text, must, unknown
from tfcmc.runs.folder import make_folder

RUNS = "runs"  # where runs are that the caller gave no folder


def taken(
    parser, words: dict, *, apart: Callable[[dict], object] | None = None
) -> tuple:
    """Takes the words of a call as a command takes its options.

    Args:
        words: Name to value; None is as if it were not there.
        apart: What refuses what is wrong, where other processes are to train;
            then arrays are written to a file for them. None where none are.

    Returns:
        `(given, held)`: as `command_line.parse`, and the `Held` that has the
        pictures, as long as somebody holds it; or None.

    Raises:
        UsageError: if a word is not known, or a value is not legal.
    """
    known = command_line.arguments(parser)
    for name in words:
        if name not in known:
            raise unknown("argument", name, known)
    given = {
        name: _plain(known[name], value)
        for name, value in words.items()
        if value is not None
    }
    for name in given.keys() & {*command_line.PATHS}:
        for path in given[name] if name == "tuned" else [given[name]]:
            check_text(command_line.option(name)[2:], path)
    given = command_line.completed(given, parser.get_default("unread") or ())
    for name in ("loss", "losses"):
        if name in given:
            given[name] = _specs(given[name])
    folder = pathlib.Path(given.get("run_dir", RUNS))
    # Code in a run's own folder is not run: it may be anybody's.
    code = folder if apart or "run_dir" not in given else folder.parent
    for axis in FIRST:
        if callable(given.get(axis)):
            given[axis] = spec_of(axis, given[axis], code)
    held = None
    if not isinstance(given.get("data", ""), str):
        held = in_memory(given)
        given["data"] = held.spec
        if apart:
            apart(given)
            given["data"] = _written(held, folder)
    return given, held


def in_memory(given: dict) -> Held:
    """Holds the pictures that were given in memory, and tells of them."""
    reading = {
        name: given[name]
        for name in ("memory_limit", "picture_side")
        if name in given
    }
    config = make_config(reading)
    arrays, notes = arrays_of(
        given["data"],
        limit=int(config.memory_limit * 2**30),
        side=config.picture_side,
    )
    for note in notes:
        print(f"  note: {note}")
    return hold(arrays)


def _written(held, folder):
    """Writes arrays to a file, once, and returns its spec."""
    path = folder.absolute() / f"{held.word}.npz"
    if not path.exists():
        make_folder(folder)
        with whole(path) as aside:
            np.savez(aside, **held.arrays)
        print(f"  note: the pictures are in {path}, for what trains on them")
    return f"npz:{path}"


def _plain(action, value):
    """Returns a value as the command line would have read it."""
    if action.nargs == "+":
        one = str | os.PathLike | int | float | np.generic
        several = not (isinstance(value, one) or hasattr(value, "get_config"))
        items = list(value) if several else [value]
        if not items:
            raise must(action.dest, "one or several", value)
        return [_one(item) for item in items]
    return _one(value)


def _one(value):
    if isinstance(value, np.generic):
        return value.item()
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _specs(value):
    """Returns the specs of losses, which may be `ContrastiveLoss`es."""
    if isinstance(value, list):
        return [_specs(each) for each in value]
    config = getattr(value, "get_config", dict)()
    if not config.get("symmetric", True):
        raise must("loss", "symmetric, as all are that train", value)
    return config.get("spec", value)


def in_python(text: str) -> str:
    """Says a message of the command line as a caller in Python wrote it."""
    # Names of files may have what looks like an option.
    option = r"(?<![\w/.-])--([a-z]+(?:-[a-z]+)*)"
    text = re.sub(f"{option}=", _underscored, text)
    text = re.sub(option, _ticked, text)
    return re.sub(r"`([a-z]+(?:-[a-z0-9]+)+)`", _ticked, text)


def _underscored(found):
    return found[1].replace("-", "_") + "="


def _ticked(found):
    return f"`{found[1].replace('-', '_')}`"


def defaults(parser, own: dict) -> dict:
    """Returns the words that a command takes, each with its default.

    Args:
        own: Those that are no settings and have one.
    """
    standard = functools.partial(getattr, PretrainConfig())
    return {
        name: own[name] if name in own else standard(name, None)
        for name in command_line.arguments(parser)
    }
