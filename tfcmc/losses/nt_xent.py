"""NT-Xent, the loss of SimCLR."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import masked_logsumexp, similarities, split


@LOSSES.register(
    "nt_xent",
    aliases=("simclr",),
    extra={"same_view": True},
    temperature=Number(above=0, at_most=100, search=Range(0.02, 1, "log")),
)
def nt_xent(term, *, temperature=0.1):
    """Picks the positive out of both views of all pictures: SimCLR's loss.

    `softmax` with negatives of the anchor's own view too, so that the views
    cannot part into two clusters, each of one point.

    Formula: -log(exp(s_pos / T) / sum over j of exp(s_j / T)), s_j the cosine
        similarity of the anchor with candidate j; all embeddings of both
        views are candidates but the anchor itself.
    Range: from 0; at most ln(1 + m) + 2 / T, in nats; m = 2 batch - 2.
    At initialisation: somewhat above ln(1 + m), m = 2 batch - 2, as
        similarities differ; 5.4 to 6.2 at batch 128.
    At collapse: ln(1 + m), when all candidates are one point.

    Args:
        term: A `Term`; vectors of unit length.
        temperature: T, above 0; SimCLR uses 0.1 on ImageNet, 0.5 on CIFAR-10.

    Returns:
        `[batch]`, in nats.

    Reference: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations", equation 1.
    """
    logits = similarities(term) / temperature
    match, negatives = split(logits, term)
    # -log(p / (p + n)) = log(1 + n / p).
    return tf.math.softplus(masked_logsumexp(logits, negatives) - match)
