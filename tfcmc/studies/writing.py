"""A study written down: tables, figures, and the report.

Like `recipe.py` it stands at the seam: it reads run folders, and hands plain
records down.
"""

import collections
import dataclasses
import itertools
import math
import pathlib
import textwrap

import numpy as np

from tfcmc.comparison.entries import check_one_data
from tfcmc.comparison.rows import COLUMNS, PROBES, numbers
from tfcmc.comparison.writing import length_words, report_of, write_down
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.text import listed
from tfcmc.report import (
    Column,
    Picture,
    Section,
    Table,
    figures,
    markdown,
    over_seeds,
    screen_text,
)
from tfcmc.report.summary import WIDTH
from tfcmc.report.text_tables import rows_text
from tfcmc.studies import words
from tfcmc.studies.effects import (
    Effect,
    effects,
    front,
    hold_together,
    interval,
    probability_best,
)
from tfcmc.studies.file import READOUT, Study
from tfcmc.studies.runs import BETWEEN, Cell, by_seed, measured, paired

pd = LazyModule("pandas")

BEST = Column("best", "probability of the best", "%", 0, "", "P(best)")
UNTRAINED = Column(
    "untrained", "linear probe, untrained", "%", 1, "", "untrained"
)


@dataclasses.dataclass(frozen=True)
class Found:
    """What the finished runs of a study say."""

    study: Study
    cells: list  # the `Cell`s that are finished
    numbers: list  # of each of them, column key to number
    probes: tuple  # `Column`s of what reads features, that ranked by first
    main: dict  # axis to its `Effect`
    pairs: dict  # pairs of axes to their `Effect`, `READOUT` among the axes
    contenders: list  # labels of the combinations that are ranked
    values: np.ndarray  # [seeds, contenders], in percent
    best: np.ndarray | None  # [contenders], or None of one seed


def write(
    study: Study, cells: list[Cell], failures: dict, command: str
) -> Table | None:
    """Writes tables, figures and report of the finished runs.

    Args:
        cells: All that are planned.
        failures: Run name to the reason, of runs that broke.
        command: What repeats it.

    Returns:
        The table of all combinations; None where fewer than two are finished
        and judged by what they are ranked by.

    Raises:
        UsageError: if runs that read alike are not of the same pictures.
    """
    finished = [cell for cell in cells if cell.entry.finished()]
    missing = len(cells) - len(finished) - len(failures)
    finished = [
        cell
        for cell in finished
        if study.metric in numbers(cell.entry.metrics())
    ]
    if len({cell.levels for cell in finished}) < 2:
        print(
            f"fewer than two combinations are finished and judged by "
            f"{study.metric}: nothing to say yet"
        )
        return None
    alike = collections.defaultdict(list)
    for cell in finished:
        alike[cell.entry.pictures].append(cell.entry)
    for entries in alike.values():
        check_one_data(entries)
    found = look(study, finished)
    answer = [*lead(found), *not_shown(found, cells, missing, failures)]
    folder = cells[0].entry.run.folder.parent
    table = ranking_table(found)
    sections = [*main_sections(found), *pair_sections(found)]
    write_whole(folder / "runs.csv", runs_text(found))
    write_whole(folder / "study.md", study_text(answer, table, sections))
    report = report_of(
        [cell.entry for cell in finished],
        command,
        title=f"A study of {listed(list(study.axes))}",
        row="combination",
        lead=tuple(answer),
        table=table,
        more=tuple(sections),
        failures=failures,
        pictures=tuple(draw(found, folder / "figures")),
        notes=tuple(notes(found)),
    )
    write_down(report, folder)
    print(f"\n{screen_text(table)}\n")
    print("\n\n".join(textwrap.fill(each, WIDTH) for each in answer))
    print(f"\nthe report is {folder / 'report.html'}")
    return table


def look(study: Study, finished: list[Cell]) -> Found:
    """Finds effects, interactions and the ranking of what is finished."""
    found = measured(finished)
    columns = {column.key: column for column in COLUMNS}
    names = [study.metric, *(name for name in PROBES if name != study.metric)]
    # A readout is one only where all runs have it.
    names = [name for name in names if all(name in own for own in found)]
    probes = tuple(columns[name] for name in names)
    observed = by_seed(finished, [own[study.metric] for own in found])
    levels = varied(study, finished)
    told = effects(_of_axes(observed, study, levels), levels)
    if len(probes) > 1:
        titles = tuple(column.title for column in probes)
        read = collections.defaultdict(dict)
        for cell, own in zip(finished, found, strict=True):
            kept = _levels_of(cell.levels, study, levels)
            if kept is None:
                continue
            for name, title in zip(names, titles, strict=True):
                read[cell.seed][(*kept, title)] = own[name]
        asked = [(axis, READOUT) for axis in levels]
        by_probe = effects(read, {**levels, READOUT: titles}, asked)
        told |= {pair: by_probe[pair] for pair in asked if pair in by_probe}
    main = {axes: each for axes, each in told.items() if len(axes) == 1}
    pairs = {axes: each for axes, each in told.items() if len(axes) == 2}
    pairs = hold_together(pairs)
    shared, values = paired(observed)
    best = probability_best(values)
    labels = [BETWEEN.join(cell) for cell in shared]
    return Found(
        study, finished, found, probes, main, pairs, labels, values, best
    )


