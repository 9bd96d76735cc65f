"""The twin of the branches, which follows them."""

import typing

from tfcmc.foundation.lazy import keras


class Twin(keras.layers.Layer):
    """Owns models of the branches' shapes that follow what these learn.

    Its weights stay trainable in Keras's words, since batch normalisation
    would else infer; nothing differentiates them.

    Attributes:
        branches: One model a branch.

    Args:
        weight: Steps done to tau, the weight of what it is already.
    """

    def __init__(self, branches: list, weight: typing.Callable):
        super().__init__(name="twin", dtype="float32")
        self.branches = list(branches)
        self._weight = weight
        self.built = True

    def update(self, branches: list, step) -> None:
        """Follows the parameters; moving statistics are each one's own.

        Args:
            branches: Those learnt.
            step: Steps done before this one.
        """
        for twin, branch in zip(self.branches, branches, strict=True):
            pairs = zip(
                twin.trainable_variables,
                branch.trainable_variables,
                strict=True,
            )
            for kept, learnt in pairs:
                tau = keras.ops.cast(self._weight(step), kept.dtype)
                moved = tau * kept.value + (1.0 - tau) * learnt.value
                kept.value.assign(moved)
