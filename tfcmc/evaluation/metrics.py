"""What a representation is like on the unit sphere.

Every function scales its vectors to unit length itself, leaves a vector out
of its own pairs, and works through blocks, so that memory stays bounded for
any number of vectors. Arrays in, numbers out.
"""

import functools

import numpy as np

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import LazyModule, tf
from tfcmc.foundation.threads import on_one_thread
from tfcmc.losses.vectors import normalise

special = LazyModule("scipy.special")

BLOCK = 2048  # rows and columns of the matrix of pairs held at once
LARGE = 1e15  # entries above which float32 may not hold a vector's length


def squared_distances(first, second):
    """Squared distance of each pair of vectors, scaled to unit length.

    Args:
        first: `[count, dim]`.
        second: `[count, dim]`, row by row the other half of each pair.

    Returns:
        Array `[count]`, float64, in [0, 4].
    """
    first, second = np.asarray(first), np.asarray(second)
    check_matrix(first, 1)
    check_matrix(second, 1)
    if first.shape != second.shape:
        raise must(
            "second", f"of the shape of `first`, {first.shape}", second.shape
        )
    squares = np.empty(len(first))
    for start in range(0, len(first), BLOCK):
        rows = slice(start, start + BLOCK)
        difference = _unit(first[rows]) - _unit(second[rows])
        squares[rows] = np.sum(difference.astype(np.float64) ** 2, axis=1)
    return squares


def alignment(first, second, *, alpha=2.0):
    """How far apart the two views of a picture are, on average.

    Formula: mean of |x - y|^alpha over pairs. 0 when views agree; 2, at
        alpha 2, for views that know nothing of each other.

    Args:
        first: `[count, dim]`.
        second: `[count, dim]`.
        alpha: Exponent, above 0.

    Returns:
        A number, from 0 to 2^alpha.

    Reference: Wang and Isola 2020, "Understanding contrastive representation
        learning through alignment and uniformity on the hypersphere",
        equation 4.
    """
    return float(np.mean(squared_distances(first, second) ** (alpha / 2)))


def mean_squared_distance(vectors) -> float:
    """How far apart vectors are, on average.

    Formula: mean over pairs i != j of |x_i - x_j|^2, which is 2 / (count - 1)
        times the sum of |x_i - mean|^2.

    Args:
        vectors: `[count, dim]`, count from 2.

    Returns:
        A number: 0 when all are one point, near 2 when they are unrelated; at
        most 2 count / (count - 1).
    """
    vectors = np.asarray(vectors)
    check_matrix(vectors, 2)
    centre = _centre(vectors)
    total = sum(
        np.square(_unit(block) - centre).sum(dtype=np.float64)
        for block in _blocks(vectors)
    )
    return float(2.0 * total / (len(vectors) - 1))


def pair_potentials(vectors, *, t=2.0):
    """Mean Gaussian potential of each vector with all others.

    Args:
        vectors: `[count, dim]`, count from 2.
        t: Sharpness, above 0.

    Returns:
        Array `[count]`, float64: mean over j != i of exp(-t |x_i - x_j|^2).
    """
    vectors = np.asarray(vectors)
    check_matrix(vectors, 2)
    count = len(vectors)
    sums = np.zeros(count)
    # About their mean vectors that are nearly one point keep their digits: the
    # square of a small distance would be a difference of numbers near 1.
    centre = _centre(vectors)
    beside, within = _compiled(False), _compiled(True)
    t = tf.constant(t, tf.float32)
    for top in range(0, count, BLOCK):
        rows = slice(top, top + BLOCK)
        of_top = _unit(vectors[rows]) - centre
        # The matrix is symmetric: a block off its diagonal is computed once
        # and serves its rows and its columns.
        for left in range(top, count, BLOCK):
            columns = slice(left, left + BLOCK)
            block_sums = beside if left > top else within
            of_left = _unit(vectors[columns]) - centre
            of_rows, of_columns = block_sums(of_top, of_left, t)
            sums[rows] += of_rows.numpy()
            if left > top:
                sums[columns] += of_columns.numpy()
    return sums / (count - 1)


def uniformity(vectors, *, t=2.0):
    """How evenly vectors are spread over the sphere.

    Formula: log of the mean over pairs i != j of exp(-t |x_i - x_j|^2).

    Args:
        vectors: `[count, dim]`, count from 2.
        t: Sharpness, above 0.

    Returns:
        A number: 0 when all are one point; the lower the more even, down to
        `uniform_sphere(dim)`.

    Reference: Wang and Isola 2020, equation 5.
    """
    return float(np.log(np.mean(pair_potentials(vectors, t=t))))


def uniform_sphere(dim, *, t=2.0):
    """The uniformity of points spread evenly over the sphere: the floor.

    Formula: -2 t + log 0F1(dim / 2; t^2), the closed form of
        log E exp(2 t x.y) - 2 t.

    Args:
        dim: Dimensions of the space, from 2.
        t: Sharpness, above 0.

    Returns:
        A number, near -2 t for a large `dim`.
    """
    return float(-2.0 * t + np.log(special.hyp0f1(dim / 2.0, t * t)))