def varied(study: Study, cells: list[Cell]) -> dict:
    """Returns axis to levels: those that some cells have, several of each.

    Where a level has runs of several seeds, those of one seed alone are left
    out: they would leave no spread to any effect.
    """
    found = {}
    for place, (axis, levels) in enumerate(study.levels.items()):
        seeds = {
            level: len({c.seed for c in cells if c.levels[place] == level})
            for level in levels
        }
        least = min(2, max(seeds.values()))
        found[axis] = tuple(each for each in levels if seeds[each] >= least)
    return {axis: levels for axis, levels in found.items() if len(levels) > 1}


def _levels_of(cell, study, axes):
    """A cell's levels on some axes; None if one is left out."""
    named = dict(zip(study.levels, cell, strict=True))
    kept = tuple(named[axis] for axis in axes)
    there = all(named[axis] in levels for axis, levels in axes.items())
    return kept if there else None


def _of_axes(observed, study, axes):
    """Seed to levels to number, of some axes; the others have one level."""
    found = {
        seed: {
            kept: value
            for cell, value in cells.items()
            if (kept := _levels_of(cell, study, axes)) is not None
        }
        for seed, cells in observed.items()
    }
    return {seed: cells for seed, cells in found.items() if cells}


def lead(found: Found):
    """Yields the answer in a few paragraphs, computed from the numbers."""
    title = found.probes[0].title
    yield words.ranking_words(
        found.contenders,
        found.values,
        found.best,
        title,
        len({cell.levels for cell in found.cells}),
    )
    widest = sorted(found.main.values(), key=lambda each: -_range(each))
    if widest:
        yield " ".join(f"Over {words.effect_words(each)}" for each in widest)
    if found.pairs:
        yield words.interactions_words(found.pairs.values())
    yield words.front_words(*time_of(found))


def not_shown(found: Found, cells: list[Cell], missing: int, failures: dict):
    """Yields what the finished runs do not show, a sentence each."""
    levels = varied(found.study, cells)
    asked = {(axis,) for axis in levels}
    asked |= set(itertools.combinations(levels, 2))
    untold = asked - found.main.keys() - found.pairs.keys()
    planned = {0: {cell.levels: 0.0 for cell in cells}}
    told = effects(_of_axes(planned, found.study, levels), levels).keys()
    kept = varied(found.study, found.cells)
    there = {
        pair
        for cell in found.cells
        for pair in zip(found.study.levels, cell.levels, strict=True)
    }
    alone = [
        level
        for axis, names in levels.items()
        for level in names
        if axis in kept and level not in kept[axis] and (axis, level) in there
    ]
    yield from words.not_shown(
        missing,
        failures,
        len({cell.levels for cell in found.cells}),
        math.prod(map(len, found.study.levels.values())),
        sorted(untold & told),
        sorted(untold - told),
        alone,
    )
    for axis, only in nested(found):
        yield words.nested_words(axis, only)


def nested(found: Found):
    """Yields axes that vary at some levels of others only, and at which.

    `(axis, other axis to its levels there)` of each.
    """
    axes = varied(found.study, found.cells)
    named = [
        dict(zip(found.study.levels, cell.levels, strict=True))
        for cell in found.cells
    ]
    for axis in axes:
        only = {}
        for other, levels in axes.items():
            at = [
                level
                for level in levels
                if len({e[axis] for e in named if e[other] == level}) > 1
            ]
            if other != axis and at and len(at) < len(levels):
                only[other] = at
        if only:
            yield axis, only


def _range(effect: Effect):
    return np.ptp(effect.means.mean(axis=0))


def time_of(found: Found) -> tuple:
    """Returns labels, mean seconds, mean accuracies, and the front of them."""
    own = collections.defaultdict(list)
    for cell, measures in zip(found.cells, found.numbers, strict=True):
        pair = measures["seconds"], measures[found.study.metric]
        own[BETWEEN.join(cell.levels)].append(pair)
    means = np.array([np.mean(pairs, axis=0) for pairs in own.values()])
    return list(own), *means.T, front(*means.T)


def ranking_table(found: Found) -> Table:
    """Makes the table of all combinations, the best on top."""
    records = [
        {"label": BETWEEN.join(cell.levels), "kind": "loss"} | own
        for cell, own in zip(found.cells, found.numbers, strict=True)
    ]
    means = collections.defaultdict(list)
    for record in records:
        means[record["label"]].append(record[found.study.metric])
    records.sort(key=lambda record: -np.mean(means[record["label"]]))
    rest = [each for each in COLUMNS if each.key not in PROBES]
    table = over_seeds((*found.probes, UNTRAINED, *rest), records)
    return with_best(table, found.contenders, found.best)


