"""Variance-invariance-covariance regularisation."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import partners

EPSILON = 1e-4  # added to variances, as the authors do


@LOSSES.register(
    "vicreg",
    extra={"raw": True, "whole_batch": True, "axes": True},
    invariance=Number(at_least=0, at_most=1000),
    # Not all weights: Adam does not see the scale of a loss.
    variance=Number(at_least=0, at_most=1000, search=Range(2.5, 250, "log")),
    covariance=Number(at_least=0, at_most=1000, search=Range(0.1, 10, "log")),
)
def vicreg(term, *, invariance=25.0, variance=25.0, covariance=1.0):
    """Wants both views equal, every feature spread, no two correlated.

    What keeps a view from collapsing looks at that view alone: there are no
    negatives.

    Formula: w_i |a - p|^2 / dim + w_v (v(A) + v(P)) / 2 + w_c (c(A) + c(P)),
        p the positive, A the anchors, P the positives; v(Z) the mean over
        features of max(0, 1 - sqrt(var + 1e-4)), c(Z) the sum of squared
        covariances of different features, divided by dim; both over batch -
        1. Means and halves are those of the authors' code, where the weights
        have their values. Every anchor has the batch's v and c. Both
        directions are the same: the total counts it twice.
    Range: from 0.
    At initialisation: about w_v, the variance's weight, while features vary
        little; 24 to 25 at batch 128.
    At collapse: 0.99 w_v, when all vectors are one point.

    Args:
        term: A `Term`, of vectors of any length; only positives are read.
        invariance: w_i, from 0.
        variance: w_v, from 0.
        covariance: w_c, from 0.

    Returns:
        `[batch]`; only the mean over the batch is a loss.

    Reference: Bardes et al. 2022, "VICReg: variance-invariance-covariance
        regularization for self-supervised learning", section 4.1.
    """
    partner = partners(term)
    apart = tf.reduce_mean(tf.square(term.anchors - partner), axis=1)
    spread, correlated = zip(
        *map(_terms, (term.anchors, partner)), strict=True
    )
    return (
        invariance * apart
        + variance * sum(spread) / 2.0
        + covariance * sum(correlated)
    )


def _terms(vectors):
    """v and c of one view."""
    count = tf.cast(tf.shape(vectors)[0], vectors.dtype)
    dim = tf.cast(tf.shape(vectors)[1], vectors.dtype)
    centred = vectors - tf.reduce_mean(vectors, axis=0)
    matrix = tf.matmul(centred, centred, transpose_a=True)
    matrix /= tf.maximum(count - 1.0, 1.0)
    own = tf.linalg.diag_part(matrix)
    hinge = tf.nn.relu(1.0 - tf.sqrt(own + EPSILON))
    squares = tf.square(tf.linalg.set_diag(matrix, tf.zeros_like(own)))
    return tf.reduce_mean(hinge), tf.reduce_sum(squares) / dim
