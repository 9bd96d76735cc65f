"""A study as its file tells it: axes, seeds, time, and what is ranked by."""

import dataclasses
import pathlib
import sys

from tfcmc.evaluation.probes import PROBES
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import AXES
from tfcmc.foundation.errors import (
    UsageError,
    check_choice,
    check_number,
    must,
    reason_of,
    unknown,
)
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.paths import expanded
from tfcmc.training.interval import seconds_of

# Python has it from 3.11 on.
toml = LazyModule("tomllib" if sys.version_info >= (3, 11) else "tomli")

MOST_BYTES = 2**20
MOST = 10_000  # runs
SETTINGS = tuple(f.name for f in dataclasses.fields(PretrainConfig))
OWN = ("seed", "run_dir")  # settings that a study has itself
READOUT = "readout"  # the axis that costs nothing: what features are read by


@dataclasses.dataclass(frozen=True)
class Study:
    """What is asked."""

    axes: dict  # axis to level to the settings that it stands for
    # Setting name to value, the same in all runs.
    settings: dict = dataclasses.field(default_factory=dict)
    seeds: tuple = (0, 1, 2)  # each for every combination
    metric: str = "linear_probe"  # the probe that is ranked by
    # How many combinations are run, those that tell the most; None for all.
    cells: int | None = None
    without: tuple = ()  # combinations left out: each axis to levels
    # Minutes that a call may take, such as "90min"; None for as many as it
    # takes.
    time: str | None = None

    @property
    def levels(self) -> dict:
        """Axis to the names of its levels."""
        return {axis: tuple(levels) for axis, levels in self.axes.items()}


def read_study(file) -> Study:
    """Reads a study's file, in TOML.

    Raises:
        UsageError: if it cannot be read, or tells of no study.
    """
    path = pathlib.Path(expanded("file", file))
    try:
        if path.stat().st_size > MOST_BYTES:
            raise must("file", "of a study, in TOML", f"{file}, too large")
        with open(path, "rb") as stream:
            found = toml.load(stream)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or reason_of(error)
        told = f"{file} ({why})"
        raise must("file", "of a study, in TOML", told) from None
    try:
        return make_study(found)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None


def make_study(found: dict) -> Study:
    """Makes a study of what its file holds.

    Args:
        found: As `Study`; a level is a value of the setting that the axis is
            called by, or a table of settings. `loss.margin` is an option of
            the loss, and so on.

    Raises:
        UsageError: if something is not known or not legal.
    """
    known = [field.name for field in dataclasses.fields(Study)]
    for name in found:
        if name not in known:
            raise unknown("key", name, known)
    axes = found.get("axes")
    if not isinstance(axes, dict) or not axes:
        raise must("axes", "axes with their levels", axes)
    if READOUT in axes:
        told = f"without {READOUT}, which every study has"
        raise must("axes", told, list(axes))
    axes = {axis: _levels(axis, given) for axis, given in axes.items()}
    shared = _settings("settings", found.get("settings", {}))
    _check_apart(axes, shared)
    study = Study(**{**found, "axes": axes, "settings": shared})
    seeds = _sequence("seeds", study.seeds)
    for seed in seeds:
        check_number("seeds", seed, whole=True, at_least=0, below=2**31)
    if not seeds or len(set(seeds)) < len(seeds):
        raise must("seeds", "different numbers, one at least", list(seeds))
    check_choice("metric", study.metric, PROBES.names())
    if study.cells is not None:
        check_number(
            "cells", study.cells, whole=True, at_least=2, at_most=MOST
        )
    if study.time is not None:
        seconds_of(study.time, "time")
    without = _sequence("without", study.without)
    without = tuple(_left_out(each, axes) for each in without)
    return dataclasses.replace(study, seeds=seeds, without=without)


def _sequence(name, value):
    if not isinstance(value, list | tuple):
        raise must(name, "several, in brackets", value)
    return tuple(value)


def _levels(axis, given):
    """Returns level to settings of one axis."""
    if isinstance(given, list):
        given = {_text(value): value for value in given}
    if not isinstance(given, dict) or not given:
        raise must(axis, "levels: several values, or names with them", given)
    return {
        level: _settings(f"{axis}.{level}", value)
        if isinstance(value, dict)
        else _settings(axis, {axis: value})
        for level, value in given.items()
    }


def _text(value):
    return value if isinstance(value, str) else repr(value)


def _settings(where, given):
    """Checks names of settings; of what they are to be, others know."""
    if not isinstance(given, dict):
        raise must(where, "names of settings with their values", given)
    for name in given:
        if name in OWN:
            raise must(where, f"without {name}, which the study has", given)
        axis, dot, _ = name.partition(".")
        if name not in SETTINGS and not (dot and axis in AXES):
            raise unknown("setting", name, SETTINGS)
    return given


def _check_apart(axes, shared):
    """Refuses a setting that two places would set."""
    owner = dict.fromkeys(shared, "settings")
    for axis, levels in axes.items():
        for name in {name for level in levels.values() for name in level}:
            if other := owner.get(name):
                told = f"{other} and axis {axis}"
                raise must(name, "set in one place", told)
            owner[name] = f"axis {axis}"


def _left_out(each, axes):
    """Returns axis to the names of levels that are left out together."""
    if not isinstance(each, dict) or not each:
        raise must("without", "tables of an axis and its levels", each)
    found = {}
    for axis, levels in each.items():
        if axis not in axes:
            raise unknown("axis", axis, axes)
        levels = levels if isinstance(levels, list) else [levels]
        found[axis] = tuple(map(_text, levels))
        for level in found[axis]:
            if level not in axes[axis]:
                raise unknown("level", level, axes[axis])
    return found
