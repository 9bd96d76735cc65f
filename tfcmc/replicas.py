"""What the replicas of a model tell each other within a training step.

Each replica holds a contiguous share of the batch, in the order of the
replicas. With one replica every function gives back what it is given, and
nothing is added to the step.
"""

from tfcmc.lazy import tf


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
    wholes = tf.distribute.get_replica_context().all_gather(shares, axis=0)
    # What is computed in blocks has to know how much there is.
    return [
        tf.ensure_shape(whole, [share.shape[0] * count(), *share.shape[1:]])
        for whole, share in zip(wholes, shares, strict=True)
    ]


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
    """Returns this replica's share of the whole batch.

    Args:
        whole: `[batch, ...]`, its shape known.

    Returns:
        `[batch / replicas, ...]`.
    """
    if count() == 1:
        return whole
    size = whole.shape[0] // count()
    context = tf.distribute.get_replica_context()
    start = context.replica_id_in_sync_group * size
    share = whole[start : start + size]
    return tf.ensure_shape(share, [size, *whole.shape[1:]])


def log(value):
    """Makes of a step's number a log that Keras's `fit` can reduce.

    Between machines it takes the mean over axis 0, which a scalar has not:
    "Invalid reduction dimension 0" (keras-team/keras, issue 20585).

    Args:
        value: A number, equal on every replica.

    Returns:
        The number; `[1]` where the replicas are on several machines.
    """
    strategy = tf.distribute.get_strategy()
    workers = tf.distribute.MultiWorkerMirroredStrategy
    return value[None] if isinstance(strategy, workers) else value
