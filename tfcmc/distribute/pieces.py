"""A batch that a device computes piece by piece, to the gradients of all.

What is made of each piece is kept, but not what it was made by. The loss of
all rows tells what each adds to it; then every piece is made once more, and
carries that into the weights.

Reference: Gao et al. 2021, "Scaling deep contrastive learning batch size under
    memory limited setup".
"""

import typing

import numpy as np

from tfcmc.distribute import replicas
from tfcmc.foundation.lazy import keras, tf
from tfcmc.foundation.variables import assign

NONE = "zero"  # the gradient of what nothing comes from, for TensorFlow
ROWS = 4  # that show what a model makes of a row beside others


class Pieces:
    """The pieces that a device's share of a batch is computed in.

    What models draw goes on from piece to piece, and is drawn again where a
    piece is made again. Moving statistics become the mean of what each piece
    would make of them.

    Args:
        count: How many, alike; one is the batch as a whole.
    """

    def __init__(self, count: int):
        self._count = count

    def make(self, make: typing.Callable, like, rows, models=()):
        """Makes something of every row; no gradient comes of it in pieces.

        Args:
            make: Rows to a structure of tensors `[rows, ...]`.
            like: The `tf.TensorSpec`s of these, of any number of rows.
            rows: A structure of tensors `[batch, ...]`.
            models: Those that make it.

        Returns:
            What `make` makes of all rows.
        """
        if self._count == 1:
            return make(rows)
        statistics = _statistics(models)
        begun = _values(statistics)

        def one(number):
            assign(statistics, begun)
            return make(self._cut(rows, number)), _values(statistics)

        ended = [tf.TensorSpec(each.shape, each.dtype) for each in begun]
        made, ended = tf.map_fn(
            one,
            tf.range(self._count),
            fn_output_signature=(like, ended),
            parallel_iterations=1,
        )
        assign(statistics, [tf.reduce_mean(each, 0) for each in ended])
        (batch,) = {each.shape[0] for each in tf.nest.flatten(rows)}
        return tf.nest.map_structure(
            lambda each: tf.reshape(each, [batch, *each.shape[2:]]), made
        )

    def differentiate(
        self, make, like, rows, judge, *, learnt: list, models: list
    ) -> tuple:
        """Computes a loss of all rows, and its gradients.

        What it shares with `make` is as there.

        Args:
            judge: What is made of all rows to `(loss, left)`.
            learnt: The variables.

        Returns:
            `(loss, gradients, left)`.
        """
        if self._count == 1:
            with tf.GradientTape() as tape:
                loss, left = judge(make(rows))
            return loss, tape.gradient(loss, learnt), left
        learnt, states = [each.value for each in learnt], _states(models)
        begun = _values(states)
        made = self.make(make, like, rows, models)
        ended = _values(states)
        with tf.GradientTape() as tape:
            tape.watch(made)
            loss, left = judge(made)
        # Some are the loss's own, or of what regularises weights.
        direct, known = tf.nest.map_structure(
            tf.convert_to_tensor,  # what is gathered has those of some rows
            tape.gradient(loss, (learnt, made), None, NONE),
        )

        def carry(sums, number):
            with tf.GradientTape() as tape:
                again = make(self._cut(rows, number))
            added = tape.gradient(
                again, learnt, self._cut(known, number), NONE
            )
            return [a + b for a, b in zip(sums, added, strict=True)]

        assign(states, begun)
        gradients = tf.foldl(
            carry, tf.range(self._count), direct, parallel_iterations=1
        )
        assign(states, ended)
        return loss, gradients, left

    def _cut(self, rows, number):
        """One of the pieces."""
        return tf.nest.map_structure(
            lambda whole: replicas.cut(whole, number, self._count), rows
        )


def is_alone(model, side: int) -> bool:
    """Says whether a model can be computed in pieces.

    What it makes of a row, and what its layers add to the loss, must depend
    on no other row, and must be the same once the variables are that are no
    weights. What normalises in groups is fine; here the groups become two.

    Args:
        model: A functional `keras.Model`, of no more use after it.
        side: Of the pictures, where the model takes any.
    """
    for layer in model._flatten_layers():
        if getattr(layer, "groups", None) and _is_norm(layer):
            layer.groups = 2
    shape = [side if size is None else size for size in model.input_shape[1:]]
    rng = np.random.default_rng(0)
    rows = rng.normal(size=[ROWS + 1, *shape]).astype(np.float32)
    states = _states([model])
    begun, found = _values(states), []
    for last in (ROWS - 1, ROWS):
        assign(states, begun)
        outputs = model(rows[[*range(ROWS - 1), last]], training=True)
        found.append([outputs[0], *model.losses])
    return all(
        np.allclose(tf.cast(one, tf.float32), tf.cast(other, tf.float32))
        for one, other in zip(*found, strict=True)
    )


def _is_norm(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


def _statistics(models):
    """The moving statistics of batch normalisation."""
    return [
        variable
        for model in models
        for layer in model._flatten_layers()
        if _is_norm(layer)
        for variable in layer.non_trainable_variables
    ]


def _states(models):
    """All variables that are no weights, each once."""
    found = [v for model in models for v in model.non_trainable_variables]
    return list({id(each): each for each in found}.values())


def _values(variables):
    return [tf.identity(each.value) for each in variables]
