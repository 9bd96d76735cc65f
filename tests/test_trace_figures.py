"""The figures that compare runs, by the values that are drawn."""

import dataclasses

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection

from tfcmc.evaluation.verdict import floors
from tfcmc.report import figures
from tfcmc.report.figures.curves import relative_to_first

NAMES = ("softmax(temperature=0.07)", "损失 $\\frac{1$", "تباين_$x$", "spring")
COLUMNS = ("loss", "knn", "alignment", "uniformity", "effective_rank")


def history(rng, epochs, knn):
    """Rows of a history, each number on its own walk."""
    walk = np.cumsum(rng.normal(size=(epochs, 5)), axis=0) / 10
    rows = []
    for number, (loss, near, spread, rank, accuracy) in enumerate(walk):
        row = {
            "epoch": number + 1,
            "loss": loss,
            "alignment": 1.0 + near,
            "uniformity": spread - 2.0,
            "effective_rank": 100.0 + 30.0 * rank,
        }
        if knn:
            row["knn"] = 1.0 / (1.0 + np.exp(-accuracy))
        rows.append(row)
    return rows


@pytest.fixture
def runs(rng):
    """A function that makes the traces of losses and seeds."""

    def make(losses=1, seeds=1, epochs=4, *, knn=True, accuracy=True):
        return [
            figures.Trace(
                label=f"{NAMES[n % len(NAMES)]} {n}, seed {seed}",
                group=f"{NAMES[n % len(NAMES)]} {n}",
                rows=history(rng, epochs, knn),
                start=(1.6 + 0.01 * seed, -1.4),
                accuracy=rng.uniform(0.2, 0.8) if accuracy else None,
                floors=floors(16),
            )
            for n in range(losses)
            for seed in range(seeds)
        ]

    return make


def kinds(axes, kind):
    """What is drawn on axes, of one kind."""
    return [each for each in axes.collections if type(each) is kind]


@pytest.mark.parametrize(("losses", "seeds"), [(1, 1), (14, 3)])
def test_map(losses, seeds, drawn, runs):
    """Each run's path and end, and the floors, within the limits."""
    traces = runs(losses, seeds)
    figure = drawn(figures.alignment_uniformity_map, traces)
    axes, bar = figure.axes
    paths = kinds(axes, LineCollection)
    dots = kinds(axes, PathCollection)
    ends = dots[len(traces) : 2 * len(traces)]
    assert len(paths) == len(ends) == len(traces)
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for trace, path, dot, end in zip(traces, paths, dots, ends, strict=False):
        points = [(r["alignment"], r["uniformity"]) for r in trace.rows]
        np.testing.assert_allclose(
            path.get_segments(), list(zip(points, points[1:], strict=False))
        )
        np.testing.assert_allclose(dot.get_offsets(), points)
        np.testing.assert_allclose(end.get_offsets(), points[-1:])
        assert left < min(points)[0] and max(points)[0] < right
    level = {line.get_ydata()[0] for line in axes.lines[losses * seeds :]}
    assert {0.0, traces[0].floors["uniformity_uniform_sphere"]} <= level
    assert low < min(level - {0}) and 0.0 < high
    assert left < 0.0 and right > max(trace.start[0] for trace in traces)
    assert bar.get_ylabel().startswith("kNN accuracy")


def test_colours_are_those_of_the_accuracy(drawn, runs):
    """The shade of a point is the accuracy of its epoch, low to high."""
    trace = runs(1, 1, epochs=6)[0]
    figure = drawn(figures.alignment_uniformity_map, [trace])
    dots = kinds(figure.axes[0], PathCollection)[0]
    # Viridis is ordered by its lightness.
    light = dots.get_facecolors()[:, :3] @ (0.2126, 0.7152, 0.0722)
    assert list(np.argsort(light)) == list(np.argsort(trace.column("knn")))
    low, high = figure.axes[1].get_ylim()
    knn = trace.column("knn")
    assert (low, high) == pytest.approx((knn.min(), knn.max()))


