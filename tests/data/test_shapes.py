"""The embedded data source."""

import time

import numpy as np
import pytest

from tfcmc.data import SOURCES, Reading
from tfcmc.data.pictures import RecordPictures
from tfcmc.data.shapes import CLASSES, draw, paint, shapes
from tfcmc.foundation.errors import UsageError

LIMIT = 2**32


def parts(source):
    splits = (source.probe_train.pictures, source.test.pictures)
    return [
        pictures.read(np.arange(len(pictures)))
        for pictures in (source.pretrain, *splits)
    ]


@pytest.fixture(scope="module")
def source():
    return shapes(Reading(), None, size=200, seed=3)


def test_one_seed_gives_one_set_of_pictures(source):
    again = shapes(Reading(), None, size=200, seed=3)
    for one, other in zip(parts(source), parts(again), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(source.test.labels, again.test.labels)


def test_another_seed_gives_other_pictures(source):
    other = shapes(Reading(), None, size=200, seed=4)
    for one, two in zip(parts(source), parts(other), strict=True):
        assert not (one == two).all(axis=(1, 2, 3)).any()


def test_no_picture_is_in_two_parts(source):
    pictures = np.concatenate(parts(source))
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_what_the_source_says_of_itself(source):
    assert len(source.pretrain) == 200
    assert len(source.probe_train.pictures) == len(source.test.pictures) == 200
    assert len(set(source.class_names)) == 10
    assert source.unseen


@pytest.mark.parametrize("count", [100, 205])
def test_classes_are_balanced_and_mixed(count):
    labels = draw(0, count, 8, LIMIT).labels
    counts = np.bincount(labels, minlength=10)
    assert labels.dtype == np.int64
    assert counts.max() - counts.min() <= 1
    assert len(set(labels[:50])) >= 8


def test_pictures_are_bytes_that_use_their_range(source):
    for pictures in parts(source):
        assert pictures.dtype == np.uint8
        assert pictures.shape == (200, 64, 64, 3)
        assert pictures.min() < 10 and pictures.max() > 245


def test_every_picture_shows_something_in_lightness_and_in_colour(source):
    pictures = source.pretrain.read(np.arange(200)).astype(np.float32)
    luma = pictures @ np.array([0.299, 0.587, 0.114], np.float32)
    chroma = pictures[..., [0, 2]] - luma[..., None]
    assert luma.std(axis=(1, 2)).min() > 12
    assert chroma.std(axis=(1, 2)).max(axis=-1).min() > 12


def test_mean_colour_does_not_tell_classes_apart():
    fit, judged = draw(0, 1000, 16, LIMIT), draw(1, 1000, 16, LIMIT)
    colours, others = (
        split.pictures.array.mean(axis=(1, 2)) for split in (fit, judged)
    )
    means = [colours[fit.labels == label].mean(axis=0) for label in range(10)]
    distances = np.linalg.norm(others[:, None] - np.stack(means), axis=-1)
    accuracy = np.mean(distances.argmin(axis=1) == judged.labels)
    assert accuracy < 0.14  # chance is 0.1, with a deviation of 0.01


@pytest.mark.parametrize("name, texture, outline", CLASSES)
def test_outlines_have_the_area_of_the_disc(name, texture, outline):
    line = np.linspace(-2, 2, 401, dtype=np.float32)
    v, u = np.meshgrid(line, line, indexing="ij")
    area = np.mean(outline(u, v) < 1) * 16
    assert area == pytest.approx(np.pi, rel=0.03)


def test_side_is_the_readers():
    source = shapes(Reading(side=40), None, size=100)
    assert source.pretrain.side == source.test.pictures.side == 40
    assert source.pretrain.read([0, 1]).shape == (2, 40, 40, 3)


def test_the_side_changes_the_grid_and_not_the_scene():
    small, large = (
        paint(np.random.default_rng(0), 2, 4, side).astype(np.float32)
        for side in (32, 64)
    )
    shrunk = large.reshape(4, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert np.abs(shrunk - small).mean() < 10


def test_what_does_not_fit_in_memory_is_read_from_a_file(source):
    tight = Reading(memory_limit=1000)
    filed = shapes(tight, None, size=200, seed=3)
    assert isinstance(filed.pretrain, RecordPictures)
    for one, other in zip(parts(source), parts(filed), strict=True):
        np.testing.assert_array_equal(one, other)


def test_drawing_is_fast():
    start = time.process_time()
    draw(0, 1000, 64, LIMIT)
    assert time.process_time() - start < 2  # measured: 0.2 s


@pytest.mark.parametrize("option", ["size=10", "size=1.5", "seed=-1"])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(UsageError):
        SOURCES.lookup(f"shapes({option})")
