"""The order and the draws: a pure function of (seed, epoch, example)."""

import time

import numpy as np
import pytest

from tests.dirty.case import noise
from tests.equal_runs import check_same
from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.stream import TrainingStream
from tfcmc.foundation.errors import UsageError
from tfcmc.views import VIEWS
from tfcmc.views.base import Frame
from tfcmc.views.crop import CROPS


def make(batch_size=3, seed=5, pictures=None, **frame):
    """A stream over 10 numbered pictures."""
    crop = CROPS.lookup("resized").function(64, 64)
    views = VIEWS.lookup("lab").function(Frame(64, 64, crop, **frame))
    return TrainingStream(
        pictures or ArrayPictures(noise(1, 10, 64, 64, 3)),
        views,
        batch_size=batch_size,
        seed=seed,
    )


def boxes(stream, epoch):
    """The boxes of an epoch, by the number of the picture."""
    steps = stream.steps_per_epoch
    batches = [stream.batch(epoch * steps + step) for step in range(steps)]
    pairs = [zip(n.tolist(), b, strict=True) for _, b, n in batches]
    return {number: box for each in pairs for number, box in each}


def test_an_epoch_is_every_picture_once():
    """Batches of an epoch are disjoint, and epochs differ in order."""
    stream = make()
    epochs = [
        np.concatenate([stream.batch(3 * e + s)[2] for s in range(3)])
        for e in range(3)
    ]
    for numbers in epochs:
        assert len(set(numbers)) == 9
    assert epochs[0].tolist() != epochs[1].tolist() != epochs[2].tolist()
    pictures, _, numbers = stream.batch(7)
    np.testing.assert_array_equal(pictures, noise(1, 10, 64, 64, 3)[numbers])


def test_draws_belong_to_the_example():
    """Not to the batch it comes in; another seed or epoch gives others."""
    first = boxes(make(batch_size=2), 0)
    assert len(first) == 10
    for number, box in boxes(make(batch_size=5), 0).items():
        np.testing.assert_array_equal(box, first[number])
    for others in (boxes(make(), 1), boxes(make(seed=6), 0)):
        assert all(np.any(first[n] != box) for n, box in others.items())


def test_geometry():
    """Shared: one box for both views. Independent: each its own."""
    _, shared, _ = make(shared=True).batch(0)
    np.testing.assert_array_equal(shared[:, 0], shared[:, 1])
    _, apart, _ = make().batch(0)
    assert np.all(np.any(apart[:, 0] != apart[:, 1], axis=1))


def test_flip():
    """Half of the boxes run from right to left, or none."""
    _, corner, _ = make(flip=False).batch(0)
    assert np.all(corner[..., 1] < corner[..., 3])
    drawn = np.stack([make(seed=seed).batch(0)[1] for seed in range(60)])
    assert 0.4 < np.mean(drawn[..., 1] > drawn[..., 3]) < 0.6


@pytest.mark.parametrize("shares", [1, 3])
def test_dataset_goes_on_anywhere(shares):
    """`tf.data` gives the same batches, or parts, from any step on."""
    stream = make()
    parts = [(step, part) for step in range(4, 9) for part in range(shares)]
    dataset = stream.dataset(4, 5, shares, range(shares))
    for batch, (step, part) in zip(dataset, parts, strict=True):
        want = stream.batch(step, part, shares)
        check_same(batch, want)


class Slow(ArrayPictures):
    """Pictures each of whose batches takes a while; the third has none."""

    reads, error = 0, UsageError("no third one")

    def read(self, numbers):
        self.reads += 1
        number = self.reads  # another thread may begin while this one sleeps
        time.sleep(0.03)
        if number == 3:
            raise self.error
        return super().read(numbers)


def test_what_fails_is_told_and_ends():
    """As it was raised; nothing reads ahead any more, after any error."""
    for wanted in (UsageError, OSError, KeyError):
        pictures = Slow(noise(1, 300, 64, 64, 3))
        if wanted is OSError:  # of the machine
            pictures.error = OSError(5, "no disk")
        stream = make(pictures=pictures)
        with pytest.raises(wanted, match="no |^$"), stream.told():
            for _ in stream.dataset(0, 100):
                if wanted is KeyError:
                    raise KeyError
        reads = pictures.reads
        time.sleep(0.12)
        assert 0 < pictures.reads == reads < 20
