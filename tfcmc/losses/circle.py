"""The circle loss."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import masked_logsumexp, similarities, split


@LOSSES.register(
    "circle",
    extra={"constant": lambda options: True},
    margin=Number(above=-1, below=1, search=Range(0, 0.8)),
    scale=Number(above=0, at_most=1000, search=Range(10, 300, "log")),
)
def circle(term, *, margin=0.4, scale=80.0):
    """Pulls each similarity the harder, the farther it is from its best.

    A pair that is well placed is let go and one that is not is pushed: the
    weights are held constant in the gradient, which hence is not the slope
    of the value.

    Formula: log(1 + exp(-g w_p (s_p - 1 + m)) sum over negatives of exp(g w_j
        (s_j - m))), s_p and s_j the cosine similarities with the positive and
        with candidate j, w_p = max(0, 1 + m - s_p), w_j = max(0, s_j + m).
    Range: from 0, at most log(1 + (count - 1) exp(g (5 - 2 m^2))), in nats.
    At initialisation: log(1 + (count - 1) exp(g (c^2 + (1 - c)^2 - 2 m^2)))
        for the usual similarity c; 38 to 50 at batch 128.
    At collapse: the same for c = 1, about ln(count - 1) + g (1 - 2 m^2).

    Args:
        term: A `Term`; vectors of unit length.
        margin: m, -1 to 1; the authors use 0.25 and 0.4.
        scale: g, above 0; the authors use 80 to 256.

    Returns:
        `[batch]`, in nats.

    Reference: Sun et al. 2020, "Circle loss: a unified perspective of pair
        similarity optimization", sections 3.1 and 3.2.
    """
    cosine = similarities(term)
    match, negatives = split(cosine, term)
    pull = tf.nn.relu(1.0 + margin - tf.stop_gradient(match))
    push = tf.nn.relu(tf.stop_gradient(cosine) + margin)
    pulled = scale * pull * (match - 1.0 + margin)
    pushed = scale * push * (cosine - margin)
    return tf.math.softplus(masked_logsumexp(pushed, negatives) - pulled)
