"""The histogram of distances between the two views of a picture."""

import numpy as np

from tfcmc import metrics
from tfcmc.figures.style import COLOURS, new_figure, save, styled


@styled
def alignment_histogram(encoded, title, path):
    """Draws the left half of the paper's Figure 4 for one run.

    Args:
        encoded: `Encoded` pictures.
        title: What was trained how.
        path: The PNG to write.
    """
    distance = np.sqrt(metrics.squared_distances(*encoded.embeddings))
    drawn, axes = new_figure()
    axes.hist(distance, bins=np.linspace(0, 2, 81), color=COLOURS[0])
    axes.axvline(
        distance.mean(),
        color="black",
        linestyle="--",
        label=f"mean {distance.mean():.3f}",
    )
    axes.axvline(
        np.sqrt(2), color=COLOURS[5], linestyle=":", label="unrelated views"
    )
    axes.legend(loc="upper left")
    axes.set_xlim(0, 2)
    axes.set_xlabel("distance between the two views of a picture")
    axes.set_ylabel(f"pictures, of {len(distance):,}")
    axes.set_title(title)
    save(drawn, path)
