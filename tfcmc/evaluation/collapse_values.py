"""What a loss is worth when its embeddings have collapsed."""

import typing

from tfcmc.foundation.lazy import tf
from tfcmc.losses.term import make_term, of_places


def collapse_losses(
    make_loss: typing.Callable,
    negatives,
    pairs,
    *,
    batch: int,
    dim: int,
    examples: int,
    places: int = 0,
) -> dict:
    """Computes the objective at two collapses.

    Args:
        make_loss: Of nothing, to a `Loss` that has seen no batch.
        negatives: Where candidates come from, a member of `NEGATIVES`.
        batch: Pictures a batch.
        dim: Dimensions of the embeddings, from 2.
        examples: Number of training pictures.
        places: Of a picture, where pairs are of places.

    Returns:
        Words for a collapse to the objective's value there: all embeddings
        one point, and each view a constant orthogonal to the others.
    """
    point, other = tf.one_hot([0, 1], dim)
    ends = {
        "one point": (point, point),
        "two orthogonal constants": (point, other),
    }
    terms = pairs.weight * len(pairs.ordered)
    return {
        words: terms
        * _mean_loss(make_loss(), negatives, *ends, batch, examples, places)
        for words, ends in ends.items()
    }


def _mean_loss(loss, negatives, anchor, other, batch, examples, places):
    """The mean over anchors when each view's vectors are all the same."""
    if loss.at_collapse is not None:
        return loss.at_collapse
    anchors = tf.tile(anchor[None], [batch, 1])
    others = tf.tile(other[None], [batch, 1])
    memory = tf.tile(other[None], [negatives.memory_rows(examples), 1])
    numbers = tf.range(batch, dtype=tf.int64)
    found = negatives.candidates(others, memory, numbers, tf.constant([0, 0]))
    if places:
        found = of_places(tf.repeat(others[:, None], places, axis=1), numbers)
    term = make_term(
        anchors,
        found,
        numbers=numbers,
        own=anchors if loss.same_view else None,
    )
    return float(tf.reduce_mean(loss(term)))
