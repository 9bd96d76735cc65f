"""How many runs are told apart in one picture, and named in one legend."""

import dataclasses
import textwrap

from tfcmc.foundation.lazy import LazyModule
from tfcmc.report.figures.style import COLOURS

lines = LazyModule("matplotlib.lines")
ticker = LazyModule("matplotlib.ticker")

MARKERS = "osD^vP*<>Xphd8"
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)))
FEW = 6  # names that stand in one column if they are long
LEGEND_POINTS = 9
CHARACTER = 0.069  # width of a character of that size, in inches
HANDLE = 0.65  # width of what stands before a name, in inches


@dataclasses.dataclass(frozen=True)
class Look:
    """How one loss looks in every picture: in grey by marker and dashes."""

    color: str
    marker: str
    linestyle: object


def looks(names):
    """Gives every name a look of its own.

    Args:
        names: Names in order, any of them more than once.

    Returns:
        Name to `Look`, in the order of first appearance.
    """
    return {
        name: Look(
            COLOURS[place % len(COLOURS)],
            MARKERS[place % len(MARKERS)],
            DASHES[place // len(COLOURS) % len(DASHES)],
        )
        for place, name in enumerate(dict.fromkeys(names))
    }


def legend_below(drawn, entries, title=None):
    """Draws the one legend beneath all axes, in as many columns as fit.

    Args:
        drawn: The figure; it grows by the height of the legend.
        entries: `(look, text)`s; without a linestyle, of the marker alone.
        title: What to write above them, or None.
    """
    width, height = drawn.get_size_inches()
    columns = 1 if len(entries) <= FEW else 2
    longest = int((width / columns - HANDLE) / CHARACTER)
    texts = [textwrap.fill(text, longest) for _, text in entries]
    wide = max(len(line) for text in texts for line in text.split("\n"))
    fitting = int(width / (wide * CHARACTER + HANDLE))
    columns = max(columns, min(fitting, len(texts), 4))
    rows = -(-len(texts) // columns)
    lines = rows * max(text.count("\n") + 1 for text in texts)
    if title is not None:
        title = textwrap.fill(title, int(0.9 * width / CHARACTER))
        lines += title.count("\n")
    drawn.set_size_inches(width, height + 0.18 * lines + 0.3)
    drawn.legend(
        [handle(look) for look, _ in entries],
        texts,
        loc="outside lower center",
        ncols=columns,
        fontsize=LEGEND_POINTS,
        handlelength=2.6,
        title=title,
        title_fontsize=LEGEND_POINTS,
    )


def mark(axes, places, look: Look, *, size, above, edge=0.5, **more):
    """Draws marks with a black edge, as a legend has them.

    Args:
        places: Two sequences, the horizontal and the vertical places.
        size: In square points.
        above: Higher ones are drawn over lower ones.
        edge: Width of the edge in points.
        **more: What else `scatter` takes.
    """
    axes.scatter(
        *places,
        s=size,
        color=look.color,
        marker=look.marker,
        edgecolors="black",
        linewidths=edge,
        zorder=above,
        **more,
    )


def in_percent(axis, most=8):
    """Writes shares on an axis as percent, at a few round numbers."""
    axis.set_major_locator(ticker.MaxNLocator(most, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(
        ticker.FuncFormatter(
            lambda value, _: f"{round(100 * value, 6):g} %".replace("-", "−")
        )
    )


def handle(look, **more):
    """Returns what a legend shows of a look."""
    return lines.Line2D(
        [],
        [],
        markeredgecolor="black",
        markeredgewidth=0.6,
        markersize=7,
        **dataclasses.asdict(look) | more,
    )
