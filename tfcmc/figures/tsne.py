"""The t-SNE map of features."""

import numpy as np

from tfcmc.figures.style import COLOURS, new_figure, save, styled
from tfcmc.lazy import LazyModule

manifold = LazyModule("sklearn.manifold")

NEIGHBOURS = 10  # of the trustworthiness


def tsne(features, seed):
    """Maps features to the plane, and says how far to trust the map.

    Args:
        features: `[count, dim]`, count from 4.
        seed: Of the map.

    Returns:
        `(points, trust)`: `[count, 2]`, and the trustworthiness in [0, 1]:
        1 when every neighbour on the map is a neighbour among the features.

    Reference: van der Maaten and Hinton 2008; Venna and Kaski 2001.
    """
    count = len(features)
    perplexity = min(30.0, (count - 1) / 3)
    points = manifold.TSNE(
        perplexity=perplexity, init="random", random_state=seed
    ).fit_transform(features)
    neighbours = max(1, min(NEIGHBOURS, (count - 1) // 2 - 1))
    trust = manifold.trustworthiness(features, points, n_neighbors=neighbours)
    return points, float(trust)


@styled
def tsne_map(encoded, labels, class_names, title, path, *, seed):
    """Draws the right half of the paper's Figure 4 for one run.

    Args:
        encoded: `Encoded` pictures, at least 4.
        labels: `[count]`, or None.
        class_names: One name a label.
        title: What was trained how.
        path: The PNG to write.
        seed: Of the map.

    Returns:
        The trustworthiness of the map.
    """
    points, trust = tsne(encoded.both(), seed)
    drawn, axes = new_figure(7.2, 5.4)
    if labels is None:
        axes.scatter(*points.T, s=8, color=COLOURS[0])
    else:
        present = np.unique(labels)
        for place, label in enumerate(present):
            axes.scatter(
                *points[labels == label].T,
                s=9,
                linewidths=0,
                color=COLOURS[place % len(COLOURS)],
                marker="os^Dv"[place // len(COLOURS) % 5],
                label=str(class_names[label]),
            )
        if len(present) <= 30:
            axes.legend(
                loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2
            )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    axes.set_xlabel(
        f"t-SNE of {len(points):,} pictures' features, trustworthiness "
        f"{trust:.3f}"
    )
    save(drawn, path)
    return trust
