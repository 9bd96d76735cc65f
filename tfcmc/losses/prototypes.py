"""Prototypes that a loss learns, and the embeddings that it keeps by them."""

import numpy as np

from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise


class Prototypes(keras.layers.Layer):
    """Unit vectors that learn, and a queue a view of embeddings.

    Everything that depends on time is a function of the optimizer's steps, so
    that a training which is resumed goes on as if it had not stopped.

    Args:
        dim: Dimensions of the embeddings.
        prototypes: How many there are.
        freeze: For so many steps at first they do not learn.
        queue: Embeddings that are kept of each view, 0 for none.
        queue_from: The step from which on those are counted that fill it.
        views: Number of a view whose codes are wanted, to its name.
        seed: Of the vectors at the start.
    """

    def __init__(
        self, dim, *, prototypes, freeze, queue, queue_from, views, seed
    ):
        super().__init__(name="prototypes", dtype="float32")
        self._freeze = freeze
        self._queue_from = queue_from
        self.centres = self.add_weight(
            name="centres",
            shape=[prototypes, dim],
            initializer=lambda shape, dtype: normalise(
                tf.random.stateless_normal(shape, [seed, 11], dtype=dtype)
            ),
        )
        self._queues = {
            view: self.add_weight(
                name=f"queue_{name}",
                shape=[queue, dim],
                initializer="zeros",
                trainable=False,
                # Each replica assigns its own copy, and all assign the same.
                aggregation="none",
            )
            for view, name in views.items()
            if queue
        }
        self.built = True

    def given(self, step, view, batch) -> dict:
        """Returns what the loss takes besides its term and options.

        Args:
            step: Optimizer steps done.
            view: Number of the view whose codes are wanted.
            batch: Pictures a step.
        """
        centres = self.centres.value
        if self._freeze:
            # The gradient is zero then. Decay of weights, which an optimizer
            # may add, shortens a prototype along itself, and `keep` undoes
            # it: they stay where they are.
            centres = tf.where(
                step < self._freeze, tf.stop_gradient(centres), centres
            )
        if view not in self._queues:
            return {"centres": centres}
        queued = self._queues[view].value
        filled = step - self._queue_from >= tf.shape(queued)[0] // batch
        return {"centres": centres, "queued": queued, "use_queue": filled}

    def used(self, vectors) -> float:
        """Measures how many prototypes are the nearest of some vector.

        Args:
            vectors: Unit vectors, an array `[count, dim]`.

        Returns:
            Their share, of all or, where they are fewer, of the vectors.
        """
        centres = self.centres.numpy()
        nearest = np.unique(np.argmax(vectors @ centres.T, axis=1))
        return len(nearest) / min(len(centres), len(vectors))

    def keep(self, targets: dict) -> None:
        """Scales the prototypes to unit length, and queues what is newest.

        Args:
            targets: View to unit vectors `[batch, dim]`, of the whole batch.
        """
        self.normalise()
        self.remember(targets)

    def normalise(self) -> None:
        """Scales the prototypes to unit length."""
        self.centres.assign(normalise(self.centres.value))

    def remember(self, targets: dict) -> None:
        """Puts the newest embeddings before those queued.

        Args:
            targets: View to unit vectors `[batch, dim]`, of the whole batch.
        """
        for view, queue in self._queues.items():
            joined = tf.concat([targets[view], queue.value], axis=0)
            queue.assign(joined[: queue.shape[0]])
