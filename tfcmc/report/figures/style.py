"""One look for all figures, and how they become files."""

import functools
import textwrap
import warnings

from tfcmc.foundation.atomic import whole
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.text import printable
from tfcmc.report.figures.fonts import choose_fonts

backend = LazyModule("matplotlib.backends.backend_agg")
figure = LazyModule("matplotlib.figure")
matplotlib = LazyModule("matplotlib")

# Okabe and Ito's palette and two more: told apart in print and by readers who
# do not see all colours.
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#7F7F7F",
    "#B8A300",
    "#5D3A9B",
    "#000000",
)
QUIET = "#666666"
GRID = {"color": "#DDDDDD", "linewidth": 0.6}
SETTINGS = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.axisbelow": True,
    "legend.frameon": False,
    # Names of files and folders may have dollar signs, and LaTeX commands.
    "text.parse_math": False,
    "text.usetex": False,
}
MOST_ASIDE = 3  # panels side by side
LETTERS_AN_INCH = 11  # of a title


def new_canvas(width, height):
    """Returns a figure without axes, apart from any window system."""
    drawn = figure.Figure(figsize=(width, height), layout="constrained")
    backend.FigureCanvasAgg(drawn)
    return drawn


def new_figure(width, height):
    """Returns a figure and its axes."""
    drawn = new_canvas(width, height)
    return drawn, drawn.add_subplot()


def grid(count, *, width, height):
    """Returns a figure and its axes: one large, or rows of smaller ones.

    Args:
        count: How many panels.
        width: Of the axes of a figure of one, in inches.
    """
    columns = min(count, MOST_ASIDE)
    rows = -(-count // columns)
    scale = 1.0 if count == 1 else 0.62
    drawn = new_canvas(width * scale * columns, height * scale * rows)
    return drawn, [
        drawn.add_subplot(rows, columns, place + 1) for place in range(count)
    ]


def saved(draw):
    """Makes a function that returns a figure one that writes it too.

    It draws in the common style, and takes the path of a PNG, which is whole
    or absent, after what is drawn. Still it returns the figure.
    """

    @functools.wraps(draw)
    def drawing(*what, **options):
        *what, path = what
        with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
            # Which signs no font has is said by `choose_fonts`.
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            drawn = draw(*what, **options)
            choose_fonts(drawn)
            with whole(path) as aside:
                drawn.savefig(aside, format="png", dpi=150)
            return drawn

    return drawing


def wrapped(text, width):
    """Breaks the lines of a title so that they fit so many inches."""
    letters = int(LETTERS_AN_INCH * width)
    return "\n".join(
        part
        for line in map(printable, text.splitlines())
        for part in textwrap.wrap(line, letters) or [""]
    )
