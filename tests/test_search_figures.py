"""The figures of a search: whole, and showing what is given."""

import dataclasses

import numpy as np
import pytest

from tfcmc.report import figures
from tfcmc.report.figures.options import Slice

OPTIONS = {"objective": "linear probe, higher is better", "percent": True}


@pytest.fixture
def slice_of(rng):
    """A function that makes the trials of one option."""

    def make(name="temperature", count=7, **changes):
        values = 10 ** rng.uniform(-2, 0, count)
        pairs = tuple(zip(values, rng.uniform(0.3, 0.6, count), strict=True))
        best = max(pairs, key=lambda pair: pair[1])
        return Slice(name, pairs, best, **{"log": True} | changes)

    return make


def test_objective_over_options(slice_of, picture, tmp_path, rng):
    """Every part of a slice is seen, alone and in a grid of four."""
    path = tmp_path / "a.png"

    def drawn(*slices):
        figures.objective_over_options(slices, path, **OPTIONS)
        return picture(path)

    plain = slice_of()
    at = np.geomspace(0.01, 1, 20)
    shown = [drawn(plain)]
    for changes in (
        {"default": (0.07, 0.5)},
        {"default": (None, 0.5)},
        {"failed": (0.02, 0.5)},
        {"shorter": ((0.2, 0.35),)},
        {"estimate": (at, np.full(20, 0.45), np.full(20, 0.05))},
        {"log": False},
    ):
        shown.append(drawn(dataclasses.replace(plain, **changes)))
        assert all(
            shown[-1].shape != other.shape or (shown[-1] != other).any()
            for other in shown[:-1]
        ), changes
    pairs = tuple(
        (word, rng.uniform(0.3, 0.6)) for word in ["all", "hard"] * 3
    )
    words = Slice(
        "$mining_{x",
        pairs,
        pairs[2],
        failed=("hard",),
        default=("all", 0.4),
        choices=("all", "hard", "none"),
    )
    many = drawn(plain, words, slice_of("b"), slice_of("c", log=False))
    assert many.shape[1] > shown[0].shape[1]
    drawn(slice_of(count=1))
    same = ((0.1, 0.5), (0.2, 0.5))
    drawn(Slice("equal", same, same[0], log=True))


def test_option_importance(picture, tmp_path):
    """The order of the options does not show; their shares do."""
    path = tmp_path / "a.png"

    def drawn(names, shares):
        ends = [share - 0.1 for share in shares], [1.1 * s for s in shares]
        figures.option_importance(names, shares, *ends, path, note="draws")
        return picture(path)

    first = drawn(["margin", "$rate_{1"], [0.7, -0.02])
    again = drawn(["$rate_{1", "margin"], [-0.02, 0.7])
    np.testing.assert_array_equal(first, again)
    assert (drawn(["margin", "$rate_{1"], [0.3, 0.2]) != first).any()


def test_label_free_objectives(picture, rng, tmp_path):
    """One panel an objective; each mark changes the picture."""
    path = tmp_path / "a.png"
    pairs = tuple(map(tuple, rng.uniform(0.2, 0.6, (8, 2))))
    panel = figures.Scatter(
        "one\ntwo", "rank", "higher", pairs, pairs[3], pairs[5]
    )

    def drawn(*panels):
        figures.label_free_objectives(panels, path)
        return picture(path)

    shown = [drawn(panel)]
    for changes in (
        {"default": (0.3, 0.5)},
        {"chosen": pairs[1]},
        {"best": pairs[0]},
        {"better": "lower"},
    ):
        shown.append(drawn(dataclasses.replace(panel, **changes)))
        assert all(
            shown[-1].shape != other.shape or (shown[-1] != other).any()
            for other in shown[:-1]
        ), changes
    assert drawn(panel, panel).shape[1] > shown[0].shape[1]
