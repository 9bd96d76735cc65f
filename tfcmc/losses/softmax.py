"""The (N+1)-way softmax loss."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import counted, similarities, split


@LOSSES.register(
    "softmax",
    aliases=("info_nce_softmax",),
    temperature=Number(above=0, at_most=100, search=Range(0.02, 1, "log")),
)
def softmax(term, *, temperature=0.07):
    """Picks the positive out of all candidates: cross-entropy over N+1 ways.

    What most people call InfoNCE; in the paper's Table 1 it is "softmax".

    Formula: -log(exp(s_pos / T) / sum_j exp(s_j / T)), s_j the cosine
        similarity of the anchor with candidate j.
    Range: from 0; at most ln(count) + 2 / T, in nats.
    At initialisation: about ln(count); 4.8 to 5.4 at batch 128.
    At collapse: ln(count), when all candidates are one point or constant.

    Args:
        term: A `Term`; vectors of unit length.
        temperature: T, above 0; the field uses 0.05 to 1.

    Returns:
        `[batch]`, in nats.

    Reference: van den Oord et al. 2018, "Representation learning with
        contrastive predictive coding", equation 4; Tian et al. 2019,
        "Contrastive multiview coding".
    """
    logits = similarities(term) / temperature
    match, _ = split(logits, term)
    return tf.reduce_logsumexp(counted(logits, term), axis=1) - match
