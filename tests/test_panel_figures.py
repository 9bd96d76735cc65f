"""The figures that show a panel a run: what is drawn, for any views."""

import dataclasses
import itertools

import numpy as np
import pytest
from matplotlib import font_manager, ft2font
from scipy.integrate import trapezoid
from sklearn.manifold import trustworthiness

from tfcmc.evaluation.features import Encoded
from tfcmc.report import figures
from tfcmc.report.figures import fonts
from tfcmc.report.figures.density import angle_density, circle
from tfcmc.report.figures.fonts import choose_fonts
from tfcmc.report.figures.maps import control_clouds, tsne
from tfcmc.report.figures.panel import class_legend, class_looks
from tfcmc.report.figures.style import new_figure

COUNT, DIM = 40, 7
DRAWN = {
    "alignment": figures.alignment_histogram,
    "hypersphere": figures.hypersphere,
    "tsne": lambda panels, path: figures.tsne_map(panels, path, seed=3),
}


def panel(
    rng, *, views=2, count=COUNT, classes=3, kind="random", names=None, **more
):
    """A panel of embeddings of a kind."""
    first = rng.normal(size=(count, DIM)) + 0.5
    vectors = [
        first + 0.4 * rng.normal(size=(count, DIM)) for _ in range(views)
    ]
    if kind == "zeros":
        vectors = [np.zeros_like(first)] * views
    if kind == "one point":
        vectors = [np.tile(np.eye(DIM)[2], (count, 1))] * views
    vectors = [array.astype(np.float32) for array in vectors]
    unit = [
        array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-9)
        for array in vectors
    ]
    labels = None if classes == 0 else np.arange(count) % classes
    names = names or [f"class {number}" for number in range(classes)]
    return figures.Panel(
        title=f"{kind}(x=1)",
        names=tuple(f"view{n}" for n in range(views)),
        encoded=Encoded((vectors[0],), tuple(unit)),
        labels=labels,
        class_names=tuple(names),
        **more,
    )


@pytest.mark.parametrize("views", [2, 3, 5])
@pytest.mark.parametrize("runs", [1, 4])
def test_alignment_histogram(views, runs, drawn, rng):
    """Bars hold the distance of every pair of views, and a line their mean."""
    panels = [panel(rng, views=views) for _ in range(runs)]
    figure = drawn(figures.alignment_histogram, panels)
    for axes, each in zip(figure.axes, panels, strict=True):
        apart = [
            np.linalg.norm(one.astype(float) - other, axis=1)
            for one, other in itertools.combinations(
                each.encoded.embeddings, 2
            )
        ]
        edges = np.linspace(0, 2, 81)
        kinds = len(axes.containers)
        assert kinds == (len(apart) if views < 5 else 1)
        if kinds == len(apart):
            for bars, distances in zip(axes.containers, apart, strict=True):
                heights = [bar.get_height() for bar in bars]
                want = np.histogram(distances, edges)[0]
                # A distance may lie on an edge, within rounding.
                assert np.abs(heights - want).sum() <= 2
        tops = [
            sum(bars[n].get_height() for bars in axes.containers)
            for n in range(80)
        ]
        assert sum(tops) == COUNT * views * (views - 1) / 2
        mean, unrelated = (line.get_xdata()[0] for line in axes.lines)
        assert mean == pytest.approx(np.mean(apart), rel=1e-6)
        assert unrelated == 2**0.5
        assert axes.get_xlim() == (0, 2)
        assert f"mean {np.mean(apart):.3f}" in axes.get_title()


@pytest.mark.parametrize("views", [1, 2, 4])
def test_hypersphere(views, drawn, rng):
    """A ring a view, as high as the density of its angles, class by class."""
    shown = panel(rng, views=views)
    figure = drawn(figures.hypersphere, [shown])
    angles, share = circle(shown.encoded.embeddings)
    assert f"{100 * share:.0f} %" in figure.axes[0].get_title()
    titles = [axes.get_title() for axes in figure.axes[1:]]
    assert titles == ["class 0", "class 1", "class 2"]
    parts = [np.full(COUNT, True), *(shown.labels == n for n in range(3))]
    for axes, rows in zip(figure.axes, parts, strict=True):
        bottoms = [line.get_ydata() for line in axes.lines[::2]]
        assert np.ptp(bottoms, axis=1).max() == 0
        radii = [bottom[0] for bottom in bottoms]
        assert radii == sorted(radii, reverse=True) and len(radii) == views
        for number, line in enumerate(axes.lines[1::2]):
            at, height = line.get_data()
            density = angle_density(angles[number][rows], at)
            above = height - radii[number]
            want = density * above.max() / density.max()
            np.testing.assert_allclose(above, want, atol=1e-9)
            if number:
                assert height.max() < radii[number - 1]


