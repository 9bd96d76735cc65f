"""What the figures of runs show, a panel a run."""

import dataclasses

import numpy as np

from tfcmc.foundation.text import printable
from tfcmc.report.figures.looks import handle, looks

MOST_CLASSES = 30  # that a legend names
ONE_COLUMN = 15  # classes that a legend lists in one
LONGEST = 24  # letters of a class in a legend


@dataclasses.dataclass(frozen=True)
class Map:
    """A map of vectors in the plane."""

    points: np.ndarray  # [count, 2]
    # Its trustworthiness in [0, 1]: 1 when every neighbour on the map is a
    # neighbour among the vectors.
    trust: float


@dataclasses.dataclass(frozen=True)
class Panel:
    """The judged pictures of one run."""

    title: str  # what was trained how
    names: tuple  # the name of each view
    encoded: object  # `Encoded` pictures
    labels: np.ndarray | None = None  # [count]
    class_names: tuple = ()  # one a label
    # [classes, classes], what the linear probe took the pictures of each class
    # for.
    confusion: np.ndarray | None = None
    map: Map | None = None  # by t-SNE of their features, where it is drawn

    def classes(self):
        """Returns the labels that are there, sorted; none without labels."""
        return [] if self.labels is None else list(np.unique(self.labels))

    def name_of(self, label):
        """Returns what to call a class, on one line."""
        return printable(str(self.class_names[label]))


def class_looks(panels):
    """Gives every label one look, whichever panels show it."""
    return looks(sorted({n for panel in panels for n in panel.classes()}))


def class_legend(drawn, panels):
    """Draws one legend of all classes at the right, where it can be read."""
    names = {
        label: panel.name_of(label)[:LONGEST]
        for panel in panels
        for label in panel.classes()
    }
    if not 0 < len(names) <= MOST_CLASSES:
        return
    look = class_looks(panels)
    drawn.legend(
        [handle(look[label], linestyle="") for label in look],
        [names[label] for label in look],
        loc="outside right center",
        ncols=1 if len(names) <= ONE_COLUMN else 2,
    )
