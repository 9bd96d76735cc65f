"""The loss of Barlow Twins."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import partners

EPSILON = 1e-5  # added to variances, as batch normalisation does


@LOSSES.register(
    "barlow_twins",
    extra={"raw": True, "whole_batch": True, "axes": True},
    redundancy_weight=Number(
        at_least=0, at_most=10, search=Range(1e-4, 0.1, "log")
    ),
)
def barlow_twins(term, *, redundancy_weight=0.005):
    """Wants each feature equal in both views and unlike every other feature.

    Compares features over the batch, not pictures: there are no negatives.

    Formula: sum over i of (1 - C_ii)^2 + w times the sum over i != j of
        C_ij^2, C the correlation over the batch of the anchors' feature i
        with the positives' feature j; variances are those of the batch plus
        1e-5. Every anchor has the batch's value. Both directions are the
        same: the total counts it twice.
    Range: from 0, at most 4 dim + w dim (dim - 1).
    At initialisation: about dim + w times the sum of squared correlations,
        while the views' features know nothing of each other; 365 to 400 at
        batch 128.
    At collapse: dim, when all vectors of a view are one point.

    Args:
        term: A `Term`, of vectors of any length; only positives are read.
        redundancy_weight: w, from 0; the paper's lambda.

    Returns:
        `[batch]`, the same value everywhere.

    Reference: Zbontar et al. 2021, "Barlow Twins: self-supervised learning
        via redundancy reduction", equation 1.
    """
    batch = tf.shape(term.anchors)[0]
    first = _standardised(term.anchors)
    second = _standardised(partners(term))
    correlation = tf.matmul(first, second, transpose_a=True)
    correlation /= tf.cast(batch, correlation.dtype)
    same = tf.linalg.diag_part(correlation)
    squares = tf.square(tf.linalg.set_diag(correlation, tf.zeros_like(same)))
    value = tf.reduce_sum(tf.square(1.0 - same))
    value += redundancy_weight * tf.reduce_sum(squares)
    return tf.fill([batch], value)


def _standardised(vectors):
    centred = vectors - tf.reduce_mean(vectors, axis=0)
    variance = tf.reduce_mean(tf.square(centred), axis=0)
    return centred * tf.math.rsqrt(variance + EPSILON)
