"""The map of alignment and uniformity that runs wander over."""

import dataclasses

import numpy as np

from tfcmc.foundation.lazy import LazyModule
from tfcmc.report.figures.looks import in_percent, legend_below, looks, mark
from tfcmc.report.figures.style import QUIET, new_figure, saved
from tfcmc.report.figures.traces import by_group, name_of

collections = LazyModule("matplotlib.collections")
colors = LazyModule("matplotlib.colors")
matplotlib = LazyModule("matplotlib")
patheffects = LazyModule("matplotlib.patheffects")


@saved
def alignment_uniformity_map(traces):
    """Draws every run's path over its epochs, and the floors.

    The colour of a path is the probe accuracy: of each epoch where every run
    has it, else of the end; without any two that differ, that of the loss.

    Args:
        traces: `Trace`s, one at least.
    """
    drawn, axes = new_figure(8.6, 6.2)
    groups = by_group(traces)
    look = looks(groups)
    told, values = _accuracies(traces)
    scale = _colour_scale(values)
    for trace, value in zip(traces, values, strict=True):
        _draw_path(axes, trace, value, scale, look[trace.group])
    for trace in traces:
        _mark_end(axes, trace, look[trace.group])
    _mark_starts(axes, traces)
    _set_limits(axes, traces)
    _draw_floors(axes, traces)
    _point_to_corner(axes, traces)
    axes.set_xlabel("alignment (left: the views of a picture are nearer)")
    axes.set_ylabel("uniformity (down: spread more evenly over the sphere)")
    if scale is not None:
        bar = drawn.colorbar(scale, ax=axes, pad=0.02)
        in_percent(bar.ax.yaxis)
        bar.set_label(told)
        bar.outline.set_visible(False)
    legend_below(
        drawn, _entries(groups, look, paths=scale is None), _title(groups)
    )
    return drawn


def _accuracies(traces):
    """Returns what the colour says, and its `[epochs]` for each trace."""
    given = [
        np.nan if trace.accuracy is None else trace.accuracy
        for trace in traces
    ]
    probed = np.isfinite(given).any()
    if all(trace.has("knn") for trace in traces) or not probed:
        told = "kNN accuracy on held-out pictures, each epoch"
        return told, [trace.column("knn") for trace in traces]
    return "accuracy of the linear probe, at the end", [
        np.full(len(trace.rows), value)
        for trace, value in zip(traces, given, strict=True)
    ]


def _colour_scale(values):
    """Returns the scale of the colours; None where all would be the same."""
    known = np.concatenate(values)
    known = np.unique(known[np.isfinite(known)])
    if len(known) < 2:
        return None
    # The palest yellows cannot be told from paper.
    shades = matplotlib.colormaps["viridis"](np.linspace(0, 0.93, 256))
    low, high = known.min(), known.max()
    if high - low < 0.01:
        low, high = low - 0.005, high + 0.005
    return matplotlib.cm.ScalarMappable(
        colors.Normalize(low, high), colors.ListedColormap(shades)
    )


def _draw_path(axes, trace, values, scale, look):
    """Draws a run's path; the way to the first epoch is dotted."""
    points = trace.points()
    if not len(points):
        return
    tints = [
        look.color if scale is None or not np.isfinite(v) else scale.to_rgba(v)
        for v in values
    ]
    if trace.start is not None:
        first = np.stack([np.asarray(trace.start, float), points[0]])
        axes.plot(*first.T, color=QUIET, linewidth=1, linestyle=":")
    axes.add_collection(
        collections.LineCollection(
            np.stack([points[:-1], points[1:]], axis=1),
            colors=tints[1:],
            linewidths=2.4,
            capstyle="round",
        )
    )
    axes.scatter(*points.T, s=9, c=tints, linewidths=0, zorder=2.5)


def _mark_end(axes, trace, look):
    points = trace.points()
    points = points[np.isfinite(points).all(axis=1)]
    if len(points):
        mark(axes, points[-1], look, size=80, above=4, edge=0.9)


