"""The learning curves of runs, side by side."""

import dataclasses

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.report.figures.looks import in_percent, legend_below, looks
from tfcmc.report.figures.style import GRID, new_canvas, saved
from tfcmc.report.figures.traces import by_group, name_of

ticker = LazyModule("matplotlib.ticker")

PANELS = {
    "loss": "loss",
    "knn": "kNN accuracy, held-out pictures",
    "alignment": "alignment",
    "uniformity": "uniformity",
    "effective_rank": "effective rank",
}
WITH_KNN = [
    ["loss"] * 3 + ["knn"] * 3,
    ["alignment"] * 2 + ["uniformity"] * 2 + ["effective_rank"] * 2,
]
WITHOUT_KNN = [["loss", "alignment"], ["uniformity", "effective_rank"]]
FEW = 12  # epochs, of which each is marked


@saved
def learning_curves(traces):
    """Draws what a run's history holds against the epochs, a panel each.

    One colour a loss: a thin line a seed and a bold one their mean, which
    ends where a seed ends. The losses of several functions have no unit in
    common: each run's is drawn relative to its own first epoch, as
    `relative_to_first` has it.

    Args:
        traces: `Trace`s, one at least.
    """
    groups = by_group(traces)
    look = looks(groups)
    drawn = new_canvas(9.6, 6.2)
    with_knn = any(trace.has("knn") for trace in traces)
    panels = drawn.subplot_mosaic(WITH_KNN if with_knn else WITHOUT_KNN)
    for name, axes in panels.items():
        relative = name == "loss" and len(groups) > 1
        for place, (group, members) in enumerate(groups.items()):
            curves = [_curve(trace, name, relative) for trace in members]
            _draw_seeds(axes, curves, look[group], place)
        _label(axes, name, relative)
    several = any(len(members) > 1 for members in groups.values())
    legend_below(
        drawn,
        [(look[g], name_of(members)) for g, members in groups.items()],
        "thin: one seed; bold: mean over seeds" if several else None,
    )
    return drawn


def relative_to_first(values):
    """Makes a loss comparable with others: its change since its first epoch.

    Formula: (v - v_1) / max(|v_1|, largest |v - v_1|). For a loss that is
        positive and falls it is v / v_1 - 1. It stays within -1 and 1 for one
        that starts near 0 or is negative, and near 0 for one that stays.

    Args:
        values: `[epochs]`, NaN where there is none.

    Returns:
        `[epochs]`, 0 at the first number.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.full(len(values), np.nan)
    change = values - finite[0]
    size = max(abs(finite[0]), np.abs(finite - finite[0]).max())
    return change / size if size > 0 else change


def _curve(trace, name, relative):
    """Returns epoch to number: the finite ones alone."""
    values = trace.column(name)
    if relative:
        values = relative_to_first(values)
    epochs = trace.column("epoch")
    return {
        epoch: value
        for epoch, value in zip(epochs, values, strict=True)
        if np.isfinite(value) and np.isfinite(epoch)
    }


def _draw_seeds(axes, curves, look, place):
    """Draws the seeds of one loss and their mean, where all of them are."""
    if len(curves) > 1:
        for curve in curves:
            _plot(axes, curve, look, place, linewidth=0.8, alpha=0.55)
    common = sorted(set.intersection(*map(set, curves)))
    mean = {
        epoch: np.mean([curve[epoch] for curve in curves]) for epoch in common
    }
    _plot(axes, mean, look, place, linewidth=2.0, marked=True)


def _plot(axes, curve, look, place, *, marked=False, **kind):
    """Draws one line, broken where epochs are missing."""
    if not curve:
        return
    epochs = np.arange(min(curve), max(curve) + 1)
    values = [curve.get(epoch, np.nan) for epoch in epochs]
    if marked:
        apart = max(1, -(-len(epochs) // FEW))
        kind |= {
            "markevery": (place % apart if len(epochs) > apart else 0, apart),
            "markersize": 5,
            "markeredgecolor": "black",
            "markeredgewidth": 0.5,
        }
    elif len(epochs) > 1:
        look = dataclasses.replace(look, marker="")
    else:
        kind["markersize"] = 4
    axes.plot(epochs, values, **dataclasses.asdict(look), **kind)


def _label(axes, name, relative):
    axes.set_title(PANELS[name])
    axes.set_xlabel("epoch")
    # Of one epoch a single tick: for two they would be parts of epochs.
    whole = ticker.MaxNLocator(integer=True, min_n_ticks=1)
    axes.xaxis.set_major_locator(whole)
    axes.grid(axis="y", **GRID)
    if relative:
        axes.set_title("loss, relative to its first epoch")
    if relative or name == "knn":
        in_percent(axes.yaxis)
