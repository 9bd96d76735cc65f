"""The runs below a folder: their settings, their state and their verdicts.

Reads what is there, one folder at a time; nothing is trained or judged.
"""

import dataclasses
import os
import pathlib
import re

from tfcmc.comparison.rows import COLUMNS, numbers
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import AXES
from tfcmc.foundation.errors import UsageError, must, reason_of, unknown
from tfcmc.foundation.text import printable
from tfcmc.report.table import Cell, texts
from tfcmc.report.text_tables import laid_out, rows_text
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import CIRCUMSTANCES
from tfcmc.runs.record import read_history, read_metrics, read_settings

MEASURED = {
    (column.short or column.title).rstrip("."): column
    for column in COLUMNS
    if column.key not in ("balanced", "seen")
}
# "unif" is nothing that one would ask for.
NAMED = {"align": "alignment", "unif": "uniformity"}
MEASURED = {NAMED.get(key, key): column for key, column in MEASURED.items()}
PLACES = {*CIRCUMSTANCES} - {"preset"}  # and what is no part of a run
SIGNS = {
    "!=": lambda one, other: one != other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
}
# The name of a column may be of several words.
CONDITION = re.compile(r"\s*([\w-][\w -]*?)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*")
STEP = re.compile(r"step-(\d+)\.npz")


@dataclasses.dataclass(frozen=True)
class Listed:
    """A run that was found."""

    name: str  # its folder, below the one that was looked through
    # "finished", "not judged", "judged after 3 of 20 epochs" or "interrupted
    # at step 120".
    state: str
    settings: dict  # name to value
    measured: dict  # name of `MEASURED` to number, where there is one

    def value(self, name: str):
        """Returns what is asked for by a name; None where it has none."""
        own = {"run": self.name, "state": self.state}
        return (own | self.settings | self.measured).get(name)


def find_runs(folder) -> tuple[list[Listed], list[str]]:
    """Reads every run below a folder, or in it.

    Returns:
        `(runs, unread)`: in the order of their names, and a sentence on each
        folder that could not be read.

    Raises:
        UsageError: if there is no such folder.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise must("folder", "a folder that is there", str(folder))
    found, unread = [], []

    def note(error):
        unread.append(f"{error.filename} ({error.strerror})")

    for place, inside, files in os.walk(folder, onerror=note):
        inside.sort()
        if "config.json" not in files:
            continue
        inside.clear()  # what lies in a run is the run's
        path = pathlib.Path(place)
        try:
            found.append(_listed(Run(path), str(path.relative_to(folder))))
        except (UsageError, OSError) as error:
            unread.append(f"{place} ({reason_of(error)})")
    return found, unread


def _listed(run, name):
    settings = read_settings(run)
    metrics, history = read_metrics(run), read_history(run)
    measured = {}
    if metrics is not None:
        by_key = numbers(metrics)
        measured = {
            name: by_key[column.key]
            for name, column in MEASURED.items()
            if column.key in by_key
        }
    if history:
        measured["seconds"] = sum(row["seconds"] for row in history)
    return Listed(
        name, _state(run, settings, metrics, history), settings, measured
    )


def _state(run, settings, metrics, history):
    """Says how far a run has come."""
    epochs = settings["epochs"]
    if metrics is not None and metrics["epochs"] == epochs:
        return "finished"
    if len(history) == epochs:
        return "not judged"
    if metrics is not None and metrics["epochs"] == len(history):
        return f"judged after {len(history):,} of {epochs:,} epochs"
    saved = run.checkpoints.iterdir() if run.checkpoints.is_dir() else ()
    steps = [STEP.fullmatch(path.name) for path in saved]
    reached = max((int(step[1]) for step in steps if step), default=0)
    return f"interrupted at step {reached:,}"


def chosen(runs: list[Listed], conditions: list[str]) -> list[Listed]:
    """Keeps runs of which all conditions hold.

    Args:
        conditions: "loss=softmax", "epochs>=20", "linear>50": a setting, a
            column of the table, `run` or `state`. A spec without options is
            one of any. A run that has no such value is left out.

    Raises:
        UsageError: if one is no condition, or its name is not known.
    """
    for text in conditions:
        found = CONDITION.fullmatch(text)
        if found is None:
            raise must("where", "such as loss=softmax or linear>50", text)
        name, sign, wanted = found.groups()
        name = _known(name, runs)
        runs = [
            run
            for run in runs
            if _holds(name, run.value(name), SIGNS[sign], wanted, text)
        ]
    return runs


def _known(name, runs):
    """Returns a name as it is written in the records."""
    name = name.replace("-", "_")
    names = {"run", "state", *MEASURED}
    names |= {each for run in runs for each in run.settings}
    named = {each.lower(): each for each in names}
    if runs and name.lower() not in named:
        raise unknown("setting or column", name, names)
    return named.get(name.lower(), name)


def _holds(name, value, compare, wanted, text):
    if value is None:
        return compare is SIGNS["="] and wanted == "None"
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = str(value)
        if "(" not in wanted:
            value = value.partition("(")[0]
        elif name in AXES:  # as it is listed, without the defaults
            value, wanted = in_short(name, value), in_short(name, wanted)
        # Only the step of an interrupted run stands after its state.
        if wanted == "interrupted":
            value = value.partition(" ")[0]
        return compare(value, wanted)
    if wanted == "None" and compare in (SIGNS["="], SIGNS["!="]):
        return compare is SIGNS["!="]
    try:
        return compare(value, float(wanted))
    except ValueError:
        raise must("where", "of a number for a number", text) from None


def ordered(runs: list[Listed], name: str) -> list[Listed]:
    """Sorts runs: the best first, or from low to high; last what has none.

    Args:
        name: As in `chosen`; "-" before it turns the order around.

    Raises:
        UsageError: if the name is not known.
    """
    turned = name.startswith("-")
    name = _known(name.removeprefix("-"), runs)
    better = MEASURED[name].better if name in MEASURED else ""
    have = [run for run in runs if run.value(name) is not None]
    number = all(isinstance(run.value(name), int | float) for run in have)
    have.sort(
        key=lambda run: run.value(name) if number else str(run.value(name)),
        reverse=(better == "higher") != turned,
    )
    return have + [run for run in runs if run.value(name) is None]


def differing_settings(runs: list[Listed]) -> list[str]:
    """Returns the settings that are not equal in all runs."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    return [
        name
        for name in names
        if name not in PLACES
        and len({str(run.settings.get(name)) for run in runs}) > 1
    ]


