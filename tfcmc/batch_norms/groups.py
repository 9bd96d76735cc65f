"""The Keras layer that normalises groups of a batch by themselves."""

from tfcmc.distribute import replicas
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf


@keras.saving.register_keras_serializable(package="tfcmc")
class SplitBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation of each of several groups of the batch by itself.

    Formula, of the pictures x of a group: gamma (x - mean(x)) / sqrt(var(x) +
        epsilon) + beta. Moving statistics follow the mean over the groups of
        mean(x) and of var(x), the biased one; how far the groups' means lie
        from each other is no part of it. With them it infers, as the layer
        that it is made of.

    Args:
        groups: Of the whole batch, each of rows that follow each other; every
            device has an equal part of them.
        **options: Of Keras's layer; `axis` is the last one.

    Raises:
        UsageError: in training, if the devices do not divide the groups, or
            the groups the rows.
    """

    def __init__(self, groups: int, **options):
        super().__init__(**options)
        self.groups = groups

    def get_config(self):
        return super().get_config() | {"groups": self.groups}

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        here = self._here(inputs)
        parts = tf.reshape(
            tf.cast(inputs, self.variable_dtype),
            tf.concat([[here, -1], tf.shape(inputs)[1:]], axis=0),
        )
        parts.set_shape([here, None, *inputs.shape[1:]])
        axes = list(range(1, len(parts.shape) - 1))
        means, variances = tf.nn.moments(parts, axes, keepdims=True)
        for moving, each in (
            (self.moving_mean, means),
            (self.moving_variance, variances),
        ):
            new = tf.reduce_mean(each, axis=[0, *axes])
            moving.assign(moving * self.momentum + new * (1.0 - self.momentum))
        outputs = tf.nn.batch_normalization(
            parts,
            means,
            variances,
            offset=self.beta,
            scale=self.gamma,
            variance_epsilon=self.epsilon,
        )
        outputs = tf.reshape(outputs, tf.shape(inputs))
        outputs.set_shape(inputs.shape)
        return tf.cast(outputs, self.compute_dtype)

    def _here(self, inputs):
        """How many groups this device's rows are."""
        devices, rows = replicas.count(), inputs.shape[0]
        if self.groups % devices:
            raise must(
                "groups", f"a multiple of the {devices} devices", self.groups
            )
        here = self.groups // devices
        if rows is not None and rows % here:
            raise must("batch", f"a multiple of {here} groups", rows)
        return here
