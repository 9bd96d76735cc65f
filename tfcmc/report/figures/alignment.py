"""The histogram of distances between the two views of a picture."""

import numpy as np

from tfcmc.evaluation import metrics
from tfcmc.report.figures.panel import MOST_ASIDE, grid, wrapped
from tfcmc.report.figures.style import COLOURS, save, styled


@styled
def alignment_histogram(panels, path):
    """Draws the left half of the paper's Figure 4, a panel a run.

    Args:
        panels: `Panel`s, at least one.
        path: The PNG to write.
    """
    drawn, axes = grid(len(panels), width=6.4, height=4.2)
    for axis, panel in zip(axes, panels, strict=True):
        distance = np.sqrt(
            metrics.squared_distances(*panel.encoded.embeddings)
        )
        axis.hist(distance, bins=np.linspace(0, 2, 81), color=COLOURS[0])
        marks = [
            axis.axvline(
                distance.mean(), color="black", linestyle="--", label="mean"
            ),
            axis.axvline(
                np.sqrt(2),
                color=COLOURS[5],
                linestyle=":",
                label="unrelated views",
            ),
        ]
        axis.set_xlim(0, 2)
        axis.set_ylabel(f"pictures, of {len(distance):,}")
        axis.locator_params(axis="y", integer=True)
        title = wrapped(panel.title, 6.0 if len(panels) == 1 else 3.6)
        axis.set_title(f"{title}\nmean {distance.mean():.3f}")
    drawn.legend(handles=marks, loc="outside lower center", ncols=2)
    for axis in axes[-MOST_ASIDE:]:
        axis.set_xlabel("distance between the two views of a picture")
    save(drawn, path)
