"""Swapped assignments: one view's code, told from another."""

import math

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number, Range
from tfcmc.losses.base import LOSSES
from tfcmc.losses.vectors import similarity

STEPS = Number(at_least=0, at_most=1_000_000_000, whole=True)


@LOSSES.register(
    "swav",
    extra={
        "kind": "clustering",
        "axes": True,
        "at_collapse": lambda options: math.log(options["prototypes"]),
    },
    prototypes=Number(at_least=2, at_most=1_000_000, whole=True),
    temperature=Number(above=0, at_most=100, search=Range(0.05, 0.5, "log")),
    epsilon=Number(above=0, at_most=100, search=Range(0.02, 0.2, "log")),
    iterations=Number(at_least=1, at_most=1000, whole=True),
    freeze=Number(at_least=0, at_most=1_000_000_000),
    queue=Number(at_least=0, at_most=10_000_000, whole=True),
    queue_from=STEPS,
)
def swav(
    term,
    *,
    prototypes=3000,
    temperature=0.1,
    epsilon=0.05,
    iterations=3,
    freeze=0,
    queue=0,
    queue_from=0,
    centres,
    queued=None,
    use_queue=False,
):
    """Tells from an anchor which prototypes its positive belongs to.

    Codes are given so that the prototypes share the batch evenly, which is
    what one point cannot do. Both sides of the batch learn as anchors; no
    gradient goes into a code. The prototypes are the loss's own, one set for
    all pairs, of unit length at every step.

    Formula: -sum over k of q_k log p_k, p the softmax of a.c_k / T, c_k the
        prototypes, and q the code of the positive: the row of exp(s / e), s
        the scores of the whole batch, after so many turns of Sinkhorn and
        Knopp: each prototype's column scaled to one sum, then each picture's
        row to 1.
    Range: from 0, in nats.
    At initialisation: about ln(prototypes), plus what random scores tell;
        8.0 to 8.2 at batch 128.
    At collapse: ln(prototypes), when all vectors are one point and the
        prototypes have followed.

    Args:
        term: A `Term`; vectors of unit length. The candidates are the whole
            batch: their codes depend on each other.
        prototypes: How many, K; more than pictures at a time leave some
            without one.
        temperature: T, above 0.
        epsilon: e, above 0: the smaller, the nearer codes are to one
            prototype each.
        iterations: Turns of Sinkhorn and Knopp; rows sum to 1 after any,
            columns are alike in the limit.
        freeze: For so many steps at first the prototypes do not learn; below
            1, for such a share of all there will be. Without it a large rate
            takes all vectors to one point before prototypes differ.
        queue: Embeddings of the steps before that codes are shared out with,
            rounded down to whole batches; 0 for none.
        queue_from: The step from which on these are counted: the queue is
            used once as many have passed as fill it.
        centres: The prototypes `[K, dim]`, of unit length.
        queued: The queue `[queue, dim]` of the positives' view, newest first.
        use_queue: Whether it is full and wanted.

    Returns:
        `[batch]`, in nats.

    Reference: Caron et al. 2020, "Unsupervised learning of visual features
        by contrasting cluster assignments", equations 2 to 5.
    """
    del prototypes, freeze, queue, queue_from  # the layer's
    codes = _codes(
        term.candidates,
        centres,
        queued,
        use_queue,
        epsilon=epsilon,
        iterations=iterations,
    )
    codes = tf.gather(codes, term.positive)
    logits = similarity(term.anchors, centres) / temperature
    return -tf.reduce_sum(codes * tf.nn.log_softmax(logits, axis=1), axis=1)


def sinkhorn(scores, *, epsilon: float, iterations: int):
    """Shares samples out over prototypes evenly, by their scores.

    exp(s / epsilon), its columns and then its rows scaled to one sum, and so
    on; in logarithms, so that no epsilon over- or underflows.

    Args:
        scores: `[samples, prototypes]`.
        epsilon: Above 0: the larger, the more alike the shares.
        iterations: How often, from 1.

    Returns:
        `[samples, prototypes]`; rows sum to 1.

    Reference: Cuturi 2013, "Sinkhorn distances".
    """
    logs = scores / epsilon
    for _ in range(iterations):
        logs -= tf.reduce_logsumexp(logs, axis=0, keepdims=True)
        logs -= tf.reduce_logsumexp(logs, axis=1, keepdims=True)
    return tf.exp(logs)


def _codes(vectors, centres, queued, use_queue, **options):
    """The codes of a batch, constant in every gradient."""
    vectors, centres = map(tf.stop_gradient, (vectors, centres))

    def alone():
        return sinkhorn(similarity(vectors, centres), **options)

    def with_queue():
        batch = tf.shape(vectors)[0]
        whole = tf.shape(queued)[0] // batch * batch
        joined = tf.concat([queued[:whole], vectors], axis=0)
        return sinkhorn(similarity(joined, centres), **options)[-batch:]

    if queued is None:
        return alone()
    return tf.stop_gradient(tf.cond(use_queue, with_queue, alone))
