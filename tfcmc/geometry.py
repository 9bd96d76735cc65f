"""Vectors on the unit sphere: their length, similarity and distance."""

from tfcmc.lazy import tf

# Below this squared distance two float32 vectors are the same vector, and the
# square root is cut off, since its slope at zero is infinite.
SMALLEST_SQUARED_DISTANCE = 1e-12


def normalise(vectors):
    """Scales vectors to unit length.

    x / max(|x|, 1e-6), in float32 whatever the input's precision, since the
    exponentials of the losses need it. A zero vector stays zero.

    Args:
        vectors: `[batch, dim]`, any float type.

    Returns:
        `[batch, dim]`, float32.
    """
    vectors = tf.cast(vectors, tf.float32)
    return tf.math.l2_normalize(vectors, axis=-1, epsilon=1e-12)


def similarity(anchor, candidates):
    """Cosine similarity of every anchor with every candidate.

    Args:
        anchor: Unit vectors `[batch, dim]`.
        candidates: Unit vectors `[count, dim]`.

    Returns:
        `[batch, count]`, in [-1, 1].
    """
    return tf.matmul(anchor, candidates, transpose_b=True)


def distance(cosine, *, squared=False):
    """Euclidean distance of unit vectors from their cosine similarity.

    d = sqrt(2 - 2 cos), or d^2. The gradient at distance zero is zero.

    Args:
        cosine: Similarities in [-1, 1], any shape.
        squared: Whether to return d^2, in [0, 4].

    Returns:
        Distances in [0, 2], of the same shape.
    """
    square = tf.maximum(2.0 - 2.0 * cosine, 0.0)
    if squared:
        return square
    apart = square > SMALLEST_SQUARED_DISTANCE
    # The inner `where` keeps the infinite slope out of the gradient, which an
    # outer one alone would multiply by zero to NaN.
    return tf.where(apart, tf.sqrt(tf.where(apart, square, 1.0)), 0.0)


def split(matrix, positive, own=None):
    """Splits rows into the positive's entry and the mask of the negatives.

    Args:
        matrix: `[batch, count]`.
        positive: `[batch]`, the column of each row's positive.
        own: `[batch]`, the column of each row's own vector, which is neither
            positive nor negative; or None, where there is no such column.

    Returns:
        `(values, negatives)`: the positive entries `[batch]`, and a boolean
        `[batch, count]` that is true at the negatives.
    """
    columns = tf.range(tf.shape(matrix)[1])
    negatives = columns != tf.cast(positive, tf.int32)[:, None]
    if own is not None:
        negatives &= columns != tf.cast(own, tf.int32)[:, None]
    return tf.gather(matrix, positive, batch_dims=1), negatives


def masked_logsumexp(matrix, mask):
    """log of the sum of exp over the entries of each row that a mask keeps.

    Args:
        matrix: `[batch, count]`.
        mask: Boolean `[batch, count]`.

    Returns:
        `[batch]`; the lowest finite number where the mask keeps nothing.
    """
    # Not -inf, whose difference to itself is no number.
    return tf.reduce_logsumexp(
        tf.where(mask, matrix, matrix.dtype.min), axis=1
    )
