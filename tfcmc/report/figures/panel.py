"""What the figures of runs show, a panel a run."""

import dataclasses
import textwrap

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.text import printable
from tfcmc.report.figures.style import COLOURS, new_canvas

lines = LazyModule("matplotlib.lines")

MOST_CLASSES = 30  # that a legend names
SHAPES = "os^Dv"
ONE_COLUMN = 15  # classes that a legend lists in one
LETTERS_AN_INCH = 11  # of a title
MOST_ASIDE = 3  # panels side by side


@dataclasses.dataclass(frozen=True)
class Panel:
    """The judged pictures of one run.

    Attributes:
        title: What was trained how.
        names: The name of each view.
        encoded: `Encoded` pictures.
        labels: `[count]`, or None.
        class_names: One name a label.
        confusion: `[classes, classes]`, what the linear probe took the
            pictures of each class for, or None.
        map: Their t-SNE `Map`, where it is known already.
    """

    title: str
    names: tuple
    encoded: object
    labels: np.ndarray | None = None
    class_names: tuple = ()
    confusion: np.ndarray | None = None
    map: object = None

    def classes(self):
        """Returns the labels that are there, sorted; none without labels."""
        return [] if self.labels is None else list(np.unique(self.labels))

    def name_of(self, label):
        """Returns what to call a class, on one line."""
        return printable(str(self.class_names[label]))


def grid(count, *, width, height):
    """Returns a figure and its axes: one large, or rows of smaller ones.

    Args:
        count: How many panels.
        width: Of the axes of a figure of one, in inches.
        height: Likewise.

    Returns:
        `(figure, axes)`, a list of `count` axes.
    """
    columns = min(count, MOST_ASIDE)
    rows = -(-count // columns)
    scale = 1.0 if count == 1 else 0.62
    drawn = new_canvas(width * scale * columns, height * scale * rows)
    axes = [
        drawn.add_subplot(rows, columns, place + 1) for place in range(count)
    ]
    return drawn, axes


def look(place):
    """Returns colour and shape of a class: told apart also in grey."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": SHAPES[(place + place // len(COLOURS)) % len(SHAPES)],
    }


def wrapped(text, width):
    """Breaks the lines of a title so that they fit.

    Args:
        text: The title.
        width: Of its axes, in inches.

    Returns:
        Text.
    """
    letters = int(LETTERS_AN_INCH * width)
    return "\n".join(
        part
        for line in map(printable, text.splitlines())
        for part in textwrap.wrap(line, letters) or [""]
    )


def class_looks(panels):
    """Gives every class one look, whichever panels show it.

    Args:
        panels: `Panel`s.

    Returns:
        Label to colour and shape, in the order of the labels.
    """
    labels = sorted({label for panel in panels for label in panel.classes()})
    return {label: look(place) for place, label in enumerate(labels)}


def class_legend(drawn, panels):
    """Draws one legend of all classes at the right, where it can be read."""
    names = {
        label: panel.name_of(label)
        for panel in panels
        for label in panel.classes()
    }
    if not 0 < len(names) <= MOST_CLASSES:
        return
    handles = [
        lines.Line2D([], [], linestyle="", label=names[label], **each)
        for label, each in class_looks(panels).items()
    ]
    drawn.legend(
        handles=handles,
        loc="outside right center",
        ncols=1 if len(handles) <= ONE_COLUMN else 2,
    )
