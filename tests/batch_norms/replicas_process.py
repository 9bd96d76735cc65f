"""What `test_replicas.py` runs of batch normalisation, on two replicas."""

import numpy as np

from tfcmc.batch_norms import BATCH_NORMS
from tfcmc.distribute.strategies import make_strategy
from tfcmc.foundation.lazy import keras, tf

PAIRS = [
    ("synchronized", "synchronized"),
    ("local", "split(groups=2)"),
    ("split(groups=2)", "split(groups=2)"),
    ("split(groups=4)", "split(groups=4)"),
    ("local", "local"),  # not the same
]
ROWS, SHAPE, DIM = 8, (6, 5, 2), 3


def model_of(spec):
    """Normalised twice: pictures' places, and vectors."""
    layers, norm = keras.layers, BATCH_NORMS.lookup(spec).function
    initial = keras.initializers.GlorotUniform
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(4, 3, kernel_initializer=initial(1)),
            norm(name="norm_1"),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(DIM, kernel_initializer=initial(2)),
            norm(name="norm_2"),
        ]
    )


def outcome(strategy, spec):
    """Outputs of a batch, summed gradients, and moving statistics."""
    rng = np.random.default_rng(5)
    count = strategy.num_replicas_in_sync
    inputs = rng.normal(size=(count, ROWS // count, *SHAPE))
    inputs *= np.linspace(1, 3, ROWS).reshape(count, -1, 1, 1, 1)
    factors = rng.normal(size=(count, ROWS // count, DIM))
    inputs, factors = (tf.constant(a, "float32") for a in (inputs, factors))
    with strategy.scope():
        model = model_of(spec)

    @tf.function
    def step():
        def on_each():
            context = tf.distribute.get_replica_context()
            here = context.replica_id_in_sync_group
            with tf.GradientTape() as tape:
                outputs = model(inputs[here], training=True)
                value = tf.reduce_sum(factors[here] * outputs**3)
            gradients = tape.gradient(value, model.trainable_variables)
            if count == 1:
                return outputs, gradients
            add = tf.distribute.ReduceOp.SUM
            return outputs, context.all_reduce(add, gradients)

        return strategy.run(on_each)

    def copies(value):
        return [
            each.numpy() for each in strategy.experimental_local_results(value)
        ]

    outputs, gradients = step()
    moving = [
        np.mean(copies(each.value), axis=0)
        for each in model.non_trainable_variables
    ]
    return (
        np.concatenate(copies(outputs)),
        np.concatenate([copies(each)[0].ravel() for each in gradients]),
        np.concatenate(moving),
    )


def _apart(one, other):
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def main(several):
    """Says how far the first of each pair, there, is from the second on one.

    Of outputs, gradients of all weights, and the mean of what moves.
    """
    one = make_strategy("one")
    return [
        list(map(_apart, outcome(several, a), outcome(one, b)))
        for a, b in PAIRS
    ]