@on_one_thread
def effective_rank(vectors):
    """How many dimensions vectors use.

    Formula: exp of the entropy of the singular values' shares
        s_k / sum(s).

    Args:
        vectors: `[count, dim]`, as they are, neither scaled nor centred.

    Returns:
        A number from 1 to min(count, dim); 0 if all vectors are zero.

    Reference: Roy and Vetterli 2007; Garrido et al. 2023, "RankMe".
    """
    vectors = np.asarray(vectors)
    check_matrix(vectors, 1)
    largest = np.abs(vectors).max()
    if largest == 0:
        return 0.0
    # By a power of two, which changes no digit: the singular values of what
    # float32 just holds are beyond it, and their squares beyond float64.
    vectors = np.ldexp(vectors, -np.frexp(largest)[1])
    if vectors.dtype == np.float64:
        return shares_entropy(np.linalg.svd(vectors, compute_uv=False))
    # In float64 the squares of singular values know more of them than float32
    # holds, and take a third of the time.
    squares = np.linalg.eigvalsh(products(vectors.astype(np.float64)))
    return shares_entropy(np.sqrt(np.maximum(squares, 0.0)))


def products(vectors) -> np.ndarray:
    """Returns the products of the rows or of the columns, whichever are fewer.

    Either matrix has the same eigenvalues, the squares of the singular
    values, but for zeros.

    Args:
        vectors: `[count, dim]`, as they are.

    Returns:
        `[side, side]`, side min(count, dim). Where both are as many it is of
        the columns.
    """
    if len(vectors) < vectors.shape[1]:
        vectors = vectors.T
    return vectors.T @ vectors


def shares_entropy(values) -> float:
    """How many of some numbers count: exp of the entropy of their shares.

    Args:
        values: `[count]`, from 0.

    Returns:
        A number from 1 to count; 0 if all are zero.
    """
    total = values.sum()
    if total == 0:
        return 0.0
    share = values[values > 0] / total
    return float(np.exp(-np.sum(share * np.log(share))))


def mean_interval(values, *, transform=None, weight=1.0, seed=0, samples=1000):
    """Bootstrap interval of a mean, or of a mean over pairs.

    A mean over pairs i != j is resampled through its first-order part: with
    h_i the mean of row i, weight 2 and the centre mean(h), which keeps memory
    at one number a vector.

    Args:
        values: `[count]`.
        transform: What is applied to each resampled mean, or None.
        weight: 1 for a plain mean; 2 for row means of pairs.
        samples: How often to resample.

    Returns:
        `(low, high)`: the middle 95 % of the resampled values.

    Raises:
        UsageError: if there are no values, or any is not finite.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise must("values", "finite numbers, one at least", values)
    generator = np.random.default_rng(seed)
    count, centre = len(values), values.mean()
    means = np.array(
        [
            values[generator.integers(0, count, count)].mean()
            for _ in range(samples)
        ]
    )
    means = centre + weight * (means - centre)
    if transform is not None:
        means = transform(means)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


@functools.cache
def _compiled(diagonal):
    """Compiles a block once for all sizes."""
    matrix = tf.TensorSpec([None, None], tf.float32)
    return tf.function(
        functools.partial(_block_sums, diagonal=diagonal),
        input_signature=[matrix, matrix, tf.TensorSpec([])],
    )


def _block_sums(rows, columns, t, *, diagonal):
    """Sums of exp(-t |x - y|^2) along both sides of a block of pairs."""
    # The exponent is 2 t x.y - t |x|^2 - t |y|^2: two more columns make it a
    # single product, with no further pass over pairs.
    x_square, y_square = (
        tf.reduce_sum(side**2, axis=1, keepdims=True)
        for side in (rows, columns)
    )
    exponent = tf.matmul(
        tf.concat([2 * t * rows, -t * x_square, tf.ones_like(x_square)], 1),
        tf.concat([columns, tf.ones_like(y_square), -t * y_square], 1),
        transpose_b=True,
    )
    if diagonal:
        # Every vector would meet itself: it is left out here, and not taken
        # off the sum, of which little may be left beside the 1.
        itself = tf.fill(tf.shape(rows)[:1], exponent.dtype.min)
        exponent = tf.linalg.set_diag(exponent, itself)
    # In float64: exp(-4 t) may be no number of float32, and what a potential
    # lacks of 1 is all there is to say of vectors that are nearly one point.
    potentials = tf.exp(tf.cast(tf.minimum(exponent, 0.0), tf.float64))
    return tf.reduce_sum(potentials, axis=1), tf.reduce_sum(potentials, axis=0)


def check_matrix(vectors, least: int) -> None:
    """Checks that vectors are `[count, dim]` finite numbers.

    Args:
        least: The smallest count.
    """
    if vectors.ndim != 2 or len(vectors) < least or not vectors.shape[1]:
        raise must(
            "vectors",
            f"of shape [count, dim] with a count of at least {least}",
            vectors.shape,
        )
    if vectors.dtype.kind in "OSUmMc":
        raise must("vectors", "real numbers", str(vectors.dtype))
    if not np.all(np.isfinite(vectors)):
        bad = int(np.sum(~np.isfinite(vectors).all(axis=1)))
        raise must("vectors", "finite", f"{bad} rows that are not")


def _blocks(vectors):
    """Yields the vectors, a block of rows at a time."""
    for start in range(0, len(vectors), BLOCK):
        yield vectors[start : start + BLOCK]


def _centre(vectors):
    """Returns the mean of vectors scaled to unit length, float32."""
    total = sum(
        _unit(block).sum(axis=0, dtype=np.float64)
        for block in _blocks(vectors)
    )
    return (total / len(vectors)).astype(np.float32)


def _unit(vectors):
    """Scales a block of vectors to unit length, in float32."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    if largest.max() > LARGE:
        # Their squares would not be finite, and they would come out as zero.
        vectors = vectors / np.maximum(largest / LARGE, 1.0)
    return normalise(tf.constant(vectors, tf.float32)).numpy()
