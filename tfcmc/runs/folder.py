"""A run folder: everything one training leaves behind.

config.json  identity.json  history.csv  metrics.json  embedded.npz
encoders/NAME.keras  checkpoints/  figures/*.png  tensorboard/  log.txt
"""

import contextlib
import csv
import errno
import io
import json
import os
import pathlib

import numpy as np

from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import must_be_writable
from tfcmc.foundation.locks import lock_of
from tfcmc.foundation.paths import is_same

READ_BACK = ("config.json", "history.csv", "metrics.json", "embedded.npz")
# What is in folders that are written here: of a run, a search, a comparison.
MARKS = (
    {"config.json", "checkpoints", "encoders", "figures"},
    {"search.json", "default"},
    {"table.md", "table.tex", "figures"},
)


def is_written_here(names) -> bool:
    """Says by all names in a folder whether it is a run's or of several."""
    return any(mark.issubset(names) for mark in MARKS)


class Run:
    """The files of one run, each of them whole or absent.

    The folder need not exist yet.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.checkpoints = self.folder / "checkpoints"
        self.encoders = self.folder / "encoders"
        self.figures = self.folder / "figures"
        self.tensorboard = self.folder / "tensorboard"
        self.log = self.folder / "log.txt"  # of a process that trained it

    def create(self):
        """Makes the folder, as `make_folder`."""
        for folder in (self.folder, *self._parts()):
            make_folder(folder)

    def _parts(self):
        return self.checkpoints, self.encoders, self.figures

    def remove_empty(self):
        """Removes the folder if nothing was written to it."""
        with contextlib.suppress(OSError):  # one that is not empty stays
            for folder in self._parts():
                folder.rmdir()
            lock = lock_of(self.folder)
            if all(path == lock for path in self.folder.iterdir()):
                lock.unlink(missing_ok=True)
                self.folder.rmdir()

    def owns(self, path) -> bool:
        """Says whether a file is, or would be, one the run is read from."""
        folders = self.checkpoints, self.encoders
        place = pathlib.Path(os.path.realpath(path)).parent
        if any(is_same(place, folder) for folder in folders):
            return True
        files = [self.folder / name for name in READ_BACK]
        files += [file for each in folders for file in each.glob("*")]
        return any(is_same(path, file) for file in files)

    def siblings(self):
        """Returns the other runs in the same folder, by their names."""
        return [
            Run(path.parent)
            for path in sorted(self.folder.parent.glob("*/metrics.json"))
            if path.parent != self.folder
        ]

    def write_json(self, name, value):
        """Writes a value as JSON."""
        write_json(self.folder / name, value)

    def read_history(self):
        """Returns the rows of the history: dicts of column to number."""
        try:
            with open(self.folder / "history.csv", newline="") as file:
                rows = list(csv.DictReader(file))
        except FileNotFoundError:
            return []
        return [
            {name: _number(text) for name, text in row.items()} for row in rows
        ]

    def write_history(self, rows):
        """Writes the history: one row an epoch."""
        columns = list(rows[0]) if rows else ["epoch"]
        lines = [",".join(columns)]
        lines += [
            ",".join(repr(row[column]) for column in columns) for row in rows
        ]
        write_whole(self.folder / "history.csv", "\n".join(lines) + "\n")

    def write_arrays(self, name, arrays):
        """Writes arrays, a dict of name to array, as `.npz`."""
        file = io.BytesIO()
        np.savez(file, **arrays)
        write_whole(self.folder / name, file.getvalue())


def write_json(path, value):
    """Writes a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=2) + "\n")


def make_folder(folder):
    """Makes a folder of runs, with those it is in.

    Raises:
        UsageError: if it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise must_be_writable(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        raise must_be_writable(folder, denied)


def _number(text):
    value = float(text)
    return int(value) if text.lstrip("-").isdigit() else value
