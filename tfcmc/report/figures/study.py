"""What a study found: effects, interactions, and what time buys."""

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.report.figures.looks import legend_below, looks, mark
from tfcmc.report.figures.style import (
    COLOURS,
    GRID,
    QUIET,
    grid,
    new_canvas,
    new_figure,
    saved,
    wrapped,
)

ticker = LazyModule("matplotlib.ticker")

ROW = 0.34  # inches of a level
NARROW = 18  # letters of all levels that fit beneath an axis side by side
LEVEL = 2.6  # inches of a line of a level's name


@saved
def main_effects(effects, *, measured):
    """Draws the mean of every level, an axis beneath the other.

    A mark is the mean over seeds, a ring a seed, and a line the 95 % interval
    of how far the mean is from that over levels, which a seed does not move.

    Args:
        effects: A list of `(axis, levels, means, ends)` of each axis: means
            `[seeds, levels]` in percent, ends that interval of each level, or
            None.
        measured: What the accuracies are of.
    """
    counts = [len(levels) for _, levels, _, _ in effects]
    drawn = new_canvas(8.0, 0.9 + ROW * sum(counts) + 0.35 * len(counts))
    panels = drawn.subplots(
        len(effects),
        1,
        sharex=True,
        squeeze=False,
        gridspec_kw={"height_ratios": counts},
    )[:, 0]
    for axes, (axis, levels, means, known) in zip(
        panels, effects, strict=True
    ):
        middle = means.mean(axis=0)
        for row, end in enumerate(known):
            if end is not None:
                ends = middle.mean() + np.array(end)
                axes.plot(ends, (row, row), color=COLOURS[0], zorder=3)
        if len(means) > 1:
            for seed in means:
                axes.scatter(
                    seed,
                    range(len(levels)),
                    s=18,
                    facecolors="white",
                    edgecolors=COLOURS[0],
                    zorder=3.5,
                )
        axes.scatter(
            middle,
            range(len(levels)),
            s=44,
            color=COLOURS[0],
            edgecolors="black",
            linewidths=0.6,
            zorder=4,
        )
        axes.axvline(middle.mean(), color=QUIET, linewidth=0.8, zorder=1)
        told = [wrapped(level, LEVEL) for level in levels]
        axes.set_yticks(range(len(levels)), told)
        axes.set_ylim(len(levels) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", **GRID)
        axes.set_title(axis, loc="left")
    panels[-1].set_xlabel(f"{measured} (%)")
    return drawn


@saved
def interactions(effects, *, measured):
    """Draws what the levels of one axis are worth at each of another.

    Lines that are parallel do not interact.

    Args:
        effects: A list of `(axes, levels, means)` of each pair: means
            `[seeds, levels, levels]` in percent; the first axis has the
            lines. Those with one first axis follow each other.
        measured: What the accuracies are of.
    """
    drawn, panels = grid(len(effects), width=7.0, height=5.2)
    spreads = [_spread(means) for _, _, means in effects]
    ends = [
        means.mean(axis=0) + sign * spread
        for (_, _, means), spread in zip(effects, spreads, strict=True)
        for sign in (-1, 1)
    ]
    low, high = min(map(np.min, ends)), max(map(np.max, ends))
    margin = 0.05 * (high - low) or 1.0
    for axes, spread, (names, levels, means) in zip(
        panels, spreads, effects, strict=True
    ):
        first, second = ([wrapped(n, LEVEL) for n in each] for each in levels)
        places = np.arange(len(second))
        for row, (level, look) in enumerate(looks(first).items()):
            axes.errorbar(
                places,
                means.mean(axis=0)[row],
                yerr=spread[row] if len(means) > 1 else None,
                color=look.color,
                marker=look.marker,
                linestyle=look.linestyle,
                markersize=5,
                label=level,
            )
        slanted = sum(map(len, second)) > NARROW
        steep = any("\n" in level for level in second)
        axes.set_xticks(
            places,
            second,
            rotation=35 if steep else 20 if slanted else 0,
            ha="right" if slanted else "center",
            fontsize=8 if steep else None,
        )
        axes.set_xlim(-0.3, len(second) - 0.7)
        axes.set_ylim(low - margin, high + margin)
        axes.grid(axis="y", **GRID)
        axes.set_title(f"{names[0]} at each {names[1]}", loc="left")
        axes.legend(fontsize=7, title=names[0], title_fontsize=7)
    panels[0].set_ylabel(f"{measured} (%)")
    return drawn


def _spread(means):
    """The deviation over seeds of what a seed does not move as a whole."""
    if len(means) < 2:
        return np.zeros(means.shape[1:])
    apart = means - means.mean(axis=(1, 2), keepdims=True)
    return apart.std(axis=0, ddof=1)


@saved
def time_and_accuracy(labels, groups, seconds, values, front, *, measured):
    """Draws accuracy against time, and who is the best for its time.

    Args:
        labels: Of every combination.
        groups: The level of the first axis of each, which its mark tells.
        seconds: `[count]`, of training.
        values: `[count]`, in percent.
        front: Places of those that are not outdone, the quickest first.
        measured: What the accuracies are of.
    """
    drawn, axes = new_figure(8.6, 5.4)
    known = looks(groups)
    for place in range(len(labels)):
        spot = [seconds[place]], [values[place]]
        mark(axes, spot, known[groups[place]], size=40, above=3)
    ends = [seconds[place] for place in front]
    axes.step(
        [*ends, max(seconds)],
        [*(values[place] for place in front), values[front[-1]]],
        where="post",
        color=QUIET,
        linewidth=1,
        zorder=2,
    )
    for place in front:
        axes.annotate(
            labels[place],
            (seconds[place], values[place]),
            (-4, 5),
            textcoords="offset points",
            fontsize=8,
            ha="right" if seconds[place] > np.median(seconds) else "left",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter("{0:g}".format))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.set_xlabel("seconds of training")
    axes.set_ylabel(f"{measured} (%)")
    axes.grid(**GRID)
    legend_below(drawn, [(look, name) for name, look in known.items()])
    return drawn
