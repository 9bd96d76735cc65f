"""The embeddings of all views, seen on a circle."""

import itertools

import numpy as np

from tfcmc.evaluation.metrics import products
from tfcmc.foundation.text import counted
from tfcmc.foundation.threads import on_one_thread
from tfcmc.report.figures.style import COLOURS, new_canvas, saved, wrapped

CONCENTRATION = 60.0  # of the kernel: a width of about 7 degrees
ANGLES = 361
MOST_CLASSES = 10  # of the figure of one run
CLASSES_A_ROW = 3  # of a grid
MOST_ROWS = 6  # losses that have their classes drawn beside them
OUTER, INNER = 1.0, 0.55  # radius of the first and the last view's ring
FLAT = 4.0  # times an even spread: what is below fills no ring


@on_one_thread
def circle(embeddings):
    """Reduces the embeddings of all views to angles on one circle.

    The two directions are those that keep most of the vectors' squared
    length, not of their spread: the vectors are not centred, so that one
    point stays one point. The circle is turned so that the first view's mean
    is at angle 0, and mirrored so that the last's is above it: pictures of
    two runs compare.

    Formula: the angle of (x.v_1, x.v_2), v the right singular vectors of all
        views' vectors together, X: the eigenvectors of X^T X or, where
        vectors are fewer than dims, X^T of those of X X^T.

    Args:
        embeddings: One array `[count, dim]` a view, two vectors at least in
            all, dim from 2.

    Returns:
        `(angles, share)`: one array `[count]` a view, in radians from -pi to
        pi, NaN for a zero vector; and the share of squared length that the
        two directions keep.
    """
    stacked = np.concatenate(embeddings).astype(np.float64)
    squares, directions = np.linalg.eigh(products(stacked))
    directions = directions[:, [-1, -2]]
    if len(stacked) < stacked.shape[1]:
        # To unit length; of one point the second is rounding, at any angle.
        directions = np.linalg.qr(stacked.T @ directions)[0]
    share = squares[-2:].sum() / max(squares.sum(), np.finfo(float).tiny)
    flat = [
        array.astype(np.float64) @ directions @ (1, 1j) for array in embeddings
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


@saved
def hypersphere(panels):
    """Draws the embeddings on the circle: all of them, and a class at a time.

    As Wang and Isola draw uniformity, with all views on the same circle, a
    ring each, the first outermost. Views that agree lie at the same angles; a
    view at one point is a spike.

    Args:
        panels: `Panel`s, at least one; a panel is a figure, several are a row
            each.

    Reference: Wang and Isola 2020, Figure 3.
    """
    alone = len(panels) == 1
    classes = sorted(set.intersection(*(set(p.classes()) for p in panels)))
    shown = classes[: MOST_CLASSES if alone else CLASSES_A_ROW]
    if len(panels) > MOST_ROWS:
        classes = shown = []
    drawn, places = _beside(shown) if alone else _rows(len(panels), shown)
    told = set()
    for panel in panels:
        angles, share = circle(panel.encoded.embeddings)
        title = f"all; two directions keep {100 * share:.0f} %"
        if alone:
            words = wrapped(panel.title, drawn.get_figwidth())
            drawn.suptitle(words, fontsize=11)
        else:
            title = f"{wrapped(panel.title, 2.6)}\n{title}"
        axis = drawn.add_subplot(next(places), polar=True)
        _rings(axis, angles, panel.names, legend=panel.names not in told)
        told.add(panel.names)
        axis.set_title(title, fontsize=10 if alone else 9)
        for label in shown:
            axis = drawn.add_subplot(next(places), polar=True)
            part = [array[panel.labels == label] for array in angles]
            _rings(axis, part, panel.names)
            axis.set_title(panel.name_of(label)[:24], fontsize=9)
    words = (
        "angle in the plane that keeps most of the embeddings' length; the "
        "wider, the denser, each panel to its own scale"
    )
    words = wrapped(words, drawn.get_figwidth())
    if more := len(classes) - len(shown):
        words += f"\n{counted(more, 'class is', 'classes are')} not drawn"
    drawn.supxlabel(words, fontsize=8)
    return drawn


def _beside(shown):
    """Returns a figure, and its places: one large, two rows of small ones."""
    columns = -(-len(shown) // 2)
    drawn = new_canvas(5.0 + 1.7 * columns, 5.4)
    ratios = [2.6, *[1] * columns]
    places = drawn.add_gridspec(2, 1 + columns, width_ratios=ratios)
    small = (places[n // columns, 1 + n % columns] for n in range(len(shown)))
    return drawn, itertools.chain([places[:, 0]], small)


def _rows(count, shown):
    """Returns a figure, and its places: a row a panel, or four in one."""
    columns, rows = 1 + len(shown), count
    if not shown:
        columns = min(4, count)
        rows = -(-count // columns)
    drawn = new_canvas(2.7 * columns, 2.9 * rows + 0.4)
    # Round axes leave their titles no room of their own.
    drawn.get_layout_engine().set(h_pad=0.15)
    return drawn, iter(drawn.add_gridspec(rows, columns))


def _rings(axis, angles, names, *, legend=False):
    """Draws a ring a view, with its density over the angle upon it."""
    at = np.linspace(-np.pi, np.pi, ANGLES)
    even = 1 / (2 * np.pi)
    radii = np.linspace(OUTER, INNER, len(names))
    room = 0.9 * (OUTER - INNER) / max(1, len(names) - 1)
    for place, (radius, array, name) in enumerate(
        zip(radii, angles, names, strict=True)
    ):
        colour = COLOURS[place % len(COLOURS)]
        axis.plot(at, np.full(ANGLES, radius), color="0.75", linewidth=0.8)
        array = array[np.isfinite(array)]
        if not len(array):
            continue
        density = angle_density(array, at) / even
        # A spike of all points is about ten times as high as an even spread.
        height = radius + room * density / max(density.max(), FLAT)
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
