"""What a representation is like on the sphere, as Keras metrics."""

from tfcmc.foundation.errors import check_number
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise


class _OverBatches(keras.metrics.Metric):
    """A metric of sums over batches, kept in float64."""

    def __init__(self, name, **sums):
        super().__init__(name=name, dtype="float64")
        self._sums = {
            key: self.add_weight(
                shape=shape, initializer="zeros", name=key, dtype="float64"
            )
            for key, shape in sums.items()
        }

    def update_state(self, first, second=None, sample_weight=None) -> None:
        """Takes in `[batch, dim]`, and another view of the batch if given."""
        del sample_weight
        for view in (first, second):
            if view is not None:
                self._take(view)

    def _add(self, **parts):
        for key, part in parts.items():
            self._sums[key].assign_add(tf.cast(part, tf.float64))


@keras.saving.register_keras_serializable(package="tfcmc")
class Alignment(_OverBatches):
    """How far apart the two views of a picture are, on average.

    Formula: mean of |x - y|^alpha over pairs, of unit length.

    Args:
        alpha: Exponent, above 0.
        name: Keras's.

    Reference: Wang and Isola 2020, "Understanding contrastive representation
        learning through alignment and uniformity on the hypersphere".
    """

    def __init__(self, alpha: float = 2.0, name: str = "alignment"):
        check_number("alpha", alpha, above=0)
        super().__init__(name, powers=[], pairs=[])
        self.alpha = alpha

    def update_state(self, first, second, sample_weight=None) -> None:
        """Takes in `[batch, dim]` and `[batch, dim]`, row by row one pair."""
        del sample_weight
        difference = normalise(first) - normalise(second)
        squares = tf.reduce_sum(difference**2, axis=1)
        powers = tf.reduce_sum(squares ** (self.alpha / 2))
        self._add(powers=powers, pairs=tf.shape(squares)[0])

    def result(self):
        """The mean so far."""
        return self._sums["powers"] / self._sums["pairs"]

    def get_config(self) -> dict:
        """Returns its arguments."""
        return {"alpha": self.alpha, "name": self.name}


@keras.saving.register_keras_serializable(package="tfcmc")
class Uniformity(_OverBatches):
    """How evenly vectors are spread over the sphere.

    Formula: log of the mean of exp(-t |x - y|^2) over the pairs of different
        rows of each batch and view.

    Args:
        t: Sharpness, above 0.
        name: Keras's.

    Reference: Wang and Isola 2020, equation 5.
    """

    def __init__(self, t: float = 2.0, name: str = "uniformity"):
        check_number("t", t, above=0)
        super().__init__(name, potentials=[], pairs=[])
        self.t = t

    def _take(self, view):
        vectors = tf.cast(normalise(view), tf.float64)
        products = tf.matmul(vectors, vectors, transpose_b=True)
        # Not 1 of a zero vector.
        lengths = tf.reduce_sum(vectors**2, axis=1)
        squares = lengths[:, None] + lengths - 2.0 * products
        count = tf.cast(tf.shape(vectors)[0], tf.float64)
        # The diagonal is 1, but for rounding: left out, not taken off.
        potentials = tf.exp(-self.t * tf.maximum(squares, 0.0))
        apart = tf.linalg.set_diag(potentials, tf.zeros_like(vectors[:, 0]))
        self._add(potentials=tf.reduce_sum(apart), pairs=count * (count - 1.0))

    def result(self):
        """The logarithm of the mean so far."""
        return tf.math.log(self._sums["potentials"] / self._sums["pairs"])

    def get_config(self) -> dict:
        """Returns its arguments."""
        return {"t": self.t, "name": self.name}


@keras.saving.register_keras_serializable(package="tfcmc")
class EffectiveRank(_OverBatches):
    """How many dimensions vectors use.

    Formula: exp of the entropy of the singular values' shares, those of all
        rows so far, neither scaled nor centred.

    Args:
        dim: Dimensions of the vectors.
        name: Keras's.

    Reference: Roy and Vetterli 2007; Garrido et al. 2023, "RankMe".
    """

    def __init__(self, dim: int, name: str = "effective_rank"):
        check_number("dim", dim, whole=True, at_least=1)
        super().__init__(name, products=[dim, dim])
        self.dim = dim

    def _take(self, view):
        rows = tf.cast(view, tf.float64)
        self._add(products=tf.matmul(rows, rows, transpose_a=True))

    def result(self):
        """The rank so far; 0 if all vectors are zero."""
        squares = tf.linalg.eigvalsh(self._sums["products"].value)
        singular = tf.sqrt(tf.maximum(squares, 0.0))
        share = tf.math.divide_no_nan(singular, tf.reduce_sum(singular))
        entropy = -tf.reduce_sum(tf.math.xlogy(share, share))
        return tf.where(tf.reduce_any(share > 0), tf.exp(entropy), 0.0)

    def get_config(self) -> dict:
        """Returns its arguments."""
        return {"dim": self.dim, "name": self.name}