def with_best(table: Table, labels: list, best) -> Table:
    """Adds the probability of being the best, where it is known."""
    if best is None:
        return table
    frame = table.frame.copy()
    known = pd.Series(100.0 * np.asarray(best), index=labels)
    frame[BEST.key] = known.reindex(frame.index)
    frame[f"{BEST.key}_deviation"] = np.nan
    frame[f"{BEST.key}_count"] = frame[f"{table.columns[0].key}_count"]
    columns = table.columns[:1] + (BEST,) + table.columns[1:]
    return Table(columns, frame)


def main_sections(found: Found):
    """Yields a table an axis: its levels, read by every probe."""
    for (axis,), effect in found.main.items():
        records = _records(effect.levels[0], found.probes[0].key, effect.means)
        table = over_seeds(found.probes[:1], records)
        best = probability_best(effect.means)
        table = with_best(table, list(effect.levels[0]), best)
        told = words.effect_words(effect)
        yield Section(f"axis-{_place(found, axis)}", axis, table, told, axis)


def pair_sections(found: Found):
    """Yields a table of two axes together."""
    for (first, second), effect in found.pairs.items():
        columns = [
            Column(f"level_{place}", level, "%", 1, "higher")
            for place, level in enumerate(effect.levels[1])
        ]
        records = [
            {"label": level, "kind": "loss"}
            | {
                column.key: float(means[row, place])
                for place, column in enumerate(columns)
            }
            for row, level in enumerate(effect.levels[0])
            for means in effect.means
        ]
        name = f"pair-{_place(found, first)}-{_place(found, second)}"
        yield Section(
            name,
            f"{first} at each {second}",
            over_seeds(columns, records),
            words.interactions_words([effect]),
            first,
        )


def _place(found, axis):
    """What is in an address in the place of a name."""
    return [*found.study.axes, READOUT].index(axis)


def _records(labels, key, means):
    return [
        {"label": label, "kind": "loss", key: float(value)}
        for seed in means
        for label, value in zip(labels, seed, strict=True)
    ]


def runs_text(found: Found) -> str:
    """Writes a row a run as CSV: its levels, its seed and its numbers."""
    rows = [
        dict(zip(found.study.axes, cell.levels, strict=True))
        | {"seed": cell.seed}
        | own
        for cell, own in zip(found.cells, found.numbers, strict=True)
    ]
    return rows_text(rows)


def study_text(answer: list, table: Table, sections: list) -> str:
    """Writes the answer and all tables as Markdown."""
    parts = ["\n\n".join(answer), markdown(table)]
    for each in sections:
        parts.append(f"## {each.title}\n\n{each.words}\n\n")
        parts[-1] += markdown(each.table)
    return "\n\n".join(parts)


def draw(found: Found, folder: pathlib.Path):
    """Draws what the answer rests on, and yields each `Picture`."""
    measured_by = found.probes[0].title
    if found.main:
        path = folder / "main_effects.png"
        shown = [
            (
                axis,
                effect.levels[0],
                effect.means,
                list(map(interval, apart(effect.means).T)),
            )
            for (axis,), effect in found.main.items()
        ]
        figures.main_effects(shown, path, measured=measured_by)
        yield Picture(
            "What each axis changes",
            "The mean of each level over the levels of the other axes; a ring "
            "a seed. A line is the 95 % interval of how far the level is from "
            "the mean of all, which what a seed adds to all does not move.",
            path,
        )
    if found.pairs:
        path = folder / "interactions.png"
        shown = [
            (axes, effect.levels, effect.means)
            for axes, effect in found.pairs.items()
        ]
        figures.interactions(shown, path, measured="accuracy")
        yield Picture(
            "What two axes do together",
            f"By the {measured_by}, or each readout. Where lines are "
            f"parallel, what one axis is worth does not depend on the other. "
            f"Upright lines are the standard deviation over seeds, without "
            f"what a seed adds to all.",
            path,
        )
    path = folder / "time_and_accuracy.png"
    labels, *measures = time_of(found)
    groups = [label.split(BETWEEN)[0] for label in labels]
    figures.time_and_accuracy(
        labels, groups, *measures, path, measured=measured_by
    )
    yield Picture(
        "What time buys",
        "Every combination: seconds of training and accuracy. Nothing is "
        "both as quick and better than what stands on the line.",
        path,
    )


def apart(means):
    """Returns how far levels are from the mean of all, at each seed."""
    return means - means.mean(axis=1, keepdims=True)


def notes(found: Found):
    """Yields sentences on how the numbers were come by."""
    yield (
        f"{len(found.cells)} runs, "
        f"{length_words(found.cells[0].entry.plan.config)} in the first. "
        f"Accuracies are of probes on frozen features, in percent."
    )
    yield (
        "The mean of a level is that of a linear model of the axes, fitted at "
        "each seed, in which the levels of the other axes count alike; "
        "intervals are Student's over seeds, which pair what is compared. "
        "Other data or pictures would move them too, and are not in them. "
        "What is told of two axes holds of all pairs together (Holm's)."
    )
    yield (
        "The probability of being the best takes the mean of each over seeds "
        "to be as uncertain as its own spread, once what a seed adds to all "
        "is taken out, has it by Student's t."
    )
