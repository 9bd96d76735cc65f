"""The noise-contrastive bound on mutual information, of Deep InfoMax."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import (
    candidate_groups,
    masked_logsumexp,
    mean_an_anchor,
    similarities,
    split,
)

OWN = -10.0  # what the authors' code lets a place of the same picture score


@LOSSES.register(
    "infomax_nce",
    extra={"kind": "mutual information", "raw": True, "several": True},
    own=Choice(("out", "minus_ten")),
    penalty=Number(at_least=0, at_most=1000, search=Range(0, 0.1)),
)
def infomax_nce(term, *, own="out", penalty=0.0):
    """Picks a positive out of itself and all negatives, by inner products.

    `softmax` of vectors that are as long as the critics make them, and so
    without a temperature. Each of an anchor's positives is picked by itself;
    the others are no negatives.

    Formula: mean over positives of -log(exp(s_pos) / (exp(s_pos) + sum over
        negatives of exp(s_j))) + penalty |a|^2, s the inner product.
    Range: from 0, in nats.
    At initialisation: from ln(1 + m), at inner products of 0, up with their
        size; m the negatives; 4.8 to 4.9 at batch 128.
    At collapse: ln(1 + m), when all vectors are one point.

    Args:
        term: A `Term`; vectors of any length.
        own: What becomes of the anchor's own positives in the sum: left out,
            or as in the authors' code each with a score of -10.
        penalty: Weight of the anchor's squared length, which holds inner
            products down; from 0.

    Returns:
        `[batch]`, in nats.

    Reference: van den Oord et al. 2018, "Representation learning with
        contrastive predictive coding", equation 4; Hjelm et al. 2019,
        "Learning deep representations by mutual information estimation and
        maximization", equation 5, and the authors' code.
    """
    scores = similarities(term)
    match, negatives = split(scores, term)
    if own == "minus_ten":
        mine = ~negatives  # what is of the anchor's own picture
        if term.candidate_group is not None:
            mine = candidate_groups(term) == term.anchor_group[:, None]
        scores = tf.where(mine, OWN, scores)
        negatives |= mine
    against = masked_logsumexp(scores, negatives)
    if len(match.shape) == 2:
        against = against[:, None]
    # -log(p / (p + n)) = log(1 + n / p).
    value = mean_an_anchor(tf.math.softplus(against - match))
    return value + penalty * tf.reduce_sum(term.anchors**2, axis=1)
