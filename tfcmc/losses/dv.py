"""The Donsker-Varadhan bound on mutual information, of MINE."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import mean_an_anchor, similarities, split


@LOSSES.register(
    "dv",
    extra={
        "kind": "mutual information",
        "raw": True,
        "several": True,
        "whole_batch": True,
    },
    penalty=Number(at_least=0, at_most=1000, search=Range(0, 0.1)),
)
def dv(term, *, penalty=0.0):
    """Lets pairs that belong together score above all pairs that do not.

    Minus a lower bound on the mutual information. One logarithm of all pairs
    of the batch: negatives that score high take the whole gradient, whosever
    they are, which makes it the least steady of Deep InfoMax's three, and the
    tightest.

    Formula: log(mean over the negatives of all anchors of exp(s_j)) - mean
        over positives of s_pos + penalty |a|^2, s the inner product. Every
        anchor has the batch's logarithm. The authors' code of it fails on its
        shapes, and takes the mean over pairs of pictures, not of places: by
        the logarithm of the number of places more.
    Range: any number; minus the mutual information at the optimum, in nats.
    At initialisation: from 0, at inner products of 0, up with their size; -0.1
        to 0.1 at batch 128.
    At collapse: 0, when all vectors are one point.

    Args:
        term: A `Term`; vectors of any length.
        penalty: Weight of the anchor's squared length, which holds inner
            products down; from 0.

    Returns:
        `[batch]`, in nats; only the mean over the batch is a loss.

    Reference: Belghazi et al. 2018, "Mutual information neural estimation",
        equation 5; Hjelm et al. 2019, "Learning deep representations by
        mutual information estimation and maximization", equation 2.
    """
    scores = similarities(term)
    match, negatives = split(scores, term)
    # Not -inf, whose difference to itself is no number.
    kept = tf.where(negatives, scores, scores.dtype.min)
    count = tf.reduce_sum(tf.cast(negatives, scores.dtype))
    bound = tf.reduce_logsumexp(kept) - tf.math.log(tf.maximum(count, 1.0))
    value = bound - mean_an_anchor(match)
    return value + penalty * tf.reduce_sum(term.anchors**2, axis=1)
