"""The contrastive loss with hard negatives."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.debiased import corrected
from tfcmc.losses.vectors import masked_logsumexp, similarities, split


@LOSSES.register(
    "hard_negative",
    aliases=("hcl",),
    extra={"same_view": True},
    temperature=Number(above=0, at_most=100, search=Range(0.02, 1, "log")),
    beta=Number(at_least=0, at_most=100, search=Range(0.1, 4, "log")),
    tau_plus=Number(at_least=0, below=1, search=Range(0, 0.3)),
)
def hard_negative(term, *, temperature=0.5, beta=1.0, tau_plus=0.1):
    """Weighs negatives by how near they are, false ones taken out.

    `debiased`, with negatives drawn (by weighting) from a distribution tilted
    towards the anchor. With beta 0 it is `debiased`.

    Formula: -log(p / (p + G)), p = exp(s_pos / T), G = max((S - tau_plus m p)
        / (1 - tau_plus), m exp(-1 / T)), S = sum of w_j exp(s_j / T) over the
        m negatives, w_j = exp(beta s_j / T) divided by its mean over them, as
        in the authors' code (the temperature is inside the weight).
    Range: from ln(1 + m exp(-2 / T)), at most ln(1 + m exp(2 / T) / (1 -
        tau_plus)), in nats; m = 2 batch - 2.
    At initialisation: about ln(1 + m), m = 2 batch - 2; 5.4 to 5.7 at batch
        128.
    At collapse: ln(1 + m), when all candidates are one point.

    Args:
        term: A `Term`; vectors of unit length.
        temperature: T, above 0; the authors use 0.5.
        beta: How much near negatives count, from 0; the authors use 0.5 to 2.
        tau_plus: Probability that a negative is of the anchor's class, from 0
            to below 1; about 1 / classes.

    Returns:
        `[batch]`, in nats.

    Reference: Robinson et al. 2021, "Contrastive learning with hard negative
        samples", section 3.
    """
    logits = similarities(term) / temperature
    match, negatives = split(logits, term)
    count = tf.reduce_sum(tf.cast(negatives, logits.dtype), axis=1)
    log_weights = masked_logsumexp(beta * logits, negatives)
    log_sum = masked_logsumexp((1.0 + beta) * logits, negatives)
    log_sum += tf.math.log(tf.maximum(count, 1.0)) - log_weights
    return corrected(log_sum, match, count, temperature, tau_plus)