def test_hypersphere_of_several(drawn, rng):
    """With the classes of each of a few, without those of many."""
    few = drawn(figures.hypersphere, [panel(rng) for _ in range(3)])
    assert len(few.axes) == 3 * (1 + 3)
    many = drawn(figures.hypersphere, [panel(rng) for _ in range(14)])
    assert len(many.axes) == 14


def test_tsne_map(drawn, rng):
    """Points of the map in the looks of their classes, beside two controls."""
    one, other = panel(rng), panel(rng, views=1, classes=0)
    for panels in ([one], [one, other]):
        figure = drawn(figures.tsne_map, panels, seed=3)
        assert len(figure.axes) == len(panels) + 2
        for axes, each in zip(figure.axes, panels, strict=False):
            want = tsne(each.encoded.joined(), 3)
            assert f"{want.trust:.3f}" in axes.get_xlabel()
            found = np.concatenate([c.get_offsets() for c in axes.collections])
            order = np.arange(COUNT)
            if each.labels is not None:
                order = np.argsort(each.labels, kind="stable")
            np.testing.assert_allclose(found, want.points[order])
        clouds = control_clouds(COUNT, DIM, 3)
        for axes, words in zip(figure.axes[-2:], clouds, strict=True):
            assert axes.get_title() == words
            (found,) = axes.collections
            points = tsne(clouds[words], 3).points
            np.testing.assert_allclose(found.get_offsets(), points)


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(
    "case",
    [
        {"kind": "zeros"},
        {"kind": "one point", "classes": 0},
        {"count": 4, "classes": 1},
        {"classes": 35},
        {"classes": 2, "names": ["$\\frac{", "Größe_中文_🐟"]},
    ],
    ids=str,
)
def test_degenerate(name, case, rng, drawn):
    """Whatever came of a training is drawn, without a warning."""
    drawn(DRAWN[name], [panel(rng, **case)])


def test_panels_that_differ(rng, drawn):
    """Labelled beside unlabelled; other classes keep their own looks."""
    one, other = panel(rng, classes=2), panel(rng, classes=3)
    other = dataclasses.replace(other, labels=other.labels + 1)
    other = dataclasses.replace(other, class_names=("a", "b", "c", "d"))
    for name in DRAWN:
        drawn(DRAWN[name], [one, panel(rng, classes=0)])
    together = class_looks([one, other])
    assert list(together) == [0, 1, 2, 3]
    assert len({look.color for look in together.values()}) == 4
    assert len({look.marker for look in together.values()}) == 4


def test_long_names_of_classes_are_cut(rng):
    """What is drawn keeps its room beside the legend."""
    names = [f"{number} {'long ' * 20}" for number in range(3)]
    figure, axes = new_figure(6.4, 4.2)
    class_legend(figure, [panel(rng, names=names)])
    figure.canvas.draw()
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [name[:24] for name in names]
    assert axes.get_position().width > 0.4


@pytest.mark.parametrize("dim", [5, 17, 60])
def test_circle(dim, rng):
    """Angles of the projection that keeps the most, against eigenvectors.

    Of fewer dims than vectors, of nearly as many, and of more.
    """
    offset = np.pad([2, 1], [0, dim - 2])
    vectors = [rng.normal(size=(9, dim)) + offset for _ in range(2)]
    angles, share = circle(vectors)
    stacked = np.concatenate(vectors)
    values, directions = np.linalg.eigh(stacked.T @ stacked)
    assert share == pytest.approx(values[-2:].sum() / values.sum())
    plane = stacked @ directions[:, [-1, -2]]
    expected = np.arctan2(plane[:, 1], plane[:, 0])
    # Where the circle starts is free: the angles between vectors are not.
    found = np.concatenate(angles)
    for one in range(3):
        for other in range(3, 9):
            apart = np.cos(found[one] - found[other])
            assert apart == pytest.approx(
                np.cos(expected[one] - expected[other])
            )


def test_circle_of_many_dims(rng, monkeypatch):
    """No matrix is larger than the vectors are many; a zero has no angle."""
    sizes, eigh = [], np.linalg.eigh

    def noting(matrix):
        sizes.append(matrix.shape)
        return eigh(matrix)

    monkeypatch.setattr(np.linalg, "eigh", noting)
    vectors = [rng.normal(size=(count, 90)) for count in (5, 7)]
    vectors[1][3] = 0
    angles, _ = circle(vectors)
    assert sizes == [(12, 12)]
    assert np.flatnonzero(np.isnan(np.concatenate(angles))).tolist() == [8]


@pytest.mark.parametrize("dim", [6, 40])
def test_orthogonal_constants_are_two_spikes(dim):
    """Views collapsed onto orthogonal points are a quarter circle apart."""
    first = np.tile(np.eye(dim)[1], [8, 1])
    second = np.tile(np.eye(dim)[4], [8, 1])
    angles, share = circle([first, second])
    assert share == pytest.approx(1.0)
    assert np.ptp(angles[0]) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(angles[0], 0, atol=1e-6)
    np.testing.assert_allclose(angles[1], np.pi / 2)
    same, _ = circle([-first, -second])
    np.testing.assert_allclose(same, angles, atol=1e-6)


