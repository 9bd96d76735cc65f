"""The Keras layer that all batch normalisations are."""

from tfcmc.distribute import replicas
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf


@keras.saving.register_keras_serializable(package="tfcmc")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation of all devices' rows, of each one's, or of groups.

    Formula, of the rows x that go together: gamma (x - mean(x)) /
        sqrt(var(x) + epsilon) + beta. Moving statistics follow the mean over
        the groups of mean(x) and of var(x), the biased one; how far the
        groups' means lie from each other is no part of it. With them it
        infers, as Keras's own, whose arithmetic of training takes two to four
        times as long.

    Args:
        groups: Of the whole batch, or of the piece of it that is computed at
            a time, each of rows that follow each other; every device has an
            equal part of them. None for the rows of a device, or with
            `synchronized` for those of all.
        **options: Of Keras's layer; `axis` is the last one.

    Raises:
        UsageError: in training, if the devices do not divide the groups, or
            the groups the rows.
    """

    def __init__(self, *, groups: int | None = None, **options):
        super().__init__(**options)
        self.groups = groups

    def get_config(self):
        """Returns its arguments, by which Keras makes it again."""
        return super().get_config() | {"groups": self.groups}

    def call(self, inputs, training=None, mask=None):
        """Returns the inputs, normalised, in the precision of the layer."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1:]
        kind = self.variable_dtype
        gamma = self.gamma.value if self.scale else tf.ones(channels, kind)
        beta = self.beta.value if self.center else tf.zeros(channels, kind)
        if self.synchronized and replicas.count() > 1:
            outputs, *found = self._of_all(inputs, gamma, beta)
        else:
            parts = [
                self._alone(part, gamma, beta)
                for part in tf.split(inputs, self._parts(inputs))
            ]
            outputs, *found = zip(*parts, strict=True)
            outputs = tf.concat(outputs, axis=0)
            found = [tf.reduce_mean(each, axis=0) for each in found]
        moving = (self.moving_mean, self.moving_variance)
        for average, new in zip(moving, found, strict=True):
            average.assign(
                average * self.momentum + new * (1.0 - self.momentum)
            )
        return tf.cast(outputs, self.compute_dtype)

    def _parts(self, inputs):
        """How many groups this device's rows are."""
        if self.groups is None:
            return 1
        devices, rows = replicas.count(), inputs.shape[0]
        if self.groups % devices:
            raise must(
                "groups", f"a multiple of the {devices} devices", self.groups
            )
        here = self.groups // devices
        if rows is not None and rows % here:
            raise must("batch", f"a multiple of {here} groups", rows)
        return here

    def _alone(self, inputs, gamma, beta):
        """Outputs, means and biased variances of rows of this device."""
        if inputs.dtype == tf.float64:
            return self._of_rows(inputs, gamma, beta, lambda share: share)
        # The one operation takes pictures alone; vectors are of one place.
        places = inputs
        if len(inputs.shape) != 4:
            places = tf.reshape(inputs, [-1, 1, 1, inputs.shape[-1]])
        none = tf.zeros([0])
        outputs, means, variances, *_ = tf.raw_ops.FusedBatchNormV3(
            x=places,
            scale=gamma,
            offset=beta,
            mean=none,
            variance=none,
            epsilon=self.epsilon,
            is_training=True,
        )
        count = tf.cast(tf.size(places) / tf.shape(places)[-1], tf.float32)
        # It gives the variance of a sample.
        variances *= (count - 1.0) / count
        if places is not inputs:
            outputs = tf.reshape(outputs, tf.shape(inputs))
        return outputs, means, variances

    def _of_all(self, inputs, gamma, beta):
        """The same of the rows of all devices, which have equally many."""

        def mean_of_all(mean):
            return replicas.add(replicas.part_of(mean))

        return self._of_rows(inputs, gamma, beta, mean_of_all)

    def _of_rows(self, inputs, gamma, beta, mean_of_all):
        """The same by their formula; devices' means become those of all."""
        inputs = tf.cast(inputs, gamma.dtype)
        axes = list(range(len(inputs.shape) - 1))
        means = mean_of_all(tf.reduce_mean(inputs, axes))
        # Not by the mean of the squares, which cancels.
        squares = tf.square(inputs - means)
        variances = mean_of_all(tf.reduce_mean(squares, axes))
        outputs = tf.nn.batch_normalization(
            inputs, means, variances, beta, gamma, self.epsilon
        )
        return outputs, means, variances
