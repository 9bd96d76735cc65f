"""Negatives from a queue of the latest keys."""

import numpy as np

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number
from tfcmc.losses.term import NOBODYS, Candidates
from tfcmc.negatives.base import NEGATIVES, Source

OTHERS = NOBODYS - 1  # the group of keys that are everybody's negatives


@NEGATIVES.register(
    "queue",
    extra={"remembers": True},
    size=Number(at_least=1, at_most=10_000_000, whole=True),
)
class Queue(Source):
    """The keys of the last steps; views of one branch have one together.

    An anchor is scored against its own key, the positive, and all that are in
    the queue. This step's keys are nobody's negatives; after scoring they take
    the place of the oldest, those of step s the rows (s n + i) mod size, n
    keys a step. At the start there are random unit vectors.

    Args:
        size: How many keys; there are no more than training pictures.

    Reference: He et al. 2020, "Momentum contrast for unsupervised visual
        representation learning", section 3.2.
    """

    each_branch = True

    def __init__(self, *, size=65_536):
        self.size = size

    def memory_rows(self, examples):
        """As many as were asked for, or as there are pictures."""
        return min(self.size, examples)

    def told(self, examples):
        """Says how many keys there are where they are fewer than asked."""
        if self.size <= examples:
            return ""
        return (
            f"the queue holds {examples:,} keys, as many as there are "
            f"pictures, and not {self.size:,}"
        )

    def candidates(self, embeddings, memory, index, seed):
        """Returns this step's keys and the queue, `[batch + size, dim]`."""
        del index, seed
        batch, size = tf.shape(embeddings)[0], memory.shape[0]
        group = tf.repeat(
            tf.constant([NOBODYS, OTHERS], tf.int64), [batch, size]
        )
        return Candidates(
            tf.concat([embeddings, memory], axis=0), tf.range(batch), group
        )

    def remember(self, keys, memory, index, step):
        """Puts this step's keys in the place of the oldest."""
        del index
        size = memory.shape[0]
        new = tf.concat(keys, axis=0)
        count = tf.shape(new)[0]
        # Of more keys than there are rows the last are kept.
        kept = tf.minimum(count, size)
        first = tf.cast(step, tf.int64) * tf.cast(count, tf.int64)
        places = tf.range(count - kept, count)
        rows = (first + tf.cast(places, tf.int64)) % size
        memory.scatter_update(tf.IndexedSlices(new[count - kept :], rows))

    def ends(self, memory, taken: int) -> tuple:
        """Returns the newest keys and the oldest, equally many.

        Args:
            memory: The queue `[size, dim]`.
            taken: How many keys it has taken in.

        Returns:
            Two arrays `[count, dim]`, of a quarter of the keys each.
        """
        memory = np.asarray(memory)
        size = len(memory)
        count = min(taken, size) // 4
        newest = (taken - 1 - np.arange(count)) % size
        oldest = (taken - min(taken, size) + np.arange(count)) % size
        return memory[newest], memory[oldest]
