"""The figures that show a panel a run."""

import dataclasses

import numpy as np
import pytest
from matplotlib import font_manager, ft2font
from PIL import Image
from scipy.integrate import trapezoid
from sklearn.manifold import trustworthiness

from tfcmc.evaluation.features import Encoded
from tfcmc.report import figures
from tfcmc.report.figures import fonts
from tfcmc.report.figures.density import angle_density, circle
from tfcmc.report.figures.fonts import choose_fonts
from tfcmc.report.figures.panel import class_looks
from tfcmc.report.figures.style import new_figure
from tfcmc.report.figures.tsne import control_clouds, tsne

COUNT, DIM = 40, 7
NAMES = ("L", "ab")
DRAWN = {
    "alignment": figures.alignment_histogram,
    "hypersphere": figures.hypersphere,
    "tsne": lambda panels, path: figures.tsne_map(panels, path, seed=3),
}


def panel(rng, *, count=COUNT, classes=3, kind="random", names=None):
    """A panel of embeddings of a kind."""
    first = rng.normal(size=(count, DIM)) + 0.5
    second = first + 0.4 * rng.normal(size=(count, DIM))
    if kind == "zeros":
        first, second = np.zeros_like(first), np.zeros_like(first)
    if kind == "one point":
        first[:] = second[:] = np.eye(DIM)[2]
    vectors = [array.astype(np.float32) for array in (first, second)]
    unit = [
        array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-9)
        for array in vectors
    ]
    labels = None if classes == 0 else np.arange(count) % classes
    names = names or [f"class {number}" for number in range(classes)]
    return figures.Panel(
        title=f"{kind}(x=1)",
        names=NAMES,
        encoded=Encoded(tuple(vectors), tuple(unit)),
        labels=labels,
        class_names=tuple(names),
    )


def pixels(path):
    """The picture drawn, as numbers; it must be a whole PNG."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("L"), np.float64)


@pytest.mark.parametrize("name", DRAWN)
def test_one_and_many(name, rng, tmp_path):
    """A figure of a run, a grid of several; other data, another picture."""
    panels = [panel(rng) for _ in range(4)]
    shown = []
    for number, part in enumerate((panels[:1], panels[1:2], panels)):
        DRAWN[name](part, tmp_path / f"{number}.png")
        shown.append(pixels(tmp_path / f"{number}.png"))
    assert shown[0].std() > 5
    assert shown[0].shape != shown[1].shape or np.any(shown[0] != shown[1])
    assert shown[2].size > shown[0].size
    assert not list(tmp_path.glob("*partial*"))


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
def test_degenerate(name, case, rng, tmp_path):
    """Whatever came of a training is drawn, without a warning."""
    DRAWN[name]([panel(rng, **case)], tmp_path / "x.png")
    assert pixels(tmp_path / "x.png").std() > 1


def test_many_losses(rng, tmp_path):
    """More losses than have room for their classes."""
    for name in ("alignment", "hypersphere"):
        DRAWN[name]([panel(rng) for _ in range(14)], tmp_path / f"{name}.png")
        assert max(pixels(tmp_path / f"{name}.png").shape) < 4000


def test_panels_that_differ(rng, tmp_path):
    """Labelled beside unlabelled; other classes keep their own looks."""
    one, other = panel(rng, classes=2), panel(rng, classes=3)
    other = dataclasses.replace(other, labels=other.labels + 1)
    other = dataclasses.replace(other, class_names=("a", "b", "c", "d"))
    for name in DRAWN:
        mixed = [one, panel(rng, classes=0)]
        DRAWN[name](mixed, tmp_path / f"{name}.png")
    together = class_looks([one, other])
    assert list(together) == [0, 1, 2, 3]
    assert len({each["color"] for each in together.values()}) == 4


def test_circle(rng):
    """Angles of the projection that keeps the most, against eigenvectors."""
    vectors = [rng.normal(size=(9, 5)) + [2, 1, 0, 0, 0] for _ in NAMES]
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


def test_orthogonal_constants_are_two_spikes():
    """Views collapsed onto orthogonal points are a quarter circle apart."""
    first = np.tile(np.eye(6)[1], [8, 1])
    second = np.tile(np.eye(6)[4], [8, 1])
    angles, share = circle([first, second])
    assert share == pytest.approx(1.0)
    assert np.ptp(angles[0]) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(angles[0], 0, atol=1e-6)
    np.testing.assert_allclose(angles[1], np.pi / 2)
    same, _ = circle([-first, -second])
    np.testing.assert_allclose(same, angles, atol=1e-6)


def test_zero_vectors_have_no_angle():
    """A dead encoder's embeddings are nowhere on the circle."""
    angles, share = circle([np.zeros((3, 4)), np.zeros((3, 4))])
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
    shown = panel(rng)
    (told,) = figures.tsne_map([shown], tmp_path / "x.png", seed=5)
    assert told.trust == tsne(shown.encoded.both(), 5).trust
    kept = dataclasses.replace(shown, map=told)
    assert figures.tsne_map([kept], tmp_path / "x.png", seed=6) == [told]


def test_controls(rng):
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
            drawn, axes = new_figure()
            axes.set_title(name)
            before = axes.title.get_fontfamily()
            choose_fonts(drawn)
            added = axes.title.get_fontfamily()[len(before) :]
            assert added == (expected or [])
    told = "no font on this machine has \N{CJK UNIFIED IDEOGRAPH-732B}:"
    out = capsys.readouterr().out
    assert out.count(told) == out.count("no font") == 1
    fonts._families_with.cache_clear()


def test_confusion_matrix(rng, tmp_path):
    """One and many; each share is seen, a class without pictures is not."""
    first = dataclasses.replace(
        panel(rng), confusion=np.array([[9, 1, 0], [2, 2, 0], [0, 0, 0]])
    )
    other = dataclasses.replace(
        first, confusion=np.array([[9, 1, 0], [4, 0, 0], [0, 0, 0]])
    )
    shown = []
    for panels in ([first], [other], [first, other]):
        figures.confusion_matrix(panels, tmp_path / "a.png")
        shown.append(pixels(tmp_path / "a.png"))
    assert shown[0].shape != shown[1].shape or np.any(shown[0] != shown[1])
    assert shown[2].shape[1] > shown[2].shape[0]
