"""Which negatives a loss pushes how hard."""

import numpy as np

from tfcmc.figures.looks import legend_below, looks
from tfcmc.figures.style import new_canvas, save, styled
from tfcmc.lazy import LazyModule

ticker = LazyModule("matplotlib.ticker")

BINS = 32
BAND = (10, 90)  # percent of the negatives of a bin
# Below a thousandth of the average negative's weight a negative counts as
# one that is not pushed; the axis is linear from there to zero.
LEAST = 1e-3
QUIET = "#666666"


@styled
def gradient_anatomy(curves, path, *, note=""):
    """Draws the weight of negatives against their similarity.

    Weights are relative to the mean of their sizes over all negatives of a
    loss. A line is the mean of a bin of similarities, the band holds its
    middle four fifths. Beneath: how many negatives there are of a similarity.

    Args:
        curves: `(label, similarity, weight)`s, one at least, as
            `tfcmc.anatomy.negative_weights` returns them.
        path: The PNG to write.
        note: What to say in small print.
    """
    drawn = new_canvas(8.6, 6.6)
    top, bottom = drawn.subplots(
        2, 1, sharex=True, height_ratios=[4, 1], squeeze=True
    )
    curves = [
        (label, *_finite(similarity, weight))
        for label, similarity, weight in curves
    ]
    edges = _edges([similarity for _, similarity, _ in curves])
    look = looks([label for label, _, _ in curves])
    entries = []
    for label, similarity, weight in curves:
        size = np.abs(weight).mean() if len(weight) else 0.0
        relative = weight / size if size > 0 else weight
        _draw_curve(top, similarity, relative, edges, look[label])
        told = label if size > 0 else f"{label}: pushes no negative"
        entries.append((look[label], told))
    _finish_weights(top)
    _draw_counts(bottom, [similarity for _, similarity, _ in curves], edges)
    legend_below(drawn, entries)
    if note:
        drawn.suptitle(note, fontsize=8, color=QUIET, wrap=True)
    save(drawn, path)


def _finite(similarity, weight):
    """Returns the pairs of which both numbers are finite."""
    similarity, weight = np.asarray(similarity), np.asarray(weight)
    known = np.isfinite(similarity) & np.isfinite(weight)
    return similarity[known].astype(float), weight[known].astype(float)


def _edges(similarities):
    """Returns the edges of the bins: over all similarities there are."""
    known = np.concatenate(similarities)
    low, high = (known.min(), known.max()) if len(known) else (-1.0, 1.0)
    if high - low < 0.02:
        low, high = low - 0.01, high + 0.01
    return np.linspace(low, high, BINS + 1)


def _draw_curve(axes, similarity, relative, edges, look):
    """Draws the mean of each bin, and the band about it."""
    places = np.digitize(similarity, edges[1:-1])
    # A few pairs at the rim would draw one anchor and not the loss.
    fewest = max(1, min(8, len(similarity) // 500))
    centres, means, bands = [], [], []
    for place in range(BINS):
        inside = relative[places == place]
        if len(inside) >= fewest:
            centres.append((edges[place] + edges[place + 1]) / 2)
            means.append(inside.mean())
            bands.append(np.percentile(inside, BAND))
    if not centres:
        return
    axes.fill_between(
        centres, *np.transpose(bands), color=look.color, alpha=0.1, linewidth=0
    )
    axes.plot(
        centres,
        means,
        color=look.color,
        linestyle=look.linestyle,
        linewidth=2,
        marker=look.marker,
        markersize=4.5,
        markeredgecolor="black",
        markeredgewidth=0.4,
        clip_on=False,
    )


def _finish_weights(axes):
    """Settles the axis: logarithmic, and linear about zero."""
    low, high = axes.get_ylim()
    low = min(low, 0.0)
    axes.set_yscale("symlog", linthresh=LEAST, linscale=0.5)
    if low > -LEAST:
        low = -LEAST / 4
    axes.set_ylim(low, max(high, 3.0))
    ticks = [10.0**power for power in range(-3, 7)]
    signed = [-tick for tick in ticks] + [0.0] + ticks
    low, high = axes.get_ylim()
    axes.set_yticks([t for t in signed if low <= t <= high])
    axes.yaxis.set_major_formatter(
        ticker.FuncFormatter(lambda value, _: f"{value:g}")
    )
    axes.axhline(1.0, color=QUIET, linewidth=0.9, linestyle="--")
    axes.axhline(0.0, color=QUIET, linewidth=0.9)
    axes.annotate(
        "the average negative",
        (1.0, 1.0),
        (-2, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=QUIET,
    )
    axes.set_ylabel("weight of a negative, relative to the mean")


def _draw_counts(axes, similarities, edges):
    """Draws how many negatives there are, once for each kind of choice."""
    kinds = {len(similarity): similarity for similarity in similarities}
    for place, (count, similarity) in enumerate(sorted(kinds.items())):
        axes.hist(
            similarity,
            edges,
            weights=np.full(count, 1.0 / max(count, 1)),
            histtype="stepfilled" if place == 0 else "step",
            color="#BBBBBB" if place == 0 else "black",
            label=f"{count:,} negatives",
        )
    if len(kinds) > 1:
        axes.legend(loc="upper right", fontsize=8)
    axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0, decimals=0))
    axes.set_ylabel("negatives")
    axes.set_xlabel("similarity of a negative to the anchor (cosine)")
