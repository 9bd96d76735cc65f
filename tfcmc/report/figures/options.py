"""What a loss's options did to the objective of a search."""

import dataclasses

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.report.figures.looks import Look, in_percent, legend_below, mark
from tfcmc.report.figures.style import (
    COLOURS,
    GRID,
    MOST_ASIDE,
    QUIET,
    grid,
    new_figure,
    saved,
)

ticker = LazyModule("matplotlib.ticker")

TRIAL = Look(COLOURS[0], "o", "none")
SHORTER = Look("#BBBBBB", "o", "none")
BEST = Look(COLOURS[1], "*", "none")
DEFAULT = Look("black", "D", (0, (5, 1.5)))
FAILED = Look(COLOURS[5], "X", "none")
ESTIMATED = (
    "line: Gaussian process over the option alone; band: one standard "
    "deviation of a trial"
)
ROOM = 0.09  # beneath and above the scores, as a share of their range
DECADES_OF_THREES = 2  # up to here 2 and 5 are written beside powers of ten


@dataclasses.dataclass(frozen=True)
class Slice:
    """The trials of a search over one of its options."""

    name: str  # of the option
    # `(value, score)`s of the trials that can be compared, one at least; a
    # value is a number or one of `choices`.
    trials: tuple
    best: tuple  # the `(value, score)` of the best of them
    shorter: tuple = ()  # `(value, score)`s of trials trained for less
    failed: tuple = ()  # values of trials without a score
    # `(value, score)` of the defaults; either may be None.
    default: tuple = (None, None)
    log: bool = False  # whether the values are searched on a logarithmic scale
    choices: tuple = ()  # its values where they are no numbers
    estimate: tuple | None = None  # `(values, mean, deviation)`, three arrays


@saved
def objective_over_options(slices, *, objective, percent):
    """Draws each trial over each option, and an estimate with its band.

    The estimate is of a trial at a value, whatever its other options are;
    its band is one standard deviation to each side.

    Args:
        slices: `Slice`s of one search, one at least.
        objective: What the scores are, with the better direction.
        percent: Whether they are shares, to be written in percent.
    """
    drawn, axes = grid(len(slices), width=6.4, height=4.6)
    limits = _limits(slices)
    for place, (axis, each) in enumerate(zip(axes, slices, strict=True)):
        _draw_slice(axis, each)
        axis.set_ylim(*limits)
        axis.set_xlabel(each.name)
        axis.grid(axis="y", **GRID)
        if percent:
            in_percent(axis.yaxis, 6)
        if place % MOST_ASIDE == 0:
            axis.set_ylabel(objective)
    smooth = any(each.estimate is not None for each in slices)
    legend_below(drawn, _entries(slices), ESTIMATED if smooth else None)
    return drawn


@saved
def option_importance(names, shares, low, high, *, note):
    """Draws which share of the differences between trials each option makes.

    Args:
        shares: `[options]`, 1 for all of the variance.
        low: `[options]`, the lower ends of their intervals.
        high: `[options]`, the upper ends.
        note: How it was measured.
    """
    shares, low, high = map(np.asarray, (shares, low, high))
    order = np.argsort(shares)
    # A mean of many draws may lie outside of their middle 95 %.
    reach = np.maximum([shares - low, high - shares], 0.0)
    drawn, axes = new_figure(6.4, 1.5 + 0.42 * len(names))
    axes.barh(
        [names[place] for place in order],
        shares[order],
        xerr=reach[:, order],
        color=COLOURS[0],
        height=0.55,
        error_kw={"elinewidth": 1.4, "capsize": 4, "ecolor": "black"},
    )
    axes.axvline(0.0, color=QUIET, linewidth=0.9)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    in_percent(axes.xaxis)
    axes.set_xlabel(f"share of the variance between trials\n{note}")
    return drawn


def _limits(slices):
    """Returns the limits of the scores: of all panels the same."""
    scores = [
        score
        for each in slices
        for _, score in (*each.trials, *each.shorter, each.default)
        if score is not None
    ]
    for each in slices:
        if each.estimate is not None:
            _, mean, deviation = each.estimate
            scores += [*(mean - deviation), *(mean + deviation)]
    low, high = min(scores), max(scores)
    room = ROOM * (high - low) or 0.01
    # Marks of failed trials stand in the room beneath.
    beneath = 2 if any(each.failed for each in slices) else 1
    return low - beneath * room, high + room


def _draw_slice(axes, each):
    """Draws one option: estimate first, then trials, the best on top."""
    places = {choice: place for place, choice in enumerate(each.choices)}

    def at(values, scores):
        return [
            places[value] + _aside(score) if places else value
            for value, score in zip(values, scores, strict=True)
        ]

    if each.log:
        axes.set_xscale("log")
    if each.estimate is not None:
        values, mean, deviation = each.estimate
        axes.fill_between(
            values,
            mean - deviation,
            mean + deviation,
            color=TRIAL.color,
            alpha=0.15,
            linewidth=0,
        )
        axes.plot(values, mean, color=TRIAL.color, linewidth=1.6)
    value, score = each.default
    if score is not None:
        axes.axhline(score, color=QUIET, linewidth=1, linestyle=(0, (5, 1.5)))
        if value is not None:
            pair = at([value], [score]), [score]
            mark(axes, pair, DEFAULT, size=34, above=4)
    for pairs, look, size, above in (
        (each.shorter, SHORTER, 16, 2.5),
        (each.trials, TRIAL, 30, 3),
        ([each.best], BEST, 170, 5),
    ):
        if pairs:
            values, scores = zip(*pairs, strict=True)
            pair = at(values, scores), scores
            mark(axes, pair, look, size=size, above=above)
    if each.failed:
        beneath = (
            at(each.failed, np.arange(len(each.failed)) / 7),
            np.full(len(each.failed), 0.04),
        )
        foot = axes.get_xaxis_transform()
        mark(axes, beneath, FAILED, size=42, above=4, transform=foot)
    if each.choices:
        axes.set_xticks(range(len(each.choices)), map(str, each.choices))
        axes.set_xlim(-0.5, len(each.choices) - 0.5)
    elif each.log:
        _write_decades(axes)


def _aside(score):
    """Returns a small step aside, so that equal values hide no trial."""
    return 0.4 * (1000 * score % 1 - 0.5)


def _write_decades(axes):
    """Writes round numbers on a logarithmic axis, however short it is."""
    low, high = axes.get_xlim()
    short = np.log10(high / low) <= DECADES_OF_THREES
    axes.xaxis.set_major_locator(
        ticker.LogLocator(subs=(1, 2, 5) if short else (1,), numticks=20)
    )
    axes.xaxis.set_major_formatter(
        ticker.FuncFormatter(lambda value, _: f"{value:g}")
    )
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())


def _entries(slices):
    """Returns the legend: what is there to be seen."""
    entries = [(TRIAL, "a trial"), (BEST, "the best trial")]
    if any(each.shorter for each in slices):
        entries.append((SHORTER, "a trial trained for fewer epochs"))
    if any(each.default[1] is not None for each in slices):
        entries.append((DEFAULT, "the defaults"))
    if any(each.failed for each in slices):
        entries.append((FAILED, "a trial that failed or was stopped"))
    return entries
