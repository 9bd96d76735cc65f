"""The pictures nearest to an image, side by side."""

import dataclasses
import math
import textwrap

import numpy as np

from tfcmc.foundation.text import printable
from tfcmc.report.figures.style import COLOURS, new_canvas, saved, wrapped

COLUMNS = 4  # of neighbours; more where they would make a tower
TILE = 1.45  # side of a picture, in inches
LETTERS = 21  # that fit beneath one


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """A picture found near an image."""

    cosine: float  # of their features, in [-1, 1]
    label: str  # the name of its class, or ""
    where: str  # what names it: its file, or its part and number
    picture: np.ndarray  # [side, side, 3], uint8


@saved
def neighbours_sheet(picture, name, found, title):
    """Draws an image, and its neighbours with their cosines.

    Args:
        picture: The image, `[side, side, 3]`, uint8.
        found: `Neighbour`s, the nearest first; at least one.
        title: Among what they were found, by what.
    """
    rows = -(-len(found) // max(COLUMNS, math.isqrt(len(found))))
    # Below three the title would not fit.
    columns = max(3, -(-len(found) // rows))
    width = TILE * (columns + 1.3)
    drawn = new_canvas(width, (TILE + 0.6) * rows + 0.6)
    drawn.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    drawn.suptitle(wrapped(title, width), fontsize=11)
    grid = drawn.add_gridspec(
        rows, columns + 2, width_ratios=[1, 0.12, *[1] * columns]
    )
    axes = _show(drawn.add_subplot(grid[0, 0]), picture)
    axes.set_title("the image", fontsize=10)
    axes.set_xlabel(_short(name), fontsize=8)
    for spine in axes.spines.values():
        spine.set(visible=True, color=COLOURS[5], linewidth=2.5)
    for place, near in enumerate(found):
        row, column = divmod(place, columns)
        axes = _show(drawn.add_subplot(grid[row, column + 2]), near.picture)
        axes.set_title(f"cosine {near.cosine:.3f}", fontsize=10)
        axes.set_xlabel(_short(near.label or near.where), fontsize=8)
    return drawn


def _show(axes, picture):
    axes.imshow(picture, interpolation="bicubic")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def _short(name):
    """Breaks a name in two lines that fit; the end is what tells files."""
    name = printable(name)
    if len(name) > 2 * LETTERS:
        name = "…" + name[1 - 2 * LETTERS :]
    end = name.rfind("/", 0, LETTERS) + 1
    if len(name) > LETTERS and len(name) - end <= LETTERS:
        return f"{name[:end]}\n{name[end:]}"
    return "\n".join(textwrap.wrap(name, LETTERS))
