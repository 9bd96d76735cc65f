"""The order and the draws: a pure function of (seed, epoch, example)."""

import numpy as np
import pytest

from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.stream import TrainingStream
from tfcmc.views.crop import CROPS


@pytest.fixture
def make(rng):
    """A function that makes a stream over 10 numbered pictures."""
    pixels = rng.integers(0, 256, (10, 64, 64, 3), np.uint8)

    def stream(**changes):
        settings = {
            "batch_size": 3,
            "seed": 5,
            "geometry": "independent",
            "flip": True,
        } | changes
        crop = CROPS.lookup("resized").function(64)
        return TrainingStream(ArrayPictures(pixels), crop, **settings)

    return stream


def test_an_epoch_is_every_picture_once(make):
    """Batches of an epoch are disjoint, and epochs differ in order."""
    stream = make()
    epochs = [
        np.concatenate([stream.batch(3 * e + s)[2] for s in range(3)])
        for e in range(3)
    ]
    for numbers in epochs:
        assert len(set(numbers)) == 9
    assert epochs[0].tolist() != epochs[1].tolist() != epochs[2].tolist()


def test_draws_belong_to_the_example(make):
    """An example's boxes do not depend on the batch it comes in."""
    drawn = {}
    for size in (2, 5):
        stream = make(batch_size=size)
        for step in range(10 // size):
            _, corner, numbers = stream.batch(step)
            for number, box in zip(numbers, corner, strict=True):
                drawn.setdefault(int(number), []).append(box)
    for boxes in drawn.values():
        assert len(boxes) == 2
        np.testing.assert_array_equal(boxes[0], boxes[1])


def test_seed_and_epoch_change_the_draws(make):
    """Another seed or epoch gives other boxes."""

    def boxes(stream, epoch):
        rows = {}
        for step in range(3 * epoch, 3 * epoch + 3):
            _, corner, numbers = stream.batch(step)
            rows |= dict(zip(numbers.tolist(), corner, strict=True))
        return rows

    first, second = boxes(make(), 0), boxes(make(), 1)
    other = boxes(make(seed=6), 0)
    for number in set(first) & set(second):
        assert np.any(first[number] != second[number])
    for number in set(first) & set(other):
        assert np.any(first[number] != other[number])


def test_geometry(make):
    """Shared: one box for both views. Independent: each its own."""
    _, shared, _ = make(geometry="shared").batch(0)
    np.testing.assert_array_equal(shared[:, 0], shared[:, 1])
    _, apart, _ = make().batch(0)
    assert np.all(np.any(apart[:, 0] != apart[:, 1], axis=1))


def test_flip(make):
    """Half of the boxes run from right to left, or none."""
    _, corner, _ = make(flip=False).batch(0)
    assert np.all(corner[..., 1] < corner[..., 3])
    mirrored = [
        make(seed=seed).batch(0)[1][..., 1]
        > make(seed=seed).batch(0)[1][..., 3]
        for seed in range(60)
    ]
    assert 0.4 < np.mean(mirrored) < 0.6


def test_dataset_goes_on_anywhere(make):
    """`tf.data` gives the same batches, from any step on."""
    stream = make()
    for step, batch in enumerate(stream.dataset(4, 5), start=4):
        for got, want in zip(batch, stream.batch(step), strict=True):
            np.testing.assert_array_equal(got, want)
