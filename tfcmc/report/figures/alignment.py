"""The histogram of distances between the views of a picture."""

import itertools

import numpy as np

from tfcmc.evaluation import metrics
from tfcmc.report.figures.style import (
    COLOURS,
    MOST_ASIDE,
    grid,
    saved,
    wrapped,
)

MOST_PAIRS = 6  # of views, each in a colour of its own


@saved
def alignment_histogram(panels):
    """Draws the left half of the paper's Figure 4, a panel a run.

    Pairs of more than two views stand upon each other.

    Args:
        panels: `Panel`s of two views or more, at least one.
    """
    drawn, axes = grid(len(panels), width=6.4, height=4.2)
    for axis, panel in zip(axes, panels, strict=True):
        pairs = _distances(panel)
        mean = np.mean(list(pairs.values()))
        count = sum(map(len, pairs.values()))
        axis.hist(
            list(pairs.values()),
            bins=np.linspace(0, 2, 81),
            color=[COLOURS[n] for n in (0, 1, 2, 3, 4, 6)[: len(pairs)]],
            label=list(pairs) if len(pairs) > 1 else None,
            stacked=True,
        )
        axis.axvline(mean, color="black", linestyle="--", label="mean")
        axis.axvline(
            np.sqrt(2),
            color=COLOURS[5],
            linestyle=":",
            label="unrelated views",
        )
        axis.set_xlim(0, 2)
        kind = "pairs of views" if len(panel.names) > 2 else "pictures"
        axis.set_ylabel(f"{kind}, of {count:,}")
        axis.locator_params(axis="y", integer=True)
        title = wrapped(panel.title, 6.0 if len(panels) == 1 else 3.6)
        axis.set_title(f"{title}\nmean {mean:.3f}")
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=4)
    for axis in axes[-MOST_ASIDE:]:
        axis.set_xlabel("distance between two views of a picture")
    return drawn


def _distances(panel):
    """Returns pair of views to distances `[count]`; all together of many."""
    views = zip(panel.names, panel.encoded.embeddings, strict=True)
    found = {
        f"{one}, {other}": np.sqrt(metrics.squared_distances(first, second))
        for (one, first), (other, second) in itertools.combinations(views, 2)
    }
    if len(found) > MOST_PAIRS:
        return {"all pairs": np.concatenate(list(found.values()))}
    return found
