"""The embeddings of both views, seen on a circle."""

import numpy as np

from tfcmc.foundation.text import counted
from tfcmc.foundation.threads import on_one_thread
from tfcmc.report.figures.panel import wrapped
from tfcmc.report.figures.style import COLOURS, new_canvas, save, styled

CONCENTRATION = 60.0  # of the kernel: a width of about 7 degrees
ANGLES = 361
MOST_CLASSES = 10  # of the figure of one run
CLASSES_A_ROW = 3  # of a grid
MOST_ROWS = 6  # losses that have their classes drawn beside them
OUTER, INNER = 1.0, 0.55  # radius of each view's ring


@on_one_thread
def circle(embeddings):
    """Reduces the embeddings of both views to angles on one circle.

    The two directions are those that keep most of the vectors' squared
    length, not of their spread: the vectors are not centred, so that one
    point stays one point. The circle is turned so that the first view's mean
    is at angle 0, and mirrored so that the second's is above it: pictures of
    two runs compare.

    Formula: the angle of (x.v_1, x.v_2), v the right singular vectors of both
        views' vectors together: the eigenvectors of their products' sum.

    Args:
        embeddings: One array `[count, dim]` a view, dim from 2.

    Returns:
        `(angles, share)`: one array `[count]` a view, in radians from -pi to
        pi, NaN for a zero vector; and the share of squared length that the
        two directions keep.
    """
    stacked = np.concatenate(embeddings).astype(np.float64)
    squares, directions = np.linalg.eigh(stacked.T @ stacked)
    share = squares[-2:].sum() / max(squares.sum(), np.finfo(float).tiny)
    flat = [
        array.astype(np.float64) @ directions[:, [-1, -2]] @ (1, 1j)
        for array in embeddings
    ]
    turn = np.exp(-1j * np.angle(flat[0].mean()))
    flat = [array * turn for array in flat]
    if flat[-1].mean().imag < 0:
        flat = [array.conj() for array in flat]
    angles = [np.where(array, np.angle(array), np.nan) for array in flat]
    return angles, float(share)


def angle_density(angles, at, concentration=CONCENTRATION):
    """Estimates the density of angles with a von Mises kernel.

    Formula: mean over i of exp(k cos(x - a_i)) / (2 pi I_0(k)).

    Args:
        angles: `[count]`, in radians, count from 1.
        at: `[places]`, where to estimate it.
        concentration: k, above 0.

    Returns:
        `[places]`, per radian: 1 / (2 pi) everywhere for an even spread.
    """
    # exp(k (cos - 1)) over its own integral: I_0 of a large k overflows.
    kernel = np.exp(
        concentration * (np.cos(np.subtract.outer(at, angles)) - 1.0)
    )
    height = 2 * np.pi * np.i0(concentration) * np.exp(-concentration)
    return kernel.mean(axis=1) / height


@styled
def hypersphere(panels, path):
    """Draws the embeddings on the circle: all of them, and a class at a time.

    As Wang and Isola draw uniformity, with both views on the same circle: L
    on the outer ring, ab on the inner one. Views that agree lie at the same
    angles; a view at one point is a spike.

    Args:
        panels: `Panel`s, at least one; a panel is a figure, several are a row
            each.
        path: The PNG to write.

    Reference: Wang and Isola 2020, Figure 3.
    """
    if len(panels) == 1:
        drawn, more = _one(panels[0]), 0
    else:
        drawn, more = _many(panels)
    words = (
        "angle in the plane that keeps most of the embeddings' length; the "
        "wider, the denser, each panel to its own scale"
    )
    words = wrapped(words, drawn.get_figwidth())
    if more:
        words += f"\n{counted(more, 'class is', 'classes are')} not drawn"
    drawn.supxlabel(words, fontsize=8)
    save(drawn, path)


def _one(panel):
    classes = panel.classes()[:MOST_CLASSES]
    columns = -(-len(classes) // 2)
    drawn = new_canvas(5.0 + 1.7 * columns, 5.4)
    title = wrapped(panel.title, drawn.get_figwidth())
    drawn.suptitle(title, fontsize=11)
    places = drawn.add_gridspec(
        2, 1 + columns, width_ratios=[2.6, *[1] * columns]
    )
    angles, share = circle(panel.encoded.embeddings)
    axis = drawn.add_subplot(places[:, 0], polar=True)
    _rings(axis, angles, panel.names, legend=True)
    axis.set_title(_kept(share), fontsize=10)
    for place, label in enumerate(classes):
        row, column = divmod(place, columns)
        axis = drawn.add_subplot(places[row, 1 + column], polar=True)
        _rings(axis, _of_class(panel, angles, label), panel.names)
        axis.set_title(panel.name_of(label)[:24], fontsize=9)
    return drawn


def _many(panels):
    common = set.intersection(*(set(panel.classes()) for panel in panels))
    shown = sorted(common)[:CLASSES_A_ROW]
    more = len(common) - len(shown)
    if len(panels) > MOST_ROWS or not shown:
        columns, shown, more = min(4, len(panels)), [], 0
        rows = -(-len(panels) // columns)
    else:
        columns, rows = 1 + len(shown), len(panels)
    drawn = new_canvas(2.7 * columns, 2.9 * rows + 0.4)
    # Round axes leave their titles no room of their own.
    drawn.get_layout_engine().set(h_pad=0.15)
    place = 0
    for panel in panels:
        angles, share = circle(panel.encoded.embeddings)
        parts = {f"{wrapped(panel.title, 2.6)}\n{_kept(share)}": angles}
        for label in shown:
            name = panel.name_of(label)[:24]
            parts[name] = _of_class(panel, angles, label)
        for title, part in parts.items():
            place += 1
            axis = drawn.add_subplot(rows, columns, place, polar=True)
            _rings(axis, part, panel.names, legend=place == 1)
            axis.set_title(title, fontsize=9)
    return drawn, more


def _kept(share):
    return f"all; two directions keep {100 * share:.0f} %"


def _of_class(panel, angles, label):
    return [array[panel.labels == label] for array in angles]


def _rings(axis, angles, names, *, legend=False):
    """Draws a ring a view, with its density over the angle upon it."""
    at = np.linspace(-np.pi, np.pi, ANGLES)
    even = 1 / (2 * np.pi)
    for radius, array, name, colour in zip(
        (OUTER, INNER), angles, names, COLOURS, strict=False
    ):
        axis.plot(at, np.full(ANGLES, radius), color="0.75", linewidth=0.8)
        array = array[np.isfinite(array)]
        if not len(array):
            continue
        density = angle_density(array, at) / even
        # A spike of all points is about ten times as high as an even spread.
        height = radius + 0.4 * density / max(density.max(), 4.0)
        axis.fill_between(
            at,
            radius,
            height,
            color=colour,
            alpha=0.75,
            linewidth=0,
            label=name,
        )
        axis.plot(at, height, color=colour, linewidth=0.8)
    axis.set(ylim=(0, 1.45), xticks=[], yticks=[])
    axis.spines["polar"].set_visible(False)
    if legend and axis.get_legend_handles_labels()[0]:
        axis.legend(
            loc="center",
            fontsize=8,
            handlelength=1,
            title="view",
            title_fontsize=8,
        )