@pytest.mark.parametrize("dim", [4, 40])
def test_zero_vectors_have_no_angle(dim):
    """A dead encoder's embeddings are nowhere on the circle."""
    angles, share = circle([np.zeros((3, dim)), np.zeros((3, dim))])
    assert np.all(np.isnan(angles)) and share == 0


def test_angle_density(rng):
    """A density: against a direct sum, and its integral is 1."""
    angles = rng.uniform(-np.pi, np.pi, 11)
    at = np.linspace(-np.pi, np.pi, 721)
    found = angle_density(angles, at, concentration=9.0)
    assert trapezoid(found, at) == pytest.approx(1.0, abs=1e-6)
    kernel = np.exp(9.0 * np.cos(at))
    scale = trapezoid(kernel, at)
    for place in (0, 100, 333):
        direct = sum(
            np.exp(9.0 * np.cos(at[place] - angle)) / scale for angle in angles
        )
        assert found[place] == pytest.approx(direct / len(angles), rel=1e-4)


def test_tsne_is_repeatable(rng, tmp_path):
    """The seed decides; the trustworthiness is scikit-learn's."""
    features = rng.normal(size=(30, 60)).astype(np.float32)
    one, same, other = (tsne(features, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.points, same.points)
    assert np.any(one.points != other.points)
    assert one.trust == pytest.approx(
        trustworthiness(features, one.points, n_neighbors=10)
    )
    kept = panel(rng, map=figures.Map(rng.normal(size=(COUNT, 2)), 0.5))
    figure = figures.tsne_map([kept], tmp_path / "x.png", seed=6)
    shown = figure.axes[0].collections[1].get_offsets()
    np.testing.assert_array_equal(shown, kept.map.points[kept.labels == 1])


def test_controls():
    """One control covers the sphere, the other is nearly a point."""
    even, collapsed = control_clouds(200, 16, 0).values()
    np.testing.assert_allclose(np.linalg.norm(even, axis=1), 1, rtol=1e-5)
    assert np.linalg.norm(even.mean(axis=0)) < 0.2
    assert np.linalg.norm(collapsed - collapsed.mean(axis=0), axis=1).max() < (
        0.02
    )


def test_fonts_for_any_script(capsys, monkeypatch):
    """Another font of the machine is taken; what none has is said, once."""
    paths = {
        entry.name: entry.fname for entry in font_manager.fontManager.ttflist
    }
    usual, other = (
        set(map(chr, ft2font.FT2Font(paths[name]).get_charmap()))
        for name in ("DejaVu Sans", "STIXGeneral")
    )
    sign = min(
        sign for sign in other - usual if sign.isprintable() and sign > "\xff"
    )
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    bundled = [
        entry
        for entry in font_manager.fontManager.ttflist
        if entry.name in ("DejaVu Sans", "STIXGeneral")
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", bundled)
    fonts._families_with.cache_clear()
    for name, expected in (
        ("plain", None),
        (f"a {sign}", ["STIXGeneral"]),
        (f"{sign} \N{CJK UNIFIED IDEOGRAPH-732B}", ["STIXGeneral"]),
    ):
        for _ in range(2):
            drawn, axes = new_figure(6.4, 4.2)
            axes.set_title(name)
            before = axes.title.get_fontfamily()
            choose_fonts(drawn)
            added = axes.title.get_fontfamily()[len(before) :]
            assert added == (expected or [])
    told = "no font on this machine has \N{CJK UNIFIED IDEOGRAPH-732B}:"
    out = capsys.readouterr().out
    assert out.count(told) == out.count("no font") == 1
    fonts._families_with.cache_clear()


@pytest.mark.parametrize("runs", [1, 2])
def test_confusion_matrix(runs, rng, tmp_path):
    """Each share of its class, written and tinted; not a class without any."""
    counts = np.array([[9, 1, 0], [2, 2, 0], [0, 0, 0]])
    shown = [panel(rng, confusion=counts)] * runs
    figure = figures.confusion_matrix(shown, tmp_path / "a.png")
    for axes in figure.axes:
        (image,) = axes.images
        want = [[0.9, 0.1], [0.5, 0.5]]
        np.testing.assert_allclose(image.get_array(), want)
        assert image.get_clim() == (0, 1)
        texts = [text.get_text() for text in axes.texts]
        assert texts == ["90", "10", "50", "50"]
        beside = [tick.get_text() for tick in axes.get_yticklabels()]
        assert beside == ["class 0 (10)", "class 1 (4)"]
        assert "accuracy 78.6 %, balanced 70.0 %" in axes.get_title()
    assert len(figure.axes) == runs
