"""Training in float16, whose smallest gradients would be lost unscaled."""

from tfcmc.foundation.lazy import keras, tf


@keras.saving.register_keras_serializable(package="tfcmc")
class LossScaled(keras.optimizers.LossScaleOptimizer):
    """Keras's, where a step is a step on every device and if it is skipped.

    Keras's own counts no step whose gradients overflow, by which data and
    schedule would fall behind; and each device skips by its own part of them,
    though it is their sum that all apply (Keras 3.15).

    Args:
        inner_optimizer: The Keras optimizer that is given the gradients.
        initial_scale: What gradients are multiplied by at first.
        dynamic_growth_steps: Steps without an overflow after which it doubles.
    """

    @property
    def variables(self):
        """Its own and the inner one's, without those that it never reads."""
        own = [self.step_counter, self.dynamic_scale] if self.built else []
        return own + self.inner_optimizer.variables

    def build(self, var_list):
        """Makes the variables, once."""
        if not self.built:
            super().build(var_list)

    def check_finite(self, grads):
        """Whether the sum over all devices is finite: one answer on all."""
        strange = tf.cast(~super().check_finite(grads), tf.float32)
        context = tf.distribute.get_replica_context()
        if context.num_replicas_in_sync > 1:
            strange = context.all_reduce(tf.distribute.ReduceOp.SUM, strange)
        return tf.equal(strange, 0.0)

    def _stateful_handle_non_finite_grads(self):
        super()._stateful_handle_non_finite_grads()
        self.inner_optimizer.iterations.assign_add(1)


def amplified(loss, optimizer):
    """Returns a loss whose gradients are those that an optimizer scales back.

    Args:
        loss: A scalar.
    """
    if not isinstance(optimizer, LossScaled):
        return loss
    scale = tf.convert_to_tensor(optimizer.dynamic_scale)

    @tf.custom_gradient
    def same(value):
        return value, lambda upstream: upstream * scale

    return same(loss)
