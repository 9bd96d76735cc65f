"""The decoupled contrastive loss."""

from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import masked_logsumexp, similarities, split


@LOSSES.register(
    "dcl",
    extra={"same_view": True},
    temperature=Number(above=0, at_most=100, search=Range(0.02, 1, "log")),
)
def dcl(term, *, temperature=0.1):
    """Takes the positive out of the sum that `nt_xent` divides by.

    The gradient of `nt_xent` carries a factor that vanishes as soon as the
    positive is told from few negatives; without the positive in the sum the
    factor is 1, and small batches teach as large ones. Negatives are of both
    views, as in the paper. The paper's weighting of positives (DCLW) is not
    offered.

    Formula: -s_pos / T + log(sum over negatives of exp(s_j / T)), s_j the
        cosine similarity of the anchor with candidate j.
    Range: ln(m) - 2 / T to ln(m) + 2 / T, in nats; m = 2 batch - 2.
    At initialisation: somewhat above ln(m), m = 2 batch - 2, as
        similarities differ; 5.4 to 6.2 at batch 128.
    At collapse: ln(m), when all candidates are one point.

    Args:
        term: A `Term`; vectors of unit length.
        temperature: T, above 0; the field uses 0.05 to 1.

    Returns:
        `[batch]`, in nats; below 0 once positives are told apart.

    Reference: Yeh et al. 2021, "Decoupled contrastive learning", equation 6.
    """
    logits = similarities(term) / temperature
    match, negatives = split(logits, term)
    return masked_logsumexp(logits, negatives) - match
