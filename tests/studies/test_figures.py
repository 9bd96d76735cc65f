"""The figures of a study: what is drawn is what is given."""

import numpy as np
import pytest

from tfcmc.report import figures


@pytest.fixture
def axes_of(drawn):
    """A function that draws, and returns the axes."""
    return lambda *parts: drawn(*parts, measured="linear probe").axes


def spots(axes):
    """What is scattered, in the order in which it is drawn."""
    return [np.asarray(each.get_offsets()) for each in axes.collections]


@pytest.mark.parametrize("seeds", [1, 3])
def test_main_effects(rng, axes_of, seeds):
    """A level's seeds, their mean, and the interval about the mean of all."""
    levels = ["spring", "triplet", "softmax"], ["paper", "convnet"]
    means = [rng.uniform(30, 60, (seeds, len(each))) for each in levels]
    ends = [[(-4.0, -1.0), None, (0.5, 2.0)], [None, None]]
    panels = axes_of(
        figures.main_effects,
        list(zip(("loss", "encoder"), levels, means, ends, strict=True)),
    )
    for axes, names, found, known in zip(
        panels, levels, means, ends, strict=True
    ):
        *each, middle = spots(axes)
        places = np.arange(len(names))
        np.testing.assert_allclose(
            middle, np.stack([found.mean(axis=0), places], 1)
        )
        assert len(each) == (seeds if seeds > 1 else 0)
        for seed, shown in zip(found, each, strict=False):
            np.testing.assert_allclose(shown, np.stack([seed, places], 1))
        *intervals, mean = axes.lines
        assert mean.get_xdata()[0] == pytest.approx(found.mean())
        want = [(row, e) for row, e in enumerate(known) if e is not None]
        for line, (row, end) in zip(intervals, want, strict=True):
            np.testing.assert_allclose(
                line.get_xdata(), found.mean() + np.array(end)
            )
            assert list(line.get_ydata()) == [row, row]
        shown = [text.get_text() for text in axes.get_yticklabels()]
        assert shown == names
    assert [each.get_title(loc="left") for each in panels] == [
        "loss",
        "encoder",
    ]
    assert panels[-1].get_xlabel() == "linear probe (%)"


def test_interactions(rng, axes_of):
    """A line a level; its bars leave out what a seed moves as a whole."""
    means = rng.uniform(40, 60, (3, 2, 4))
    levels = ["spring", "nce"], ["a", "b", "c", "d"]
    (axes,) = axes_of(
        figures.interactions, [(("loss", "data"), levels, means)]
    )
    apart = means - means.mean(axis=(1, 2), keepdims=True)
    assert len(axes.containers) == 2
    for row, drawn in enumerate(axes.containers):
        line, _, (bars,) = drawn
        np.testing.assert_allclose(line.get_ydata(), means.mean(axis=0)[row])
        assert line.get_xdata().tolist() == [0, 1, 2, 3]
        for place, bar in enumerate(bars.get_segments()):
            middle = means[:, row, place].mean()
            wide = apart[:, row, place].std(ddof=1)
            np.testing.assert_allclose(
                bar[:, 1], [middle - wide, middle + wide]
            )
    low, high = axes.get_ylim()
    assert low < (means.mean(axis=0)).min() and high > means.mean(axis=0).max()
    assert [text.get_text() for text in axes.get_xticklabels()] == levels[1]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == levels[0]
    assert axes.get_title(loc="left") == "loss at each data"


@pytest.mark.parametrize("pairs", [1, 4])
def test_long_levels_leave_room(rng, axes_of, pairs):
    """Their names are whole, on lines of their own."""
    first = ["spring(margin=1.4, weighting=active, squared=True)", "nce"]
    second = [
        "mlp(layers=3, hidden=2048, dim=2048, norm=hidden, bias=False)",
        "mlp(layers=2, hidden=4096, dim=256, norm=all, last_affine=False)",
        "none",
    ]
    means = rng.uniform(40, 60, (3, 2, 3))
    effect = ("loss", "head"), (first, second), means
    found = axes_of(figures.interactions, [effect] * pairs)
    found[0].figure.canvas.draw()
    for axes in found:
        legend = axes.get_legend()
        for texts, levels in (
            (legend.get_texts(), first),
            (axes.get_xticklabels(), second),
        ):
            told = [" ".join(text.get_text().split()) for text in texts]
            assert told == levels
        place, inside = axes.get_window_extent(), legend.get_window_extent()
        assert place.x0 < inside.x0 and inside.x1 < place.x1
        shape = axes.get_position()
        columns, rows = min(pairs, 3), -(-pairs // 3)
        assert shape.width * columns > 0.6 and shape.height * rows > 0.4


def test_time_and_accuracy(axes_of):
    """Every combination where it is, and a step along the front."""
    seconds, values = np.array([9.0, 120.0, 40.0]), np.array([41.0, 52, 38])
    (axes,) = axes_of(
        figures.time_and_accuracy,
        ["one", "two", "three"],
        ["spring", "nce", "spring"],
        seconds,
        values,
        [0, 1],
    )
    shown = np.concatenate(
        [
            *(each for each in spots(axes) if len(each)),
            *(
                line.get_xydata()
                for line in axes.lines
                if len(line.get_xdata()) == 1
            ),
        ]
    )
    np.testing.assert_allclose(
        sorted(map(tuple, shown)), sorted(zip(seconds, values, strict=True))
    )
    (step,) = (line for line in axes.lines if len(line.get_xdata()) > 1)
    np.testing.assert_allclose(step.get_xdata(), [9, 120, 120])
    np.testing.assert_allclose(step.get_ydata(), [41, 52, 52])
    assert [text.get_text() for text in axes.texts] == ["one", "two"]
    assert axes.get_xscale() == "log"
