"""Negatives from the same batch."""

from tfcmc.foundation.lazy import tf
from tfcmc.losses.term import NOBODYS, Candidates
from tfcmc.negatives.base import NEGATIVES, Source


@NEGATIVES.register("batch")
class Batch(Source):
    """The candidates are the other view of every picture in the batch.

    The batch is the global one: on several devices, that of all together.
    """

    def candidates(self, embeddings, memory, index, seed):
        """Returns the other view's vectors."""
        del memory, index, seed
        return Candidates(embeddings, tf.range(tf.shape(embeddings)[0]))


@NEGATIVES.register("none")
class NoNegatives(Batch):
    """The other view of the picture alone: for what has no negatives."""

    def candidates(self, embeddings, memory, index, seed):
        """Returns those of the batch, nobody's negatives."""
        found = super().candidates(embeddings, memory, index, seed)
        return found._replace(
            group=tf.fill(
                tf.shape(found.positive), tf.constant(NOBODYS, tf.int64)
            )
        )


@NEGATIVES.register("local")
class Local(Batch):
    """The candidates are the other view of the pictures on the same device.

    On one device this is `batch`. On several, each contrasts its share of
    the batch by itself, as where embeddings are not exchanged: there are
    fewer negatives, and the more devices, the fewer.
    """

    local = True
