"""One look for all figures."""

import warnings

from tfcmc.foundation.atomic import whole
from tfcmc.foundation.lazy import LazyModule
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
SETTINGS = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "legend.frameon": False,
    # Names of files and folders may have dollar signs, and LaTeX commands.
    "text.parse_math": False,
    "text.usetex": False,
}


def new_canvas(width, height):
    """Returns a figure without axes, apart from any window system."""
    drawn = figure.Figure(figsize=(width, height), layout="constrained")
    backend.FigureCanvasAgg(drawn)
    return drawn


def new_figure(width=6.4, height=4.2):
    """Returns a figure and its axes."""
    drawn = new_canvas(width, height)
    return drawn, drawn.add_subplot()


def styled(draw):
    """Decorates a drawing function so that it draws in the common style."""

    def wrapped(*args, **kwargs):
        with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
            # Which signs no font has is said by `choose_fonts`.
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            return draw(*args, **kwargs)

    wrapped.__doc__ = draw.__doc__
    return wrapped


def save(drawn, path):
    """Writes a figure as PNG; it is whole or absent."""
    choose_fonts(drawn)
    with whole(path) as aside:
        drawn.savefig(aside, format="png", dpi=150)