def screen_lines(runs: list[Listed]) -> list[str]:
    """Lays runs out: folder, state, verdict, loss, and what else differs.

    Of settings those are told that are not the default.
    """
    standard = dataclasses.asdict(PretrainConfig())
    others = [name for name in differing_settings(runs) if name != "loss"]
    columns = [
        name for name in MEASURED if any(name in run.measured for run in runs)
    ]
    lines = [["run", "state", *columns, "loss", "other settings"]]
    for run in runs:
        cells = [
            texts(Cell(run.measured[name]), MEASURED[name])[0]
            if name in run.measured
            else ""
            for name in columns
        ]
        told = [
            f"{name}={in_short(name, run.settings[name])}"
            for name in others
            if name in run.settings
            and in_short(name, run.settings[name])
            != in_short(name, standard.get(name))
        ]
        loss = in_short("loss", run.settings["loss"])
        words = run.name, run.state, loss, ", ".join(told)
        name, state, *rest = map(printable, words)
        lines.append([name, state, *cells, *rest])
    count = len(lines[0])
    left = (0, 1, count - 2, count - 1)
    return laid_out(lines, left)


def in_short(name: str, value) -> str:
    """Writes a setting without the options that are the defaults."""
    # Looking for what a file or a module names would run it.
    if name not in AXES or ":" in str(value):
        return str(value)
    try:
        return AXES[name].lookup(value).short
    except UsageError:  # of another version
        return str(value)


def records(runs: list[Listed]) -> list[dict]:
    """Returns all of each run as one dict of plain values."""
    return [
        {"run": run.name, "state": run.state}
        | run.settings
        | {name: run.measured.get(name) for name in MEASURED}
        for run in runs
    ]


def csv_text(runs: list[Listed]) -> str:
    """Writes all of each run as CSV, a line a run, without the last break."""
    return rows_text(records(runs), () if runs else ["run"]).rstrip("\n")
