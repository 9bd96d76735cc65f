"""What a probe took the pictures of each class for."""

import numpy as np

from tfcmc.evaluation.classes import balanced_accuracy, class_accuracies
from tfcmc.report.figures.panel import MOST_CLASSES
from tfcmc.report.figures.style import grid, saved, wrapped

MOST_WRITTEN = 12  # classes whose shares are written into the cells
MOST_ASIDE_WRITTEN = 6  # likewise, where there are several matrices
LONGEST = 16  # letters of a class beside its row


@saved
def confusion_matrix(panels):
    """Draws the confusion matrix of each run, a row a class.

    A row is in shares of its class, so that a small class is seen as well as
    a large one; beside it stands how many pictures it has.

    Args:
        panels: `Panel`s with a confusion matrix, at least one.
    """
    drawn, axes = grid(len(panels), width=7.6, height=6.4)
    for axis, panel in zip(axes, panels, strict=True):
        _draw(axis, panel, alone=len(panels) == 1)
    words = "what the linear probe took it for, in % of the class"
    drawn.supxlabel(words, fontsize=10)
    drawn.supylabel("class, and how many pictures it has", fontsize=10)
    return drawn


def _draw(axis, panel, *, alone):
    matrix = panel.confusion
    there = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    matrix = matrix[np.ix_(there, there)]
    sizes = matrix.sum(axis=1)
    shares = matrix / np.maximum(sizes, 1)[:, None]
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [panel.name_of(label)[:LONGEST] for label in there]
    sized = [f"{n} ({size:,})" for n, size in zip(names, sizes, strict=True)]
    places = range(len(there) if len(there) <= MOST_CLASSES else 0)
    axis.set_xticks(places, names[: len(places)], rotation=90, fontsize=8)
    axis.set_yticks(places, sized[: len(places)], fontsize=8)
    if len(there) <= (MOST_WRITTEN if alone else MOST_ASIDE_WRITTEN):
        for (row, column), share in np.ndenumerate(shares):
            axis.text(
                column,
                row,
                f"{100 * share:.0f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if share > 0.5 else "black",
            )
    title = wrapped(panel.title, 6.0 if alone else 3.6)
    balanced = balanced_accuracy(class_accuracies(np.diagonal(matrix), sizes))
    accuracy = np.trace(matrix) / matrix.sum()
    axis.set_title(
        f"{title}\naccuracy {100 * accuracy:.1f} %, balanced "
        f"{100 * balanced:.1f} %",
        fontsize=10,
    )
