"""Alignment and uniformity, trained for directly."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.term import Term, has_several
from tfcmc.losses.vectors import (
    masked_logsumexp,
    mean_an_anchor,
    off_zero,
    partners,
    split,
    squared_distances,
)


@LOSSES.register(
    "alignment_uniformity",
    aliases=("align_uniform",),
    extra={"whole_batch": True, "several": True},
    alignment_weight=Number(at_least=0, at_most=1000),
    # Not both weights: Adam does not see the scale of a loss.
    uniformity_weight=Number(
        at_least=0, at_most=1000, search=Range(0.1, 10, "log")
    ),
    alpha=Number(above=0, at_most=8, search=Range(1, 4)),
    t=Number(above=0, at_most=20, search=Range(0.5, 8, "log")),
)
def alignment_uniformity(
    term, *, alignment_weight=1.0, uniformity_weight=1.0, alpha=2.0, t=2.0
):
    """Pulls positives together and spreads the anchors over the sphere.

    The two numbers every run is measured by, as the objective. No negatives
    of the other view are read: an anchor keeps away from its own view.

    Formula: w_a |a - p|^alpha + w_u u, p the positive, or the mean over an
        anchor's several. The uniformity of the
        anchors' view is U = log(mean of g_i), g_i the mean over the other
        anchors b of exp(-t |a_i - b|^2). An anchor's share is the logarithm's
        tangent, u_i = U + g_i / mean(g) - 1: the mean of the shares is U, up
        to rounding, and an anchor in a crowd has the larger one. Both
        directions add up to twice the paper's loss.
    Range: the batch's mean from -4 t w_u, at most 2^alpha w_a.
    At initialisation: near w_a D^alpha - w_u t d^2, D the usual distance of
        the views and d that within a view; -2 to -1.4 at batch 128.
    At collapse: 0, when all vectors are one point; views on two points, w_a
        times their distance to the power alpha.

    Args:
        term: A `Term`; vectors of unit length.
        alignment_weight: w_a, from 0.
        uniformity_weight: w_u, from 0.
        alpha: Exponent of the distance of a pair, above 0.
        t: Sharpness of the Gaussian potential, above 0.

    Returns:
        `[batch]`; only the mean over the batch is a loss.

    Reference: Wang and Isola 2020, "Understanding contrastive representation
        learning through alignment and uniformity on the hypersphere",
        equations 4 and 5.
    """
    anchors = term.anchors
    beside = anchors[:, None] if has_several(term) else anchors
    square = tf.reduce_sum((beside - partners(term)) ** 2, axis=-1)
    alignment = mean_an_anchor(off_zero(lambda s: s ** (alpha / 2.0), square))
    return alignment_weight * alignment + uniformity_weight * _shares(
        anchors, t
    )


def _shares(anchor, t):
    """U + g_i / mean(g) - 1 of every anchor."""
    squares = squared_distances(anchor, anchor)
    own = tf.range(tf.shape(anchor)[0])
    _, others = split(squares, Term(anchor, anchor, own))
    count = tf.cast(tf.shape(anchor)[0], squares.dtype)
    log_sums = masked_logsumexp(-t * squares, others)
    log_sum = tf.reduce_logsumexp(log_sums)
    pairs = count * tf.maximum(count - 1.0, 1.0)
    relative = tf.exp(log_sums - log_sum) * count
    return log_sum - tf.math.log(pairs) + relative - 1.0
