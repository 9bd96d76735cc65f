"""The figures of a search: what is drawn is what is given."""

import numpy as np
import pytest

from tfcmc.report import figures
from tfcmc.report.figures import options
from tfcmc.report.figures.options import Slice

TRIALS = ((0.02, 0.31), (0.09, 0.57), (0.41, 0.44), (0.9, 0.36))
WORDS = {"objective": "linear probe, higher is better", "percent": True}


@pytest.fixture
def shown(drawn):
    """A function that draws; returns the axes, and the words of the legend."""

    def show(function, *parts, **words):
        figure = drawn(function, *parts, **words)
        legend = figure.legends[0].get_texts() if figure.legends else ()
        return figure.axes, [text.get_text() for text in legend]

    return show


def marks(axes):
    """What is scattered, in the order in which it is drawn."""
    return [
        np.asarray(marked.get_offsets())
        for marked in axes.collections
        if len(marked.get_offsets()) and marked.get_sizes().size
    ]


def test_objective_over_options(shown):
    """Trials and the best of them, where they are, and room about them."""
    plain = Slice("temperature", TRIALS, TRIALS[1], log=True)
    (axes,), legend = shown(figures.objective_over_options, [plain], **WORDS)
    trials, best = marks(axes)
    np.testing.assert_allclose(trials, TRIALS)
    np.testing.assert_allclose(best, [TRIALS[1]])
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "temperature")
    assert axes.get_ylabel() == WORDS["objective"]
    assert axes.yaxis.get_major_formatter()(0.45) == "45 %"
    room = options.ROOM * (0.57 - 0.31)
    assert axes.get_ylim() == pytest.approx((0.31 - room, 0.57 + room))
    assert legend == ["a trial", "the best trial"]


def test_all_that_is_known_of_an_option(shown):
    """Defaults, failures, shorter trainings, and the estimate's band."""
    at = np.linspace(0.01, 1, 20)
    mean, deviation = 0.4 + 0.1 * at, 0.05 + 0.01 * at
    full = Slice(
        "rate",
        TRIALS,
        TRIALS[1],
        shorter=((0.2, 0.35),),
        failed=(0.02, 0.5),
        default=(0.07, 0.5),
        estimate=(at, mean, deviation),
    )
    nameless = Slice("rate", TRIALS, TRIALS[1], default=(None, 0.48))
    (axes, other), legend = shown(
        figures.objective_over_options, [full, nameless], **WORDS
    )
    assert axes.get_xscale() == "linear"
    line, level = axes.lines
    np.testing.assert_allclose(line.get_xydata().T, (at, mean))
    assert set(level.get_ydata()) == {0.5}
    band = axes.collections[0].get_datalim(axes.transData)
    assert band.y0 == pytest.approx((mean - deviation).min())
    assert band.y1 == pytest.approx((mean + deviation).max())
    default, shorter, trials, best, failed = marks(axes)
    np.testing.assert_allclose(default, [(0.07, 0.5)])
    np.testing.assert_allclose(shorter, [(0.2, 0.35)])
    np.testing.assert_allclose(trials, TRIALS)
    np.testing.assert_allclose(best, [TRIALS[1]])
    # Those that failed have no score: they stand at the foot.
    np.testing.assert_allclose(failed, [(0.02, 0.04), (0.5, 0.04)])
    assert set(other.lines[0].get_ydata()) == {0.48} and len(marks(other)) == 2
    assert other.get_ylim() == axes.get_ylim() and not other.get_ylabel()
    assert len(legend) == 5 and "a trial that failed or was stopped" in legend


def test_choices(shown):
    """Each at its word, a little aside by its score, so that none is hid."""
    trials = (("all", 0.5123), ("hard", 0.3471), ("all", 0.4096))
    words = Slice(
        "$mining_{x",
        trials,
        trials[0],
        failed=("hard",),
        choices=("all", "hard", "none"),
    )
    (axes,), _ = shown(figures.objective_over_options, [words], **WORDS)
    found = marks(axes)
    assert [place.get_text() for place in axes.get_xticklabels()] == [
        "all",
        "hard",
        "none",
    ]
    assert np.round(found[0][:, 0]).tolist() == [0, 1, 0]
    assert found[0][0, 0] != found[0][2, 0]
    assert round(found[-1][0, 0]) == 1
    assert axes.get_xlim() == (-0.5, 2.5)
    assert axes.get_xlabel() == "$mining_{x"


def test_scores_that_are_equal(shown):
    """There is room about them all the same."""
    same = Slice("equal", ((0.1, 0.5), (0.2, 0.5)), (0.1, 0.5), log=True)
    (axes,), _ = shown(figures.objective_over_options, [same], **WORDS)
    low, high = axes.get_ylim()
    assert low < 0.5 < high


@pytest.mark.parametrize("order", [1, -1])
def test_option_importance(shown, order):
    """The largest share on top, each with its interval."""
    parts = (
        ("$rate_{1", "margin")[::order],
        (-0.02, 0.7)[::order],
        (-0.05, 0.55)[::order],
        (0.1, 0.69)[::order],
    )
    (axes,), _ = shown(figures.option_importance, *parts, note="draws")
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["$rate_{1", "margin"]
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([-0.02, 0.7])
    ends = axes.containers[0].lines[2][0].get_segments()
    # A mean of many draws may lie outside of their middle 95 %.
    np.testing.assert_allclose(
        [segment[:, 0] for segment in ends], [(-0.05, 0.1), (0.55, 0.7)]
    )
    assert axes.get_xlabel().endswith("\ndraws")


def test_label_free_objectives(shown):
    """One panel an objective, the better to the right."""
    panel = figures.Scatter(
        "one\ntwo", "rank", "higher", TRIALS, TRIALS[3], TRIALS[1]
    )
    other = figures.Scatter(
        "one", "loss", "lower", TRIALS, TRIALS[0], TRIALS[1], (0.3, 0.5)
    )
    axes, legend = shown(figures.label_free_objectives, [panel, other])
    trials, probes, chosen = marks(axes[0])
    np.testing.assert_allclose(trials, TRIALS)
    np.testing.assert_allclose(probes, [TRIALS[1]])
    np.testing.assert_allclose(chosen, [TRIALS[3]])
    assert axes[0].get_title() == "one\ntwo"
    assert not axes[0].xaxis_inverted() and axes[1].xaxis_inverted()
    np.testing.assert_allclose(marks(axes[1])[1], [(0.3, 0.5)])
    assert legend[-1] == "the defaults"
    alone, legend = shown(figures.label_free_objectives, [panel])
    assert len(alone) == 1 and len(legend) == 3
