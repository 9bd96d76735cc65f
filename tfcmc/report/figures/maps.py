"""The t-SNE map of features, beside what it makes of nothing."""

import functools

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.threads import on_one_thread, together
from tfcmc.report.figures.panel import Map, class_legend, class_looks
from tfcmc.report.figures.style import COLOURS, grid, saved, wrapped

decomposition = LazyModule("sklearn.decomposition")
manifold = LazyModule("sklearn.manifold")

NEIGHBOURS = 10  # of the trustworthiness
FEWEST_MAPPED = 4  # pictures
DIMENSIONS = 50  # kept before the map, as its authors do
ITERATIONS = 500  # as trusted as 1,000, in half the time
CONTROL_COUNT = 300  # points of a control, at most
NOISE = 1e-3  # of the collapsed cloud
NOISE_DIMENSIONS = 5  # what is left of a collapsed representation is as flat


@on_one_thread
def tsne(features, seed):
    """Maps features to the plane, and says how far to trust the map.

    Args:
        features: `[count, dim]`, count from 4.

    Returns:
        A `Map`; its trustworthiness is that to the features as they are.

    Reference: van der Maaten and Hinton 2008, who reduce to 50 dimensions by
        principal components first; Venna and Kaski 2001.
    """
    count = len(features)
    reduced = features
    if min(features.shape) > DIMENSIONS:
        reduced = decomposition.PCA(
            DIMENSIONS, svd_solver="randomized", random_state=seed
        ).fit_transform(features)
    points = manifold.TSNE(
        perplexity=min(30.0, (count - 1) / 3),
        max_iter=ITERATIONS,
        init="random",
        random_state=seed,
    ).fit_transform(reduced)
    neighbours = max(1, min(NEIGHBOURS, (count - 1) // 2 - 1))
    trust = manifold.trustworthiness(features, points, n_neighbors=neighbours)
    return Map(points, float(trust))


@functools.lru_cache(maxsize=1)
def control_maps(count, dim, seed):
    """Maps the two controls of so many vectors: what each is to its `Map`."""
    clouds = control_clouds(min(CONTROL_COUNT, count), dim, seed)
    maps = together(
        *(functools.partial(tsne, cloud, seed) for cloud in clouds.values()),
        needs=("sklearn.manifold",),
    )
    return dict(zip(clouds, maps, strict=True))


def control_clouds(count, dim, seed):
    """Makes the vectors of the two controls.

    Returns:
        What each is, in words, to `[count, dim]`: unit vectors spread evenly
        over the sphere, and one unit vector with a little noise of few
        dimensions.
    """
    draws = np.random.default_rng(seed).normal(size=(2, count, dim))
    sphere = draws[0] / np.linalg.norm(draws[0], axis=1, keepdims=True)
    collapsed = NOISE * draws[1]
    collapsed[:, NOISE_DIMENSIONS:] = 0.0
    collapsed[:, 0] += 1.0
    return {
        "control: even on the sphere": sphere.astype(np.float32),
        "control: collapsed to a point": collapsed.astype(np.float32),
    }


@saved
def tsne_map(panels, *, seed):
    """Draws the right half of the paper's Figure 4, and two controls.

    t-SNE spreads whatever it is given over the plane: a collapsed cloud looks
    as well spread as an even sphere, and its map is trusted more, since few
    dimensions are easily mapped. Neither spread nor trustworthiness tells of
    collapse.

    Args:
        panels: `Panel`s, at least one, each of at least 4 pictures; where one
            brings no map along it is made.
        seed: Of the maps and the controls.
    """
    features = [panel.encoded.joined() for panel in panels]
    *maps, controls = together(
        *(
            functools.partial(_map_of, panel, each, seed)
            for panel, each in zip(panels, features, strict=True)
        ),
        functools.partial(control_maps, *features[0].shape, seed),
        needs=("sklearn.manifold",),
    )
    if len(panels) == 1:
        drawn, axes = _beside_controls()
    else:
        drawn, axes = grid(len(panels) + 2, width=6.4, height=5.8)
    looks = class_looks(panels)
    for axis, panel, found in zip(axes, panels, maps, strict=False):
        _scatter(axis, panel, found.points, looks)
        _tell(axis, panel.title, found)
    for axis, (words, found) in zip(axes[-2:], controls.items(), strict=True):
        axis.scatter(*found.points.T, s=5, linewidths=0, color=COLOURS[6])
        _tell(axis, words, found)
    class_legend(drawn, panels)
    return drawn


def _map_of(panel, features, seed):
    return panel.map or tsne(features, seed)


def _beside_controls():
    """One large panel, and the controls one above the other beside it."""
    drawn, (axis,) = grid(1, width=9.6, height=5.4)
    axis.remove()
    places = drawn.add_gridspec(2, 2, width_ratios=[2.1, 1])
    return drawn, [
        drawn.add_subplot(place)
        for place in (places[:, 0], places[0, 1], places[1, 1])
    ]


def _scatter(axis, panel, points, looks):
    if panel.labels is None:
        axis.scatter(*points.T, s=9, linewidths=0, color=COLOURS[0])
    for label in panel.classes():
        look = looks[label]
        axis.scatter(
            *points[panel.labels == label].T,
            s=9,
            linewidths=0,
            color=look.color,
            marker=look.marker,
        )


def _tell(axis, title, found):
    axis.set(xticks=[], yticks=[])
    axis.set_title(wrapped(title, 3.6), fontsize=10)
    axis.set_xlabel(
        f"{len(found.points):,} points, trustworthiness {found.trust:.3f}",
        fontsize=9,
    )