def _starts(traces):
    """Returns the starts that are finite, each once: `[count, 2]`."""
    found = {tuple(t.start) for t in traces if t.start is not None}
    return np.array(
        [s for s in sorted(found) if np.isfinite(s).all()]
    ).reshape(-1, 2)


def _mark_starts(axes, traces):
    starts = _starts(traces)
    if not len(starts):
        return
    axes.scatter(
        *starts.T, s=60, marker="+", color="black", linewidths=1.6, zorder=5
    )
    _write(axes, "untrained", starts[-1], (0, 8), "black", ha="center")


def _set_limits(axes, traces):
    """Makes room for paths, starts and floors, and for their names."""
    spots = [trace.points() for trace in traces]
    spots.append(_starts(traces))
    for trace in traces:
        floors = trace.floors
        spots.append(
            [
                (0.0, floors["uniformity_one_point"]),
                (
                    floors["alignment_unrelated_views"],
                    floors["uniformity_uniform_sphere"],
                ),
            ]
        )
    spots = np.concatenate(spots)
    spots = spots[np.isfinite(spots).all(axis=1)]
    low, high = spots.min(axis=0), spots.max(axis=0)
    room = (high - low) * 0.06
    axes.set_xlim(low[0] - room[0] / 2, high[0] + room[0])
    axes.set_ylim(low[1] - room[1], high[1] + room[1])


def _draw_floors(axes, traces):
    """Draws the values to read both numbers against, with their names."""
    left, right = axes.get_xlim()
    for name, words, side in (
        ("uniformity_uniform_sphere", "uniform sphere", -11),
        ("uniformity_one_point", "one point: collapsed", 4),
    ):
        for height in sorted({trace.floors[name] for trace in traces}):
            axes.axhline(height, color=QUIET, linewidth=0.9, linestyle="--")
        _write(axes, words, (left + 0.45 * (right - left), height), (0, side))
    name = "alignment_unrelated_views"
    for place in sorted({trace.floors[name] for trace in traces}):
        axes.axvline(place, color=QUIET, linewidth=0.9, linestyle="--")
    low, high = axes.get_ylim()
    height = low + 0.25 * (high - low)
    _write(axes, "unrelated views", (place, height), (4, 0), rotation=90)


def _point_to_corner(axes, traces):
    """Points from below the floor, where no path can be."""
    floor = min(t.floors["uniformity_uniform_sphere"] for t in traces)
    axes.annotate(
        "aligned and uniform",
        (0.0, floor),
        (26, -14),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-|>", "color": QUIET},
        color=QUIET,
        fontsize=9,
        fontstyle="italic",
        va="center",
    )


def _write(axes, words, place, offset, color=QUIET, rotation=0, ha="left"):
    """Writes beside a place, legible on whatever it covers."""
    axes.annotate(
        words,
        place,
        offset,
        textcoords="offset points",
        color=color,
        fontsize=9,
        rotation=rotation,
        ha=ha,
        va="center" if rotation else "baseline",
        zorder=6,
        path_effects=[
            patheffects.withStroke(linewidth=2.5, foreground="white")
        ],
    )


def _entries(groups, look, *, paths):
    """Returns the legend: each loss, and its accuracy at the end."""
    entries = []
    for group, traces in groups.items():
        known = [t.accuracy for t in traces if t.accuracy is not None]
        text = name_of(traces)
        if known:
            text += f": {100 * np.mean(known):.1f} %"
        shown = look[group]
        if not paths:
            shown = dataclasses.replace(shown, linestyle="none")
        entries.append((shown, text))
    return entries


def _title(groups):
    """Returns what the numbers in the legend are; None without any."""
    if all(t.accuracy is None for traces in groups.values() for t in traces):
        return None
    told = "accuracy of the linear probe at the end"
    if any(len(traces) > 1 for traces in groups.values()):
        told += ", mean over seeds"
    return told
