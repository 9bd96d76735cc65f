"""What tuning did to each loss."""

import dataclasses

import numpy as np

from tfcmc.report.figures.looks import Look, in_percent, legend_below
from tfcmc.report.figures.style import (
    COLOURS,
    GRID,
    new_figure,
    saved,
    wrapped,
)

TUNED = Look(COLOURS[0], "o", "-")
DEFAULT = Look("black", "D", "-")
SEED = Look("white", "o", "none")
APART = 0.16  # of the two lines of a loss, from the middle of its row
NAME = 3.6  # inches of a line of a name
ROW = 0.75  # inches of a row at the least
LINE = 0.18  # inches that it is high


@dataclasses.dataclass(frozen=True)
class Gain:
    """One loss at its defaults and tuned."""

    default: str  # what it is at its defaults
    tuned: str  # what it is tuned; the same where the defaults were the best
    before: tuple  # its accuracies at its defaults, [seeds], in [0, 1]
    after: tuple  # its accuracies tuned, [seeds]


@saved
def tuned_and_default(gains, *, measured):
    """Draws every loss at its defaults and tuned, the best one on top.

    A mark is a mean over seeds, its line a standard deviation to each side.

    Args:
        gains: `Gain`s, one at least.
        measured: What the accuracies are of.
    """
    gains = sorted(gains, key=lambda gain: np.mean(gain.after))
    names = [_name(gain) for gain in gains]
    lines = 2 + max(name.count("\n") for name in names)  # and one between
    height = max(ROW, LINE * lines)
    drawn, axes = new_figure(8.6, 1.4 + height * len(gains))
    for row, gain in enumerate(gains):
        if gain.tuned == gain.default:
            _draw(axes, gain.before, row, DEFAULT)
            continue
        _draw(axes, gain.before, row - APART, DEFAULT)
        _draw(axes, gain.after, row + APART, TUNED)
        axes.annotate(
            "",
            (np.mean(gain.after), row + APART),
            (np.mean(gain.before), row - APART),
            arrowprops={
                "arrowstyle": "-|>",
                "color": "#999999",
                "shrinkA": 5,
                "shrinkB": 5,
            },
            zorder=2,
        )
    axes.set_yticks(range(len(gains)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(gains) - 0.4)
    axes.grid(axis="x", **GRID)
    in_percent(axes.xaxis)
    axes.set_xlabel(measured)
    several = any(len(gain.before) > 1 for gain in gains)
    spread = ": mean ± standard deviation over seeds" if several else ""
    legend_below(
        drawn,
        [
            (DEFAULT, f"at its defaults{spread}"),
            (TUNED, f"tuned{spread}"),
            *([(SEED, "one seed")] if several else []),
        ],
    )
    return drawn


def _draw(axes, values, height, look):
    """Draws the seeds of one row, their mean and their spread."""
    mean = np.mean(values)
    if len(values) > 1:
        axes.scatter(
            values,
            np.full(len(values), height),
            s=18,
            color=SEED.color,
            marker=SEED.marker,
            edgecolors=look.color,
            linewidths=1,
            zorder=3.5,
        )
    axes.errorbar(
        mean,
        height,
        xerr=np.std(values, ddof=1) if len(values) > 1 else None,
        color=look.color,
        marker=look.marker,
        markersize=7,
        markeredgecolor="black",
        markeredgewidth=0.6,
        elinewidth=1.6,
        zorder=4,
    )


def _name(gain):
    default, tuned = (wrapped(n, NAME) for n in (gain.default, gain.tuned))
    if tuned == default:
        return f"{default}\nthe defaults were the best"
    return f"{tuned}\n{default}"
