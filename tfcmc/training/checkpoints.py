"""Checkpoints of a training: whole, checked, the last two kept."""

import dataclasses
import hashlib
import json
import pathlib
import re

import numpy as np

import tfcmc
from tfcmc.foundation.arrays import read_arrays
from tfcmc.foundation.atomic import is_aside, whole
from tfcmc.foundation.errors import UsageError, is_passing, reason_of
from tfcmc.foundation.paths import names_in

KEPT = 2
NAME = re.compile(r"step-\d+\.npz")
STATE, DIGEST = "state", "sha256"
VARIABLE = "variable/"


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A training at the end of a step."""

    step: int  # steps done, from the start of training
    arrays: dict  # the value of every variable, by its path
    state: dict  # what else goes on: plain values


class Checkpoints:
    """The checkpoints in a folder, a file each.

    A file is written aside, flushed and renamed; it holds the SHA-256 of its
    contents. One that is damaged all the same is passed over for the one
    before it.

    Args:
        folder: Path of the folder; it must exist when one is saved.
    """

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)

    def save(self, checkpoint):
        """Writes a `Checkpoint`, and lets go of all but the last two."""
        named = _named(checkpoint)
        named[DIGEST] = np.array(_digest(named))
        path = self._folder / f"step-{checkpoint.step:09d}.npz"
        with whole(path) as aside:
            np.savez(aside, **named)
        paths = self._paths()
        place = paths.index(path)
        # Those of later steps were passed over, for they are damaged.
        for old in (*paths[:place], *paths[place + KEPT :]):
            old.unlink()

    def latest(self) -> Checkpoint | None:
        """Reads the newest checkpoint that is sound.

        Raises:
            UsageError: if there are some, and all are damaged, or they are
                another version's.
        """
        paths = self._paths()
        for path in paths:
            try:
                version, checkpoint = _read(path)
            except Exception as error:
                if is_passing(error) or isinstance(error, PermissionError):
                    raise  # the file may be sound
                # zipfile, NumPy, JSON and their parts each see damage in
                # their own way: what cannot be read is not gone on from.
                told = reason_of(error)
                print(f"{path} is damaged ({told}): it is passed over")
                continue
            self._check_version(version)
            return checkpoint
        if paths:
            raise UsageError(
                f"`run-dir` must hold a checkpoint that can be read. "
                f"Received: {str(self._folder)!r}, where all are damaged.\n"
                f"Delete that folder to train anew."
            )
        if not all(map(is_aside, map(pathlib.Path, names_in(self._folder)))):
            self._check_version("another version")
        return None

    def _check_version(self, version):
        # The same numbers may mean something else there.
        if version != tfcmc.__version__:
            raise UsageError(
                f"`run-dir` must hold a training of this version of tfcmc, "
                f"{tfcmc.__version__}, to go on with. Received: "
                f"{str(self._folder.parent)!r}, of {version}"
            )

    def _paths(self):
        """The files, newest first."""
        names = [n for n in names_in(self._folder) if NAME.fullmatch(n)]
        return [self._folder / name for name in reversed(names)]


def _named(checkpoint):
    named = {
        f"{VARIABLE}{path}": array for path, array in checkpoint.arrays.items()
    }
    state = {
        "version": tfcmc.__version__,
        "step": checkpoint.step,
        **checkpoint.state,
    }
    named[STATE] = np.array(json.dumps(state))
    return named


def _digest(named):
    """The SHA-256 of names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(named):
        array = np.ascontiguousarray(named[name])
        shape = np.shape(named[name])  # a number's would be (1,) from here on
        digest.update(f"{name} {array.dtype.str} {shape}\n".encode())
        # A view: copying a bank's bytes takes longer than their digest.
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _read(path):
    named = read_arrays(path)
    told = str(named.pop(DIGEST))
    if _digest(named) != told:
        raise ValueError("its checksum is another")
    state = json.loads(str(named.pop(STATE)))
    arrays = {
        name.removeprefix(VARIABLE): array for name, array in named.items()
    }
    version = state.pop("version")
    return version, Checkpoint(state.pop("step"), arrays, state)