@pytest.mark.parametrize(
    ("knn", "accuracy"), [(True, False), (False, True), (False, False)]
)
def test_what_is_not_known_is_left_out(knn, accuracy, drawn, runs):
    """Without kNN, without a probe, and where runs disagree on them."""
    traces = runs(2, knn=knn, accuracy=accuracy)
    curves = drawn(figures.learning_curves, traces)
    assert len(curves.axes) == (5 if knn else 4)
    figure = drawn(figures.alignment_uniformity_map, traces)
    assert len(figure.axes) == (2 if knn or accuracy else 1)
    if not knn and not accuracy:
        path = kinds(figure.axes[0], LineCollection)[0]
        want = matplotlib.colors.to_rgba("#0072B2")
        np.testing.assert_allclose(path.get_colors(), [want] * 3)
    other = runs(knn=not knn, accuracy=not accuracy)[0]
    traces.append(dataclasses.replace(other, group="mixed", start=None))
    for draw in (figures.alignment_uniformity_map, figures.learning_curves):
        (legend,) = drawn(draw, traces).legends
        assert len(legend.get_texts()) == 3


@pytest.mark.parametrize(("losses", "seeds"), [(1, 1), (1, 3), (3, 2)])
def test_curves(losses, seeds, drawn, runs):
    """A line a seed, and their mean; losses of several relative."""
    traces = runs(losses, seeds)
    figure = drawn(figures.learning_curves, traces)
    for axes, name in zip(figure.axes, COLUMNS, strict=True):
        lines = iter(axes.lines)
        for first in range(0, len(traces), seeds):
            values = []
            for trace in traces[first : first + seeds]:
                values.append([row[name] for row in trace.rows])
                if losses > 1 and name == "loss":
                    values[-1] = relative_to_first(np.array(values[-1]))
            shown = [*values, np.mean(values, axis=0)] if seeds > 1 else values
            for want in shown:
                epochs, found = next(lines).get_data()
                np.testing.assert_array_equal(epochs, [1, 2, 3, 4])
                np.testing.assert_allclose(found, want)
        assert next(lines, None) is None
    assert ("relative" in figure.axes[0].get_title()) == (losses > 1)


def test_one_epoch_shows_points(drawn, runs):
    """A single epoch is seen: as a marker where it is, at a whole number."""
    traces = runs(1, 2, epochs=1, accuracy=False)
    figure = drawn(figures.learning_curves, traces)
    lines = figure.axes[2].lines
    assert len(lines) == 3
    for line in lines:
        assert line.get_marker() not in ("", "None") and line.get_markersize()
    low, high = figure.axes[2].get_xlim()
    ticks = figure.axes[2].get_xticks()
    assert [each for each in ticks if low <= each <= high] == [1]
    axes = drawn(figures.alignment_uniformity_map, traces).axes[0]
    found = [each.get_offsets() for each in kinds(axes, PathCollection)]
    want = traces[0].points()
    assert sum(np.allclose(each, want) for each in found) == 2


def test_what_is_no_number_is_a_gap(drawn, runs):
    """NaN in some rows, or in all, leaves the rest to be seen."""
    trace = runs(1, 1, epochs=6)[0]
    rows = [dict(row) for row in trace.rows]
    rows[2] = dict.fromkeys(rows[2], np.inf) | {"epoch": 3}
    rows[4]["knn"] = np.nan
    broken = dataclasses.replace(trace, rows=rows)
    figure = drawn(figures.learning_curves, [broken])
    for axes, name in zip(figure.axes, COLUMNS, strict=True):
        (line,) = axes.lines
        gaps = [2, 4] if name == "knn" else [2]
        found = np.asarray(line.get_ydata(), float)
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), gaps)
    axes = drawn(figures.alignment_uniformity_map, [broken]).axes[0]
    assert np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all()
    lost = [{**row, "alignment": np.nan, "loss": np.nan} for row in rows]
    nowhere = dataclasses.replace(trace, rows=lost, start=(np.nan, -1.0))
    empty = dataclasses.replace(trace, group="empty", rows=[])
    for draw in (figures.alignment_uniformity_map, figures.learning_curves):
        drawn(draw, [nowhere])
        drawn(draw, [nowhere, empty, *runs(1)])


def test_relative_loss(rng):
    """The share of the first epoch, and bounded for losses of any sign."""
    falling = np.sort(rng.uniform(0.1, 5.0, size=6))[::-1]
    expected = [value / falling[0] - 1.0 for value in falling]
    np.testing.assert_allclose(relative_to_first(falling), expected)
    for values in (rng.normal(size=8), np.array([0.0, -0.3, 0.1])):
        found = relative_to_first(values)
        assert found[0] == 0 and np.abs(found).max() <= 1
        np.testing.assert_array_equal(
            np.argsort(found), np.argsort(values - values[0])
        )
    flat = relative_to_first(np.array([-0.2, -0.2 + 1e-9, -0.2]))
    assert np.abs(flat).max() < 1e-8
    np.testing.assert_array_equal(relative_to_first(np.zeros(3)), np.zeros(3))
    gap = relative_to_first(np.array([np.nan, 2.0, np.inf, 1.0]))
    np.testing.assert_allclose(gap[[1, 3]], [0.0, -0.5])


