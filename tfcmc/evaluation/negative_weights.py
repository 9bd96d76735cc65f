"""The anatomy of a loss's gradient: how hard it pushes which negative."""

import numpy as np

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import tf
from tfcmc.losses.layer import Loss
from tfcmc.losses.term import Candidates, make_term
from tfcmc.losses.vectors import similarity


def negative_weights(loss: Loss, first, second) -> tuple:
    """Weighs every negative of every anchor by the gradient it gets.

    Anchors are the first views. Negatives are the second views of the other
    pictures, and their first views too for a loss that is `same_view`, as in
    training.

    Formula: w_ij = <d loss_i / d c_j, a_i>, a_i the anchor and c_j the
        negative. For a loss that is a function of the similarities s_ij =
        <a_i, c_j> it is d loss_i / d s_ij, since |a_i| = 1. Above 0 the
        negative is pushed away. What a loss holds constant in its gradient
        is held constant here.

    Args:
        loss: One that has seen no batch.
        first: Unit vectors `[count, dim]`, the first views of the pictures.
        second: Unit vectors `[count, dim]`, the second views.

    Returns:
        `(similarity, weight)`: one number a pair of anchor and negative each,
        float32; the pairs across the views come first.

    Raises:
        UsageError: if the loss does not weigh negatives one by one: it holds
            statistics of the batch, or has none.
    """
    if not weighs_negatives(loss):
        raise must("loss", "one that weighs negatives one by one", loss.spec)
    anchors, others = tf.constant(first), tf.constant(second)
    rows = tf.range(len(first))
    own = anchors if loss.same_view else None
    term = make_term(anchors, Candidates(others, rows), numbers=rows, own=own)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(term.candidates)
        values = loss(term)
    # One anchor after the other: a vectorised Jacobian traces a function of
    # its own for every loss, which TensorFlow warns of.
    slopes = tape.jacobian(
        values, term.candidates, experimental_use_pfor=False
    )
    weight = tf.einsum("ijd,id->ij", slopes, anchors).numpy()
    cosine = similarity(anchors, term.candidates).numpy()
    return _off_diagonal(cosine), _off_diagonal(weight)


def weighs_negatives(loss: Loss) -> bool:
    """Whether a loss weighs negatives one by one."""
    return loss.has_negatives and not loss.whole_batch


def _off_diagonal(matrix):
    """Flattens each square of pairs of pictures, without its diagonal."""
    count = len(matrix)
    negatives = ~np.eye(count, dtype=bool)
    squares = np.split(matrix, matrix.shape[1] // count, axis=1)
    return np.concatenate([square[negatives] for square in squares])
