"""Vectors on the unit sphere: their length, similarity and distance."""

from tfcmc.foundation.lazy import tf
from tfcmc.losses.term import NOBODYS, has_several

# Up to this squared distance float32 vectors differ by little more than their
# rounding: they are one vector, and the square root, whose slope at zero is
# infinite, is cut off.
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
    """Inner product of every anchor with every candidate.

    Args:
        anchor: Vectors `[batch, dim]`.
        candidates: Vectors `[count, dim]`.

    Returns:
        `[batch, count]`; of unit vectors the cosine, in [-1, 1].
    """
    return tf.matmul(anchor, candidates, transpose_b=True)


def similarities(term):
    """Inner product of every anchor with each of its candidates.

    Returns:
        `[A, C]`; or `[A, D]`, where an anchor has candidates of its own.
    """
    return _drawn(similarity(term.anchors, term.candidates), term)


def _drawn(matrix, term):
    """Of each anchor's row the columns that are its candidates."""
    if term.drawn is None:
        return matrix
    return tf.gather(matrix, term.drawn, batch_dims=1)


def squared_distances(anchor, candidates):
    """Squared distance of every anchor to every candidate.

    |a|^2 + |c|^2 - 2 a.c, computed in float64: its terms are near 1 however
    small their sum is, and float32 would keep no digit of a distance below
    0.0003. The slope is that of the angle alone, -2 in the cosine: a unit
    vector has no other.

    Args:
        anchor: Unit vectors `[batch, dim]`.
        candidates: Unit vectors `[count, dim]`.

    Returns:
        `[batch, count]`, in [0, 4], of the anchors' type; differentiable
        once.
    """

    @tf.custom_gradient
    def squares(anchor, candidates):
        first, second = (
            tf.cast(side, tf.float64) for side in (anchor, candidates)
        )
        lengths = tf.reduce_sum(first**2, axis=1)[:, None]
        lengths += tf.reduce_sum(second**2, axis=1)
        found = tf.nn.relu(lengths - 2.0 * similarity(first, second))

        def gradient(upstream):
            upstream *= -2.0
            return (
                tf.matmul(upstream, candidates),
                tf.matmul(upstream, anchor, transpose_a=True),
            )

        return tf.cast(found, anchor.dtype), gradient

    return squares(*map(tf.convert_to_tensor, (anchor, candidates)))


def term_distances(term, *, squared=False):
    """Euclidean distance of every anchor to each of its candidates.

    Args:
        term: A `Term`, of unit vectors.
        squared: Whether they are left squared.

    Returns:
        `[A, C]`; or `[A, D]`, where an anchor has candidates of its own.
    """
    squares = _drawn(squared_distances(term.anchors, term.candidates), term)
    return squares if squared else off_zero(tf.sqrt, squares)


def off_zero(function, squares):
    """Applies a function that is infinitely steep at zero to d^2.

    Args:
        function: Of a tensor, 0 at 0.
        squares: Squared distances, any shape.

    Returns:
        Its values, of the same shape; 0, as is the gradient, where a distance
        is no more than rounding.
    """
    apart = squares > SMALLEST_SQUARED_DISTANCE
    # The inner `where` keeps the infinite slope out of the gradient, which an
    # outer one alone would multiply by zero to NaN.
    return tf.where(apart, function(tf.where(apart, squares, 1.0)), 0.0)


def split(matrix, term):
    """Splits rows into the positive's entry and the mask of the negatives.

    Args:
        matrix: `[A, C]`, or `[A, D]` of drawn ones: a number an anchor and
            candidate of the term.

    Returns:
        `(values, negatives)`: the positive entries `[A]`, or `[A, P]` of
        several, and a boolean like the matrix, true at the negatives.
    """
    match = tf.gather(matrix, term.positive, batch_dims=1)
    if has_several(term):
        # All are of the anchor's group.
        negatives = tf.ones_like(matrix, tf.bool)
    else:
        columns = tf.range(tf.shape(matrix)[1])
        negatives = columns != tf.cast(term.positive, tf.int32)[:, None]
    if term.candidate_group is not None:
        # A key that is nobody's negative may be somebody's positive.
        group = candidate_groups(term)
        negatives &= group != term.anchor_group[:, None]
        negatives &= group != NOBODYS
    return match, negatives


def candidate_groups(term):
    """Which pictures the candidates are of: `[C]`, or `[A, D]` of drawn."""
    if term.drawn is None:
        return term.candidate_group
    return tf.gather(term.candidate_group, term.drawn)


def counted(matrix, term):
    """Keeps what the positive and the negatives are worth in a log-sum-exp.

    Args:
        matrix: `[A, C]`.

    Returns:
        The same, the lowest finite number at every other candidate.
    """
    if term.candidate_group is None:
        return matrix
    _, negatives = split(matrix, term)
    columns = tf.range(tf.shape(matrix)[1])
    positive = columns == tf.cast(term.positive, tf.int32)[:, None]
    return tf.where(negatives | positive, matrix, matrix.dtype.min)


def mean_an_anchor(values):
    """Averages what an anchor's positives give: `[A]` or `[A, P]` to `[A]`."""
    return values if len(values.shape) == 1 else tf.reduce_mean(values, axis=1)


def partners(term):
    """Returns the positive of every anchor, `[A, dim]`."""
    rows = term.positive
    if term.drawn is not None:
        rows = tf.gather(term.drawn, rows, batch_dims=1)
    return tf.gather(term.candidates, rows)


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
