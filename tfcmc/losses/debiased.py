"""The debiased contrastive loss."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import masked_logsumexp, similarities, split


@LOSSES.register(
    "debiased",
    extra={"same_view": True},
    temperature=Number(above=0, at_most=100, search=Range(0.02, 1, "log")),
    tau_plus=Number(at_least=0, below=1, search=Range(0, 0.3)),
)
def debiased(term, *, temperature=0.5, tau_plus=0.1):
    """Takes out of the negatives the share that is of the anchor's class.

    A picture drawn at random is of the anchor's class with probability
    tau_plus; what such false negatives add on average is estimated from the
    positive and subtracted. With tau_plus 0 it is `nt_xent`.

    Formula: -log(p / (p + G)), p = exp(s_pos / T), G = max((S - tau_plus m p)
        / (1 - tau_plus), m exp(-1 / T)), S the sum of exp(s_j / T) over the m
        negatives, s_j the cosine similarity with candidate j. One positive
        estimates the correction, as in the authors' code.
    Range: from ln(1 + m exp(-2 / T)), at most ln(1 + m exp(2 / T) / (1 -
        tau_plus)), in nats; m = 2 batch - 2.
    At initialisation: about ln(1 + m), m = 2 batch - 2; 5.4 to 5.7 at batch
        128.
    At collapse: ln(1 + m), when all candidates are one point.

    Args:
        term: A `Term`; vectors of unit length.
        temperature: T, above 0; the authors use 0.5.
        tau_plus: Probability that a negative is of the anchor's class, from 0
            to below 1; about 1 / classes.

    Returns:
        `[batch]`, in nats.

    Reference: Chuang et al. 2020, "Debiased contrastive learning", equations
        7 and 8.
    """
    logits = similarities(term) / temperature
    match, negatives = split(logits, term)
    return corrected(
        masked_logsumexp(logits, negatives),
        match,
        tf.reduce_sum(tf.cast(negatives, logits.dtype), axis=1),
        temperature,
        tau_plus,
    )


def corrected(log_sum, match, count, temperature, tau_plus):
    """-log(p / (p + G)), G the sum of the negatives without false ones.

    Args:
        log_sum: `[batch]`, log S.
        match: `[batch]`, log p.
        count: `[batch]`, m.
        temperature: T, in the least value of G, m exp(-1 / T).
        tau_plus: Probability that a negative is of the anchor's class.

    Returns:
        `[batch]`, in nats.
    """
    # Exponentials relative to the larger of both: none overflows, and one of
    # p and S is 1, so that their logarithm is finite.
    top = tf.stop_gradient(tf.maximum(log_sum, match))
    p = tf.exp(match - top)
    least = count * tf.exp(-1.0 / temperature - top)
    clean = (tf.exp(log_sum - top) - tau_plus * count * p) / (1.0 - tau_plus)
    return tf.math.log(p + tf.maximum(clean, least)) - (match - top)