@pytest.fixture
def curve(rng):
    """A function that makes similarities, and weights that rise with them."""

    def make(label, count=600, steep=9.0):
        similarity = rng.uniform(-0.4, 0.9, size=count)
        noise = rng.normal(size=count) / 3
        return label, similarity, np.exp(steep * similarity + noise)

    return make


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_anatomy(sign, drawn, curve):
    """Means of bins over the mean size; the sign shows, the unit does not."""
    label, similarity, weight = curve("softmax", steep=3.0)
    for unit in (1.0, 8.0):
        made = (label, similarity, sign * unit * weight)
        figure = drawn(figures.gradient_anatomy, [made])
        top, bottom = figure.axes
        centres, means = top.lines[0].get_data()
        edges = np.linspace(similarity.min(), similarity.max(), 33)
        for centre, mean in zip(centres, means, strict=True):
            place = np.searchsorted(edges, centre) - 1
            low, high = edges[place : place + 2]
            inside = (low <= similarity) & (similarity < high)
            if place == 31:
                inside |= similarity == high
            assert centre == pytest.approx((low + high) / 2)
            want = sign * weight[inside].mean() / weight.mean()
            assert mean == pytest.approx(want, rel=1e-6)
        assert top.get_yscale() == ("log" if sign > 0 else "symlog")
        low, high = top.get_ylim()
        assert low < means.min() and means.max() < high
    heights = bottom.patches[0].get_xy()[:, 1]
    counts = np.histogram(similarity, 32)[0]
    assert heights.max() == pytest.approx(counts.max() / 600)


def test_anatomy_of_many(drawn, curve):
    """14 losses, and one with other negatives, each told in the legend."""
    many = [curve(f"{NAMES[n % 4]} {n}", steep=n - 3) for n in range(14)]
    many.append(curve("nt_xent", count=1200))
    note = "of $1: 中 " * 29
    figure = drawn(figures.gradient_anatomy, many, note=note)
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 15
    title = legend.get_title().get_text()
    assert title.split() == note.split() and "\n" in title
    figure.canvas.draw()
    wide = legend.get_title().get_window_extent().width
    assert wide < figure.get_figwidth() * figure.dpi
    assert len(figure.axes[1].patches) == 2


def test_negatives_that_are_not_pushed_are_seen(drawn, curve):
    """Zero has its place on the axis, for some negatives or for all."""
    label, similarity, weight = curve("triplet")
    beyond = np.where(similarity > 0.2, weight, 0.0)
    made = [(label, similarity, beyond)]
    top, _ = drawn(figures.gradient_anatomy, made).axes
    assert top.get_ylim()[0] < 0 and 0 in top.get_yticks()
    centres, means = top.lines[0].get_data()
    assert (means[np.array(centres) < 0.15] == 0).all()
    none = (label, similarity, np.zeros(600))
    figure = drawn(figures.gradient_anatomy, [curve("spring"), none])
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["spring", "triplet: pushes no negative"]


def test_a_loss_looks_alike_in_all_figures(drawn, curve, runs):
    """Also where a loss before it weighs no negative one by one."""
    traces = runs(losses=3, seeds=2)
    labels = [trace.group for trace in traces]
    curves = [curve(labels[4]), curve(labels[2])]
    found = [
        drawn(figures.learning_curves, traces),
        drawn(figures.gradient_anatomy, curves, labels=labels),
    ]
    beside, alone = (
        {
            text.get_text(): (line.get_color(), line.get_marker())
            for text, line in zip(
                each.legends[0].get_texts(),
                each.legends[0].get_lines(),
                strict=True,
            )
        }
        for each in found
    )
    assert len(set(beside.values())) == 3 and len(alone) == 2
    assert alone.items() <= beside.items()


@pytest.mark.parametrize("count", [0, 1, 6])
def test_anatomy_of_few(count, drawn, curve):
    """Few pairs, pairs of one similarity and no numbers are drawn."""
    label, similarity, weight = curve("n_pair", count=count)
    for pair in (
        (similarity, weight),
        (np.ones(count), np.zeros(count)),
        (similarity, np.full(count, np.nan)),
    ):
        drawn(figures.gradient_anatomy, [(label, *pair)])
