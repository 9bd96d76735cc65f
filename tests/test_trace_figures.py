"""The figures that compare runs: whole, and telling runs apart."""

import dataclasses

import numpy as np
import pytest

from tfcmc.evaluation.verdict import floors
from tfcmc.report import figures
from tfcmc.report.figures.curves import relative_to_first

NAMES = ("softmax(temperature=0.07)", "损失 $\\frac{1$", "تباين_$x$", "spring")


@pytest.fixture
def picture(picture):
    """A function that draws, and reads the pixels of what it drew."""

    def drawn(draw, runs, path, **options):
        draw(runs, path, **options)
        return picture(path)

    return drawn


def differ(first, second):
    """Whether two pictures are not the same."""
    return first.shape != second.shape or bool((first != second).any())


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


DRAWINGS = {
    "map": figures.alignment_uniformity_map,
    "curves": figures.learning_curves,
}
both = pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)


@both
def test_one_run_or_many(picture, draw, runs, tmp_path):
    """One run, another, and 14 losses with 3 seeds give three pictures."""
    one, other = runs(), runs()
    first = picture(draw, one, tmp_path / "a.png")
    assert differ(first, picture(draw, other, tmp_path / "c.png"))
    many = runs(14, 3)
    assert differ(first, picture(draw, many, tmp_path / "d.png"))


@both
@pytest.mark.parametrize(
    ("knn", "accuracy"), [(True, False), (False, True), (False, False)]
)
def test_what_is_not_known_is_left_out(
    picture, draw, knn, accuracy, runs, tmp_path
):
    """Draws without kNN, without a probe, and where runs disagree on them."""
    traces = runs(2, knn=knn, accuracy=accuracy)
    less = picture(draw, traces, tmp_path / "all.png")
    other = runs(knn=not knn, accuracy=not accuracy)[0]
    traces.append(dataclasses.replace(other, group="mixed", start=None))
    assert differ(less, picture(draw, traces, tmp_path / "mixed.png"))


@both
def test_one_epoch_shows_points(picture, draw, runs, tmp_path):
    """A single epoch is seen: where it is changes the picture."""
    one = runs(2, 2, epochs=1, accuracy=False)
    rows = [dict(one[0].rows[0], alignment=1.35, effective_rank=180.0)]
    moved = [dataclasses.replace(one[0], rows=rows), *one[1:]]
    first = picture(draw, one, tmp_path / "a.png")
    assert differ(first, picture(draw, moved, tmp_path / "b.png"))


@both
def test_what_is_no_number_is_a_gap(picture, draw, runs, tmp_path):
    """NaN in some rows, or in all, leaves the rest to be seen."""
    one = runs(1, 1, epochs=6)
    rows = [dict(row) for row in one[0].rows]
    rows[2] = dict.fromkeys(rows[2], np.inf) | {"epoch": 3}
    rows[4]["knn"] = np.nan
    broken = [dataclasses.replace(one[0], rows=rows)]
    whole = picture(draw, one, tmp_path / "a.png")
    assert differ(whole, picture(draw, broken, tmp_path / "b.png"))
    lost = [{**row, "alignment": np.nan, "loss": np.nan} for row in rows]
    nowhere = dataclasses.replace(one[0], rows=lost, start=(np.nan, -1.0))
    empty = dataclasses.replace(one[0], group="empty", rows=[])
    picture(draw, [nowhere], tmp_path / "c.png")
    picture(draw, [nowhere, empty, *runs(1)], tmp_path / "d.png")


def test_colours_are_those_of_the_accuracy(picture, runs, tmp_path):
    """The map changes with the kNN accuracy of one epoch alone."""
    one = runs(1, 1, epochs=5)
    rows = [dict(row) for row in one[0].rows]
    rows[2]["knn"] = 0.9
    other = [dataclasses.replace(one[0], rows=rows)]
    draw = figures.alignment_uniformity_map
    first = picture(draw, one, tmp_path / "a.png")
    assert differ(first, picture(draw, other, tmp_path / "b.png"))


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


def test_anatomy_of_one_and_many(picture, curve, tmp_path):
    """One loss, 14 losses, and two with other choices of negatives."""
    draw = figures.gradient_anatomy
    one = picture(draw, [curve("softmax")], tmp_path / "a.png")
    other = picture(draw, [curve("softmax", steep=2.0)], tmp_path / "b.png")
    assert differ(one, other)
    many = [curve(f"{NAMES[n % 4]} {n}", steep=n - 3) for n in range(14)]
    many.append(curve("nt_xent", count=1200))
    drawn = picture(draw, many, tmp_path / "c.png", note="of $1: 中 " * 40)
    assert differ(drawn, picture(draw, many, tmp_path / "d.png"))


def test_anatomy_is_relative(picture, curve, tmp_path):
    """The unit of a loss does not show; the sign of a weight does."""
    draw = figures.gradient_anatomy
    label, similarity, weight = curve("softmax")
    one = picture(draw, [(label, similarity, weight)], tmp_path / "a.png")
    eight = [(label, similarity, 8.0 * weight)]
    assert not differ(one, picture(draw, eight, tmp_path / "b.png"))
    minus = [(label, similarity, -weight)]
    assert differ(one, picture(draw, minus, tmp_path / "c.png"))


def test_negatives_that_are_not_pushed_are_seen(picture, curve, tmp_path):
    """Zero has its place on the axis, for some negatives or for all."""
    draw = figures.gradient_anatomy
    label, similarity, weight = curve("triplet")
    beyond = np.where(similarity > 0.2, weight, 0.0)
    some = picture(draw, [(label, similarity, beyond)], tmp_path / "a.png")
    inside = similarity > 0.2
    cut = [(label, similarity[inside], weight[inside])]
    assert differ(some, picture(draw, cut, tmp_path / "b.png"))
    none = (label, similarity, np.zeros(600))
    picture(draw, [none], tmp_path / "c.png")
    alone = picture(draw, [curve("spring")], tmp_path / "d.png")
    both_drawn = [curve("spring"), none]
    assert differ(alone, picture(draw, both_drawn, tmp_path / "e.png"))


@pytest.mark.parametrize("count", [0, 1, 6])
def test_anatomy_of_few(picture, count, curve, tmp_path):
    """Few pairs, pairs of one similarity and no numbers are drawn."""
    draw = figures.gradient_anatomy
    label, similarity, weight = curve("n_pair", count=count)
    picture(draw, [(label, similarity, weight)], tmp_path / "a.png")
    point = np.ones(count)
    picture(draw, [(label, point, np.zeros(count))], tmp_path / "b.png")
    lost = np.full(count, np.nan)
    picture(draw, [(label, similarity, lost)], tmp_path / "c.png")
