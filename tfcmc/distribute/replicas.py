"""What the replicas of a model tell each other within a training step.

Each replica holds a contiguous share of the batch, in the order of the
replicas. With one replica every function gives back what it is given, and
nothing is added to the step.
"""

from tfcmc.foundation.lazy import keras, tf


def count():
    """Returns how many replicas take part in the step."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def gather(shares):
    """Joins the shares of all replicas to the whole batch.

    The gradient of the whole, which every replica has a part of, goes back
    summed over the replicas, to each its share.

    Args:
        shares: Tensors `[batch / replicas, ...]` of known shape, a list.

    Returns:
        Tensors `[batch, ...]`, equal on every replica.
    """
    if count() == 1:
        return shares
    return add([_placed(share) for share in shares])


def _placed(share):
    """The whole batch with zeros where it is not this replica's."""
    # Summed over the replicas they are the batch, exactly. TensorFlow's own
    # `all_gather` gives the same, but needs a second exchange in the gradient,
    # and fails on machines with one device each ("destinations can not be
    # empty", 2.21).
    size, *rest = share.shape
    context = tf.distribute.get_replica_context()
    before = context.replica_id_in_sync_group * size
    after = (count() - 1) * size - before
    whole = tf.pad(share, [[before, after], *([0, 0] for _ in rest)])
    # What is computed in blocks has to know how much there is.
    return tf.ensure_shape(whole, [count() * size, *rest])


def add(part):
    """Sums a tensor, or each of a list, over the replicas."""
    if count() == 1:
        return part
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, part)


def part_of(mean):
    """Returns what a replica adds to the mean over all: its own over count."""
    return mean if count() == 1 else mean / count()


def own(whole):
    """Returns this replica's share of the whole batch, of a known shape.

    `[batch, ...]` -> `[batch / replicas, ...]`.
    """
    if count() == 1:
        return whole
    context = tf.distribute.get_replica_context()
    return cut(whole, context.replica_id_in_sync_group, count())


def cut(whole, number, parts: int):
    """Returns one of equal parts of rows, of a known shape.

    Args:
        whole: `[batch, ...]`.
        number: Which, a number or a tensor.
        parts: How many there are.

    Returns:
        `[batch / parts, ...]`.
    """
    size = whole.shape[0] // parts
    share = whole[number * size : (number + 1) * size]
    return tf.ensure_shape(share, [size, *whole.shape[1:]])


class RunningMean(keras.metrics.Metric):
    """The mean of numbers that are equal on every replica.

    Keras's own `Mean` sums what the replicas hold when it is read, and parts
    it among them when it is set: rounded, where their number is no power of
    two, and not at all on several machines (TensorFlow 2.21).
    """

    def __init__(self, name):
        super().__init__(name=name)
        self._total = self._variable("total")
        self._count = self._variable("count")

    def _variable(self, name):
        return keras.Variable(
            "zeros",
            shape=(),
            dtype="float32",
            trainable=False,
            aggregation="none",
            name=name,
        )

    def update_state(self, value):
        self._total.assign(self._total + value)
        self._count.assign(self._count + 1.0)

    def result(self):
        return tf.math.divide_no_nan(self._total.value, self._count.value)


class FitsOnSeveralMachines:
    """Beside `keras.Model`: lets `fit` run on several machines.

    Keras 3 breaks there in two places (3.15; the first is keras-team/keras,
    issue 20585). It takes the mean of a step's logs over axis 0, which a
    scalar has not: "Invalid reduction dimension 0". And it takes the mean of
    a first batch over the machines, to build a model by, which fails for a
    tuple.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Builds nothing: the model is built where it is made."""

    def logs(self, **values):
        """Returns what `train_step` has to, of numbers equal everywhere."""
        strategy = tf.distribute.get_strategy()
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            return {name: value[None] for name, value in values.items()}
        return values
