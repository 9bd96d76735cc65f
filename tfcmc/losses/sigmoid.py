"""The pairwise sigmoid loss, of SigLIP."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import similarities, split


@LOSSES.register(
    "sigmoid",
    aliases=("siglip",),
    temperature=Number(above=0, at_most=100, search=Range(0.02, 1, "log")),
    bias=Number(at_least=-100, at_most=100, search=Range(-20, 5)),
)
def sigmoid(term, *, temperature=0.1, bias=-10.0):
    """Tells matching pairs from the rest, one binary decision a pair.

    No candidate is weighed against another. SigLIP learns temperature and
    bias from these defaults on; here they stay as they are given.

    Formula: log(1 + exp(-l_pos)) + sum over negatives of log(1 + exp(l_j)),
        l_j = s_j / T + b, s_j the cosine similarity with candidate j. Both
        directions sum over the same pairs: the total counts each twice.
    Range: from log(1 + exp(-1 / T - b)) + m log(1 + exp(b - 1 / T)), with the
        defaults about 0.69, m the negatives; in nats.
    At initialisation: (1 + m) log(1 + exp(c / T + b)) - (c / T + b), c the
        usual similarity; for c = 0 about -b; 8.2 to 9.2 at batch 128.
    At collapse: the same for c = 1; with the defaults (1 + m) ln 2.

    Args:
        term: A `Term`; vectors of unit length.
        temperature: T, above 0; 1/T is SigLIP's t.
        bias: b, the log odds of a match at similarity 0.

    Returns:
        `[batch]`, in nats.

    Reference: Zhai et al. 2023, "Sigmoid loss for language image
        pre-training", section 3.2.
    """
    logits = similarities(term) / temperature + bias
    match, negatives = split(logits, term)
    rejected = tf.where(negatives, tf.math.softplus(logits), 0.0)
    return tf.math.softplus(-match) + tf.reduce_sum(rejected, axis=1)
