"""Noise-contrastive estimation, which the paper calls InfoNCE."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.blocks import rows_in_blocks
from tfcmc.losses.vectors import counted, similarities, split


def estimate_log_z(state, term, *, temperature, z, decay=0.99):
    """Follows log(Z / n) over the batches.

    Z / n is the mean of exp(s / T) over all pairs. "first" keeps the first
    batch's; "mean" follows it by an exponential moving average.

    Args:
        state: `[2]`: log(Z / n), and 1 once it is known.
        term: A `Term`; vectors of unit length.
        temperature: T.
        z: "first" or "mean".
        decay: Weight of the past in the moving average.

    Returns:
        The new state, `[2]`.
    """

    def of_block(block):
        logits = similarities(block) / temperature
        return _log_mean_exp(logits, block)

    log_z = tf.reduce_logsumexp(rows_in_blocks(of_block, term))
    log_z -= tf.math.log(tf.cast(tf.shape(term.anchors)[0], log_z.dtype))
    if z == "first":
        followed = state[0]
    else:
        followed = tf.reduce_logsumexp(
            tf.stack(
                [
                    state[0] + tf.math.log(decay),
                    log_z + tf.math.log(1.0 - decay),
                ]
            )
        )
    log_z = tf.where(state[1] > 0.0, followed, log_z)
    return tf.stack([log_z, tf.ones_like(log_z)])


def is_kept(options):
    """Says whether Z is a number kept from batch to batch."""
    return options["z"] in ("first", "mean")


@LOSSES.register(
    "nce",
    aliases=("infonce",),
    extra={
        "estimate": estimate_log_z,
        "state_size": lambda options: 2 if is_kept(options) else 0,
        "constant": is_kept,
    },
    temperature=Number(above=0, at_most=100, search=Range(0.02, 1, "log")),
    z=Choice(("exact", "first", "mean"), number=Number(above=0)),
)
def nce(term, *, temperature=0.07, z="exact", state=None):
    """Tells the positive from noise, one binary decision a candidate.

    The paper's InfoNCE, and Wu et al.'s NCE. Most people mean `softmax` when
    they say InfoNCE. With Z exact the two push negatives nearly alike: this
    one by n / (n q + m) + 1 - (the sum of all h) times softmax's weight, q
    softmax's probability of the negative, n the candidates; with many, 0.83
    to 1.5 times, the more the better the positive is told.

    Formula: P(j) = exp(s_j / T) / Z over n data; noise draws each datum with
        probability 1/n, m of them for every positive; the posterior of being
        the positive is h = P / (P + m / n); the loss is
        -log h(positive) - sum over negatives of log(1 - h). n cancels: only
        Z / n counts, the mean of exp(s / T) over the data. "exact" takes it
        for each anchor over its candidates, differentiated through (over the
        draws, where negatives come from a bank); "first" is that of the first
        batch; "mean" a moving average; a number is Z / n itself.
    Range: from ln((1 + 2 m) / (1 + m)) where Z is exact, about 0.69, since a
        positive that takes all of Z has h = n / (n + m); else from 0; in nats.
    At initialisation: about ln(1 + m) + m ln(1 + 1/m), near ln(m) + 1; 5.8 to
        6.4 at batch 128.
    At collapse: the same, when Z is exact or follows.

    Args:
        term: A `Term`; vectors of unit length.
        temperature: T, above 0; Wu et al. use 0.07.
        z: "exact", "first", "mean", or the number Z / n.
        state: `[2]`, what `estimate_log_z` returned; needed for "first" and
            "mean".

    Returns:
        `[batch]`, in nats.

    Reference: Wu et al. 2018, "Unsupervised feature learning via
        non-parametric instance discrimination", equations 5 to 8; Gutmann
        and Hyvärinen 2010.
    """
    logits = similarities(term) / temperature
    match, negatives = split(logits, term)
    if z == "exact":
        log_z = _log_mean_exp(logits, term)
    elif z in ("first", "mean"):
        log_z = state[0]
    else:
        log_z = tf.math.log(tf.cast(z, logits.dtype))
    noise = tf.reduce_sum(tf.cast(negatives, logits.dtype), axis=1)
    # h = 1 / (1 + exp(threshold - s / T)): both logarithms are softplus, and
    # neither a large nor a small similarity overflows.
    threshold = log_z + tf.math.log(tf.maximum(noise, 1.0))
    rejected = tf.math.softplus(logits - threshold[:, None])
    rejected = tf.where(negatives, rejected, 0.0)
    return tf.math.softplus(threshold - match) + tf.reduce_sum(
        rejected, axis=1
    )


def _log_mean_exp(logits, term):
    """log of the mean of exp over each row's positive and negatives."""
    count = tf.cast(tf.shape(logits)[-1], logits.dtype)
    if term.candidate_group is not None:
        _, negatives = split(logits, term)
        count = tf.reduce_sum(tf.cast(negatives, logits.dtype), axis=-1) + 1.0
    return tf.reduce_logsumexp(counted(logits, term), axis=-1) - tf.math.log(
        count
    )
