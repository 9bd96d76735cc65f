"""The embedded data source."""

import time

import numpy as np
import pytest

from tests.dirty.case import all_of
from tfcmc.data import SOURCES, Reading
from tfcmc.data.pictures import RecordPictures
from tfcmc.data.room import Room
from tfcmc.data.shapes import OUTLINES, draw, paint, shapes
from tfcmc.foundation.errors import UsageError

LARGE = Room(0, 2**32)


def _parts(source):
    splits = source.probe_train, source.test
    return [
        all_of(p) for p in (source.pretrain, *(s.pictures for s in splits))
    ]


@pytest.fixture(scope="module")
def source():
    return shapes(Reading(), None, size=200, seed=3)


def test_one_seed_gives_one_set_of_pictures(source):
    """In memory or read from a file; another seed gives no picture again."""
    again = shapes(Reading(memory_limit=1000), None, size=200, seed=3)
    assert isinstance(again.pretrain, RecordPictures)
    np.testing.assert_array_equal(source.test.labels, again.test.labels)
    other = shapes(Reading(), None, size=200, seed=4)
    for one, same, two in zip(
        *map(_parts, (source, again, other)), strict=True
    ):
        np.testing.assert_array_equal(one, same)
        assert not (one == two).all(axis=(1, 2, 3)).any()


def test_what_the_source_says_of_itself(source):
    """No picture is in two parts, and their bytes use their range."""
    for pictures in _parts(source):
        assert pictures.dtype == np.uint8
        assert pictures.shape == (200, 64, 64, 3)
        assert pictures.min() < 10 and pictures.max() > 245
    pictures = np.concatenate(_parts(source))
    assert len({picture.tobytes() for picture in pictures}) == 600
    assert len(set(source.class_names)) == 10
    assert source.unseen


@pytest.mark.parametrize("count", [100, 205])
def test_classes_are_balanced_and_mixed(count):
    labels = draw(0, count, 8, LARGE).labels
    counts = np.bincount(labels, minlength=10)
    assert labels.dtype == np.int64
    assert counts.max() - counts.min() <= 1
    assert len(set(labels[:50])) >= 8


def test_every_picture_shows_something_in_lightness_and_in_colour(source):
    pictures = all_of(source.pretrain).astype(np.float32)
    luma = pictures @ np.array([0.299, 0.587, 0.114], np.float32)
    chroma = pictures[..., [0, 2]] - luma[..., None]
    assert luma.std(axis=(1, 2)).min() > 12
    assert chroma.std(axis=(1, 2)).max(axis=-1).min() > 12


def test_mean_colour_does_not_tell_classes_apart():
    fit, judged = draw(0, 1000, 16, LARGE), draw(1, 1000, 16, LARGE)
    colours, others = (
        split.pictures.array.mean(axis=(1, 2)) for split in (fit, judged)
    )
    means = [colours[fit.labels == label].mean(axis=0) for label in range(10)]
    distances = np.linalg.norm(others[:, None] - np.stack(means), axis=-1)
    accuracy = np.mean(distances.argmin(axis=1) == judged.labels)
    assert accuracy < 0.14  # chance is 0.1, with a deviation of 0.01


@pytest.mark.parametrize("name", OUTLINES)
def test_outlines_have_the_area_of_the_disc(name):
    line = np.linspace(-2, 2, 401, dtype=np.float32)
    v, u = np.meshgrid(line, line, indexing="ij")
    area = np.mean(OUTLINES[name](u, v) < 1) * 16
    assert area == pytest.approx(np.pi, rel=0.03)


def test_the_side_changes_the_grid_and_not_the_scene():
    source = shapes(Reading(side=40), None, size=100)
    assert all_of(source.test.pictures).shape == (100, 40, 40, 3)
    small, large = (
        paint(np.random.default_rng(0), 2, 4, side).astype(np.float32)
        for side in (32, 64)
    )
    shrunk = large.reshape(4, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert np.abs(shrunk - small).mean() < 10


def test_drawing_is_fast():
    start = time.process_time()
    draw(0, 1000, 64, LARGE)
    assert time.process_time() - start < 2  # measured: 0.2 s


@pytest.mark.parametrize(
    ("option", "value"), [("size", 10), ("size", 1.5), ("seed", -1)]
)
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(UsageError, match=f"`{option}` must be"):
        SOURCES.lookup(f"shapes({option}={value})")
