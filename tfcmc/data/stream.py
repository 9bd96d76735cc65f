"""The order of training pictures and every random draw about them.

Both are a pure function of (seed, epoch, example): two runs with one seed are
equal, and a run continued at any step is the run that was not interrupted.
"""

import functools

import numpy as np

from tfcmc.foundation.lazy import tf
from tfcmc.views.crop import DRAWS, corners

ORDER, PLACES = 0, 1  # which of an epoch's two streams of random numbers


def generator(seed, epoch, stream):
    """Returns the random generator of one stream of one epoch.

    Philox is counter-based: a key gives its stream without any before it.
    """
    key = np.array([seed, epoch * 2 + stream], np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


@functools.lru_cache(maxsize=4)
def order(seed, epoch, examples):
    """Returns the order of an epoch: a permutation `[examples]`."""
    return generator(seed, epoch, ORDER).permutation(examples)


@functools.lru_cache(maxsize=4)
def draws(seed, epoch, examples):
    """Returns an epoch's uniform numbers: `[examples, 2 * (DRAWS + 1)]`.

    Row i belongs to example i whatever the order; two views take half each.
    """
    shape = (examples, 2 * (DRAWS + 1))
    return generator(seed, epoch, PLACES).random(shape, np.float32)


class TrainingStream:
    """Batches of pictures with the boxes of their two views.

    Args:
        pictures: Pictures to learn from.
        crop: A `Crop`.
        batch_size: Pictures a batch; the rest of an epoch is dropped.
        seed: Whole number, from 0.
        geometry: "shared": one box and flip for both views; "independent":
            each view its own.
        flip: Whether views are mirrored at random.
    """

    def __init__(self, pictures, crop, *, batch_size, seed, geometry, flip):
        self.steps_per_epoch = len(pictures) // batch_size
        self._pictures = pictures
        self._crop = crop
        self._batch_size = batch_size
        self._seed = seed
        self._geometry = geometry
        self._flip = flip

    def batch(self, step, share=0, shares=1):
        """Returns the batch of a step, counted from the start of training.

        Args:
            step: Whole number, from 0.
            share: Which of the batch's equal parts, one after the other.
            shares: How many there are; they divide the batch.

        Returns:
            `(pictures, corners, numbers)`: `[batch, side, side, 3]` uint8,
            `[batch, 2, 4]` float32 and `[batch]` int64.
        """
        epoch, within = divmod(int(step), self.steps_per_epoch)
        size = self._batch_size // shares
        start = within * self._batch_size + int(share) * size
        examples = len(self._pictures)
        numbers = order(self._seed, epoch, examples)[start : start + size]
        uniforms = draws(self._seed, epoch, examples)[numbers]
        uniforms = uniforms.reshape(-1, 2, DRAWS + 1)
        if self._geometry == "shared":
            uniforms = uniforms[:, [0, 0]]
        flipped = self._flip & (uniforms[..., DRAWS] < 0.5)
        side = self._pictures.side + 2 * self._crop.pad
        boxes = self._crop.draw(uniforms[..., :DRAWS])
        return (
            self._pictures.read(numbers),
            corners(boxes, flipped, side),
            numbers,
        )

    def dataset(self, first_step, steps, shares=1, mine=range(1)):
        """Returns the batches of consecutive steps as a `tf.data.Dataset`.

        Args:
            first_step: Where to start, counted from the start of training.
            steps: How many.
            shares: Equal parts that every batch is cut into.
            mine: The range of the parts wanted: of every step these, in
                their order, each as an element.

        Returns:
            A dataset of what `batch` returns.
        """
        side, size = self._pictures.side, self._batch_size // shares
        shapes = ([size, side, side, 3], [size, 2, 4], [size])
        types = (tf.uint8, tf.float32, tf.int64)

        def part(element):
            step, number = divmod(int(element), len(mine))
            return self.batch(first_step + step, mine[number], shares)

        def read(element):
            tensors = tf.numpy_function(part, [element], types)
            for tensor, shape in zip(tensors, shapes, strict=True):
                tensor.set_shape(shape)
            return tuple(tensors)

        numbers = tf.data.Dataset.range(steps * len(mine))
        return numbers.map(read, num_parallel_calls=2).prefetch(4)
