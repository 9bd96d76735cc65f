"""What a loss is worth when its embeddings have collapsed."""

from tfcmc.foundation.lazy import tf


def collapse_losses(loss, negatives, *, batch, dim, examples):
    """Computes the objective, both directions added, at two collapses.

    Args:
        loss: A `tfcmc.losses.Loss`.
        negatives: Where candidates come from, as in `tfcmc.negatives`.
        batch: Pictures a batch.
        dim: Dimensions of the embeddings, from 2.
        examples: Number of training pictures.

    Returns:
        Words for a collapse to the objective's value there.
    """
    first, second = tf.one_hot([0, 1], dim)
    ends = {
        "one point": (first, first),
        "two orthogonal constants": (first, second),
    }
    return {
        words: sum(
            _mean_loss(loss, negatives, anchor, other, batch, examples)
            for anchor, other in (pair, pair[::-1])
        )
        for words, pair in ends.items()
    }


def _mean_loss(loss, negatives, anchor, other, batch, examples):
    """The mean over anchors when each view's vectors are all the same."""
    anchors = tf.tile(anchor[None], [batch, 1])
    others = tf.tile(other[None], [batch, 1])
    memory = tf.tile(other[None], [negatives.memory_rows(examples), 1])
    candidates, positive = negatives.candidates(
        others, memory, tf.range(batch), tf.constant([0, 0])
    )
    own = None
    if loss.same_view:
        own = tf.shape(candidates)[0] + tf.range(batch)
        candidates = tf.concat([candidates, anchors], axis=0)
    values, _ = loss(anchors, candidates, positive, own=own)
    return float(tf.reduce_mean(values))
