"""The multi-class N-pair loss."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import (
    masked_logsumexp,
    partners,
    similarities,
    split,
)


@LOSSES.register(
    "n_pair",
    extra={"raw": True},
    regularisation=Number(
        at_least=0, at_most=10, search=Range(1e-4, 0.1, "log")
    ),
)
def n_pair(term, *, regularisation=0.002):
    """Picks the positive out of all by inner products of free length.

    The encoder chooses its own temperature by the length of its vectors; a
    penalty keeps them from growing for ever. On unit vectors it would be
    `softmax(temperature=1)`.

    Formula: log(1 + sum over negatives of exp(a.c_j - a.p)) + r (|a|^2 +
        |p|^2) / 4, a the anchor, c_j a candidate, p the positive; none of
        unit length.
    Range: from 0, in nats.
    At initialisation: about ln(count) + r |a|^2 / 2 while inner products are
        small; 4.8 to 4.9 at batch 128.
    At collapse: the same exactly, when all vectors are one point.

    Args:
        term: A `Term`, of vectors of any length.
        regularisation: r, from 0; the L2 penalty of the lengths.

    Returns:
        `[batch]`, in nats.

    Reference: Sohn 2016, "Improved deep metric learning with multi-class
        N-pair loss objective", sections 3.1 and 3.2.
    """
    products = similarities(term)
    match, negatives = split(products, term)
    lengths = tf.reduce_sum(tf.square(term.anchors), axis=1) + tf.reduce_sum(
        tf.square(partners(term)), axis=1
    )
    return (
        tf.math.softplus(masked_logsumexp(products, negatives) - match)
        + regularisation * lengths / 4.0
    )
