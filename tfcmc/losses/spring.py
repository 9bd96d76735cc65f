"""The spring-like loss, also called contrastive loss or margin loss."""

import math

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Flag, Number, Range
from tfcmc.losses import vectors
from tfcmc.losses.base import LOSSES


@LOSSES.register(
    "spring",
    margin=Number(
        above=0, at_most=4, search=Range(0.2, 2, non_negative=math.sqrt(2))
    ),
    weighting=Choice(("balanced", "active", "pairs")),
    squared=Flag(),
)
def spring(term, *, margin=1.4, weighting="balanced", squared=False):
    """Pulls the positive in like a spring and pushes negatives to a margin.

    Formula: d / 2 for the positive pair and max(0, m - d) / 2 for a negative
        pair, d the distance; both squared, as Hadsell et al. wrote them, when
        `squared`. `weighting="balanced"` adds the positive term and the mean
        of the negative terms; "active" the mean of those above 0 alone, so
        that few negatives within the margin push as hard as many; "pairs"
        averages over all pairs alike, as the paper writes it, so that the
        count - 1 negatives outweigh the positive and the two views collapse
        onto orthogonal constants.
    Range: 0 to 1 + m / 2 but for pairs (2 + m^2 / 2 when squared).
    At initialisation: about d/2 + max(0, m - d)/2 for the usual distance d;
        0.68 to 0.72 at batch 128.
    At collapse: balanced and active, m / 2 when all candidates are one
        point; pairs, with the views on two orthogonal constants and m below
        the square root of 2, 0.71 / count.

    Args:
        term: A `Term`; vectors of unit length.
        margin: m, above 0; distances reach 2, or the square root of 2 where
            features are non-negative.
        weighting: "balanced", "active" or "pairs".
        squared: Whether each term is squared.

    Returns:
        `[batch]`.

    Reference: Hadsell et al. 2006, "Dimensionality reduction by learning an
        invariant mapping", equation 4.
    """
    distances = vectors.term_distances(term)
    near, negatives = vectors.split(distances, term)
    push = tf.nn.relu(margin - distances)
    if squared:
        near, push = tf.square(near), tf.square(push)
    push = tf.where(negatives, push, 0.0)
    counted = push > 0 if weighting == "active" else negatives
    others = tf.reduce_sum(tf.cast(counted, push.dtype), axis=1)
    push = tf.reduce_sum(push, axis=1)
    if weighting == "pairs":
        return (near + push) / (2.0 * (others + 1.0))
    return (near + push / tf.maximum(others, 1.0)) / 2.0
