"""The order of training pictures and every random draw about them.

Both are a pure function of (seed, epoch, example): two runs with one seed are
equal, and a run continued at any step is the run that was not interrupted.
"""

import contextlib
import functools
import time

from tfcmc.foundation.draws import ORDER, generator
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import tf

QUIET = 0.5  # seconds after which TensorFlow's threads wait for good


@functools.lru_cache(maxsize=2)  # where one epoch ends, one begins
def order(seed: int, epoch: int, examples: int):
    """Returns the order of an epoch: a permutation `[examples]`."""
    return generator(seed, epoch, ORDER).permutation(examples)


class TrainingStream:
    """Batches of pictures with what is drawn about their views.

    Args:
        pictures: Pictures to learn from.
        views: The `Views` that are made of them. If they are cut out of
            whole pictures, these are `EncodedPictures`.
        batch_size: Pictures a batch; the rest of an epoch is dropped.
        seed: Whole number, from 0.

    Attributes:
        made: The step of each batch of `dataset` to when it was made, by
            `time.perf_counter`. Who reads it takes it out.
    """

    def __init__(self, pictures, views, *, batch_size: int, seed: int):
        self.steps_per_epoch = len(pictures) // batch_size
        self._pictures = pictures
        self._views = views
        self._batch_size = batch_size
        self._seed = seed
        self._failed = None  # what a batch of `dataset` could not be read for
        self._left = 0  # batches of `dataset` that were not asked for yet
        self._reading = []  # those that are being read
        self._asked = 0.0  # when one was asked for last
        self._closed = False  # whether none is read any more
        self.made = {}

    def batch(self, step: int, share: int = 0, shares: int = 1) -> tuple:
        """Returns the batch of a step, counted from the start of training.

        Args:
            step: Whole number, from 0.
            share: Which of the batch's equal parts, one after the other.
            shares: How many there are; they divide the batch.

        Returns:
            `(pictures, draws, numbers)`: `[batch, side, side, 3]` uint8, or
            one such a view where they are cut out of whole pictures; `[batch,
            views, draws]` float32 and `[batch]` int64.
        """
        epoch, within = divmod(int(step), self.steps_per_epoch)
        size = self._batch_size // shares
        start = within * self._batch_size + int(share) * size
        examples = len(self._pictures)
        numbers = order(self._seed, epoch, examples)[start : start + size]
        draws = self._views.draw(self._seed, epoch, numbers, examples)
        if self._views.boxes is None:
            shown = self._pictures.read(numbers)
        else:
            shown = self._pictures.crops(numbers, draws, self._views)
        return shown, draws, numbers

    def dataset(self, first_step, steps, shares=1, mine=range(1)):
        """Returns the batches of consecutive steps as a `tf.data.Dataset`.

        Args:
            first_step: Where to start, counted from the start of training.
            shares: Equal parts that every batch is cut into.
            mine: The range of the parts wanted: of every step these, in
                their order, each as an element.
        """
        size, views = self._batch_size // shares, self._views
        drawn = views.draw(self._seed, 0, range(1), len(self._pictures))

        def bytes_of(side):
            return tf.TensorSpec([size, side, side, 3], tf.uint8)

        like = (
            bytes_of(self._pictures.side)
            if views.boxes is None
            else tuple(map(bytes_of, views.sides)),
            tf.TensorSpec([size, *drawn.shape[1:]], tf.float32),
            tf.TensorSpec([size], tf.int64),
        )

        def part(element):
            self._asked = time.monotonic()
            self._reading.append(element)
            try:
                if self._closed:
                    raise UsageError("Nothing is read any more.")
                step, number = divmod(int(element), len(mine))
                found = self.batch(first_step + step, mine[number], shares)
            except Exception as error:
                self._failed = self._failed or error
                raise
            finally:
                self._left -= 1
                self._reading.pop()
            self.made[first_step + step] = time.perf_counter()
            return tf.nest.flatten(found)

        def read(element):
            flat = tf.nest.flatten(like)
            tensors = tf.numpy_function(
                part, [element], [each.dtype for each in flat]
            )
            for tensor, each in zip(tensors, flat, strict=True):
                tensor.set_shape(each.shape)
            return tf.nest.pack_sequence_as(like, tensors)

        self._left = steps * len(mine)
        numbers = tf.data.Dataset.range(self._left)
        batches = numbers.map(read, num_parallel_calls=2).prefetch(4)
        options = tf.data.Options()
        # There is nothing to tune, and where an iterator ends, it waits for
        # the thread that would: a third of a second was seen.
        options.autotune.enabled = False
        return batches.with_options(options)

    @contextlib.contextmanager
    def told(self):
        """Tells what could not be read as it was told to TensorFlow.

        No thread reads ahead any more at its end, however that comes: one
        that does so when Python ends would never end itself.

        Raises:
            Exception: what a batch of `dataset`, read in here, raised.
        """
        self._failed, self._closed = None, False
        try:
            yield
        except tf.errors.OpError:
            if self._failed is None:
                raise
            raise self._failed from None
        finally:
            self._closed = True
            while self._left and (
                self._reading or time.monotonic() - self._asked < QUIET
            ):
                time.sleep(0.01)
