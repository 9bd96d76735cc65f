"""The Jensen-Shannon estimate of mutual information, of Deep InfoMax."""

import math

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import mean_an_anchor, similarities, split


@LOSSES.register(
    "jsd",
    extra={"kind": "mutual information", "raw": True, "several": True},
    penalty=Number(at_least=0, at_most=1000, search=Range(0, 0.1)),
)
def jsd(term, *, penalty=0.0):
    """Tells pairs that belong together from those that do not, each by itself.

    A logistic decision on every pair, whose inner product is its log odds.
    Unlike `sigmoid` all negatives together weigh as much as the positives, and
    vectors are as long as the critics make them. Bounded on both sides, it is
    the steadiest of Deep InfoMax's three.

    Formula: mean over negatives of softplus(s_j) + mean over positives of
        softplus(-s_pos) - 2 ln 2 + penalty |a|^2, s the inner product; all
        positives of an anchor are averaged before its loss is. It is minus
        the authors' estimate, the shift by 2 ln 2 kept.
    Range: from -2 ln 2, in nats.
    At initialisation: from 0, at inner products of 0, up with their size; -0.1
        to 0.1 at batch 128.
    At collapse: softplus(u) + softplus(-u) - 2 ln 2, u the squared length of
        the point: 0 for length 0.

    Args:
        term: A `Term`; vectors of any length.
        penalty: Weight of the anchor's squared length, which holds inner
            products down; from 0.

    Returns:
        `[batch]`, in nats.

    Reference: Hjelm et al. 2019, "Learning deep representations by mutual
        information estimation and maximization", equation 4, and the authors'
        code.
    """
    scores = similarities(term)
    match, negatives = split(scores, term)
    count = tf.reduce_sum(tf.cast(negatives, scores.dtype), axis=1)
    apart = tf.where(negatives, tf.math.softplus(scores), 0.0)
    value = tf.reduce_sum(apart, axis=1) / tf.maximum(count, 1.0)
    value += mean_an_anchor(tf.math.softplus(-match)) - 2.0 * math.log(2.0)
    return value + penalty * tf.reduce_sum(term.anchors**2, axis=1)
