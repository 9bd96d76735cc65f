"""Which negatives a loss pushes how hard."""

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.report.figures.looks import in_percent, legend_below, looks
from tfcmc.report.figures.style import QUIET, new_canvas, saved

ticker = LazyModule("matplotlib.ticker")

BINS = 32
BAND = (10, 90)  # percent of the negatives of a bin
# Below a thousandth of the average negative's weight a negative counts as
# one that is not pushed; the axis is linear from there to zero.
LEAST = 1e-3
APART = 4  # bins from marker to marker


@saved
def gradient_anatomy(curves, *, labels=(), note=""):
    """Draws the weight of negatives against their similarity.

    Weights are relative to the mean of their sizes over all negatives of a
    loss. A line is the mean of a bin of similarities, the band holds its
    middle four fifths. Beneath: how many negatives there are of a similarity.

    Args:
        curves: `(label, similarity, weight)`s, one at least, as
            `tfcmc.evaluation.negative_weights.negative_weights` returns them.
        labels: Of all runs of the figures that it stands beside, in their
            order: a loss looks alike in all.
        note: What to say above the legend.
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
    look = looks([*labels, *(label for label, _, _ in curves)])
    entries = []
    for place, (label, similarity, weight) in enumerate(curves):
        size = np.abs(weight).mean() if len(weight) else 0.0
        relative = weight / size if size > 0 else weight
        _draw_curve(top, similarity, relative, edges, look[label], place)
        told = label if size > 0 else f"{label}: pushes no negative"
        entries.append((look[label], told))
    _finish_weights(top)
    _draw_counts(bottom, curves, edges)
    legend_below(drawn, entries, note or None)
    return drawn


def _finite(similarity, weight):
    """Returns the pairs of which both numbers are finite."""
    similarity, weight = np.asarray(similarity), np.asarray(weight)
    known = np.isfinite(similarity) & np.isfinite(weight)
    return similarity[known].astype(float), weight[known].astype(float)


def _edges(similarities):
    """Returns the edges of the bins: over all similarities there are."""
    known = np.concatenate(similarities)
    low, high = (known.min(), known.max()) if len(known) else (-1.0, 1.0)
    if high - low < 0.1:
        low, high = low - 0.05, high + 0.05
    return np.linspace(low, high, BINS + 1)


def _draw_curve(axes, similarity, relative, edges, look, place):
    """Draws the mean of each bin, and the band about it."""
    places = np.digitize(similarity, edges[1:-1])
    # A few pairs at the rim would draw one anchor and not the loss.
    fewest = max(1, min(8, len(similarity) // 500))
    centres, means, bands = [], [], []
    for number in range(BINS):
        inside = relative[places == number]
        if len(inside) >= fewest:
            centres.append((edges[number] + edges[number + 1]) / 2)
            means.append(inside.mean())
            bands.append(np.percentile(inside, BAND))
    if not centres:
        return
    axes.fill_between(
        centres, *np.transpose(bands), color=look.color, alpha=0.1, linewidth=0
    )
    # Losses that agree show by their markers, each at bins of its own.
    apart = APART if len(centres) > APART else 1
    axes.plot(
        centres,
        means,
        color=look.color,
        linestyle=look.linestyle,
        linewidth=2,
        marker=look.marker,
        markevery=(place % apart, apart),
        markersize=5,
        markeredgecolor="black",
        markeredgewidth=0.5,
        clip_on=False,
    )


def _finish_weights(axes):
    """Settles the axis: logarithmic, and linear about zero if it is there."""
    low, high = axes.dataLim.intervaly
    high = max(high, 1.0) * 1.5
    if low > LEAST:
        axes.set_yscale("log")
        low = min(low, 0.5) / 1.5
    else:
        axes.set_yscale("symlog", linthresh=LEAST, linscale=0.5)
        axes.axhline(0.0, color=QUIET, linewidth=0.9, zorder=1)
        low = low * 1.5 if low < -LEAST else -LEAST / 4
    axes.set_ylim(low, high)
    steps = (1, 2, 5) if 0 < high / 100 < low else (1,)
    sizes = [step * 10.0**n for n in range(-3, 7) for step in steps]
    ticks = [-size for size in sizes] + [0.0] + sizes
    axes.set_yticks([tick for tick in ticks if low <= tick <= high])
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    axes.yaxis.set_major_formatter(
        ticker.FuncFormatter(lambda v, _: f"{v:g}".replace("-", "−"))
    )
    axes.axhline(1.0, color=QUIET, linewidth=0.9, linestyle="--", zorder=1)
    axes.set_ylabel("weight of a negative (1: the average of its loss)")


def _draw_counts(axes, curves, edges):
    """Draws how many negatives there are, once for each choice of them."""
    kinds = {}
    for label, similarity, _ in curves:
        kinds.setdefault(len(similarity), []).append((label, similarity))
    for place, (count, members) in enumerate(sorted(kinds.items())):
        axes.hist(
            members[0][1],
            edges,
            weights=np.full(count, 1.0 / max(count, 1)),
            histtype="stepfilled" if place == 0 else "step",
            color="#BBBBBB" if place == 0 else "black",
            label=_told(count, [label for label, _ in members]),
        )
    if len(kinds) > 1:
        axes.legend(loc="upper right", fontsize=8)
    in_percent(axes.yaxis, 4)
    axes.set_ylabel("negatives")
    axes.set_xlabel("similarity of a negative to the anchor (cosine)")


def _told(count, labels):
    """Returns how many negatives, and of which losses."""
    names = list(dict.fromkeys(label.partition("(")[0] for label in labels))
    told = ", ".join(name[:20] for name in names[:3])
    if len(names) > 3:
        told += f" and {len(names) - 3} more"
    return f"{count:,} of {told}"
