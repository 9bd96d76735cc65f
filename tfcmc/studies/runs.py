"""The runs of a study, and what was measured of them."""

import dataclasses
import math
import os

import numpy as np

from tfcmc.comparison.entries import Entry, Variant, plan_variants
from tfcmc.comparison.rows import PROBES, numbers
from tfcmc.experiment.config import BRIEF, make_config
from tfcmc.experiment.recipe import AXES
from tfcmc.foundation.errors import must
from tfcmc.studies.design import chosen, combinations
from tfcmc.studies.file import MOST, Study

BETWEEN = " · "  # the levels of a combination
MOST_LOOKED_AT = 1_000_000  # combinations of levels, with those left out
STARTING = 15.0  # seconds from a process's start to its first step


@dataclasses.dataclass(frozen=True)
class Cell:
    """One combination of levels at one seed."""

    levels: tuple  # one an axis
    entry: Entry  # its run

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.entry.seed


def plan_cells(study: Study, folder) -> tuple[list[Cell], int]:
    """Plans the runs of a study, those that tell the most first.

    Returns:
        All combinations that are run at the first seed, then at the next; and
        how many combinations there are.

    Raises:
        UsageError: if some are not legal, too many, or not judged by what
            they are ranked by.
    """
    levels, most = study.levels, MOST // len(study.seeds)
    count = math.prod(map(len, levels.values()))
    if count <= MOST_LOOKED_AT:
        every = combinations(levels, study.without)
        count = len(every)
    if not 2 <= count <= most:
        raise must(
            "axes",
            f"two combinations at least, and with all seeds {MOST:,} runs at "
            f"most",
            f"{count:,} combinations",
        )
    picked = chosen(every, levels, study.cells or len(every))
    variants = []
    for cell in picked:
        settings = dict(study.settings)
        for axis, level in zip(levels, cell, strict=True):
            settings |= study.axes[axis][level]
        settings = with_options(settings)
        how = settings.get("evaluate", "full")
        if how == "none" or (how == "brief" and study.metric not in BRIEF):
            told = f"such that runs are judged by {study.metric}"
            raise must("evaluate", told, how)
        variants.append(Variant(settings, name=BETWEEN.join(cell)))
    entries = plan_variants(variants, study.seeds, folder)
    cells = [
        Cell(cell, entry)
        for cell, entry in zip(picked * len(study.seeds), entries, strict=True)
    ]
    return cells, len(every)


def with_options(settings: dict) -> dict:
    """Puts options, such as `loss.margin`, into the specs that they are of.

    Raises:
        UsageError: if a spec has no such option, or the value is not legal.
    """
    found = {n: value for n, value in settings.items() if "." not in n}
    for name in settings.keys() - found.keys():
        axis, _, option = name.partition(".")
        # Of a preset, where there is one.
        spec = found.get(axis, getattr(make_config(found), axis))
        bound = AXES[axis].lookup(spec)
        options = bound.options | {option: settings[name]}
        bound = dataclasses.replace(bound, options=options)
        found[axis] = AXES[axis].lookup(bound.spec).spec
    return found


def measured(cells: list[Cell]) -> list[dict]:
    """Returns the numbers of each run: column key to number.

    Accuracies are in percent; `untrained` is the first probe's off untrained
    encoders, `seconds` what training took.
    """
    found = []
    for cell in cells:
        metrics = cell.entry.metrics()
        own = numbers(metrics)
        own["seconds"] = cell.entry.seconds()
        if "untrained" in metrics and PROBES[0] in metrics["untrained"]:
            accuracy = metrics["untrained"][PROBES[0]]["accuracy"]
            own["untrained"] = 100 * accuracy
        found.append(own)
    return found


def expected_seconds(cell: Cell, finished: list[Cell]) -> float | None:
    """Returns how long a run will take, by those that are most like it.

    The longest of those that differ in the fewest axes, from start to
    verdict.

    Returns:
        Seconds; None where none has ended.
    """
    if not finished:
        return None
    apart = [_distance(cell.levels, other.levels) for other in finished]
    alike = [
        other.entry
        for other, distance in zip(finished, apart, strict=True)
        if distance == min(apart)
    ]
    return STARTING + max(map(_spent, alike))


def _distance(levels, others):
    return sum(a != b for a, b in zip(levels, others, strict=True))


def _spent(entry):
    """The seconds from the start of a training to the end of its process."""
    start, end = (
        os.path.getmtime(path) if os.path.exists(path) else math.nan
        for path in (entry.run.folder / "config.json", entry.run.log)
    )
    # The steps' own, where it went on from another or was judged apart.
    return np.fmax(entry.seconds(), end - start)


def by_seed(cells: list[Cell], values) -> dict:
    """Returns seed to levels to number, as `effects` takes it."""
    found = {}
    for cell, value in zip(cells, values, strict=True):
        found.setdefault(cell.seed, {})[cell.levels] = value
    return found


def paired(observed: dict) -> tuple[list, np.ndarray]:
    """Returns the contenders that several seeds share, and their numbers.

    Seeds that lack some are left out where two others lack none. Where all
    seeds share no more than half of the contenders, those of one seed are
    returned, which has most.

    Args:
        observed: As `by_seed`, of one seed at least.

    Returns:
        Levels, and `[seeds, contenders]`.
    """
    every = {cell for cells in observed.values() for cell in cells}
    whole = [cells for cells in observed.values() if cells.keys() == every]
    kept = whole if len(whole) > 1 else list(observed.values())
    shared = [cell for cell in kept[0] if all(cell in each for each in kept)]
    if 2 * len(shared) <= len(every):
        kept = [max(kept, key=len)]
        shared = list(kept[0])
    values = [[each[cell] for cell in shared] for each in kept]
    return shared, np.array(values)
