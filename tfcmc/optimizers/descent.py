"""Keras optimizers that descend by a velocity, with coupled weight decay."""

from tfcmc.foundation.lazy import keras, tf


class _Descent(keras.optimizers.Optimizer):
    """What SGD and LARS share: velocity, decay, and variables set apart.

    Keras sums gradients over replicas before `update_step`, so decay and
    norms are those of the whole gradient, on every replica alike.

    Args:
        learning_rate: A float or a `LearningRateSchedule`.
        momentum: Weight of the velocity so far.
        weight_decay: Share of a variable that is added to its gradient.
        exclude: "none", or "bias_and_norm": variables of one dimension, and
            biases of any, are neither decayed nor adapted.
        constant_rate: What the variables given to `hold` learn at throughout,
            or None.
    """

    classic = False  # whether the learning rate is inside the velocity
    nesterov = False

    def __init__(
        self,
        learning_rate,
        *,
        weight_decay,
        exclude,
        name,
        momentum=0.9,
        constant_rate=None,
    ):
        # Not as Keras's `weight_decay`, which passes by the momentum.
        super().__init__(learning_rate, name=name)
        self.momentum = momentum
        self.coupled_decay = weight_decay
        self.exclude = exclude
        self.constant_rate = constant_rate
        self._held = set()

    def hold(self, variables):
        """Lets variables learn at the constant rate; call it before `build`.

        Args:
            variables: A list of Keras variables.
        """
        self._held = {self._var_key(variable) for variable in variables}

    def build(self, variables):
        """Makes a velocity for every variable.

        Raises:
            ValueError: if there is a constant rate, and nothing that it is
                held for, or the other way round.
        """
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._excluded = [
            self.exclude != "none" and _is_bias_or_norm(variable)
            for variable in variables
        ]
        self._constant = [
            self._var_key(variable) in self._held for variable in variables
        ]
        if any(self._constant) != (self.constant_rate is not None):
            raise ValueError(
                "`constant_rate` must be given where variables are held, and "
                f"there alone. Received: {self.constant_rate} for "
                f"{sum(self._constant)} variables"
            )

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable.

        Args:
            gradient: Of the variable's shape, summed over replicas.
            variable: The `tf.Variable`.
            learning_rate: This step's.
        """
        index = self._get_variable_index(variable)
        rate = self.constant_rate if self._constant[index] else learning_rate
        rate = keras.ops.cast(rate, variable.dtype)
        gradient = tf.cast(gradient, variable.dtype)
        if not self._excluded[index]:
            gradient = self.decayed(gradient, variable)
        inside, outside = (rate, 1.0) if self.classic else (1.0, rate)
        gradient *= inside
        velocity = self._velocities[index].value
        moved = self.momentum * velocity + gradient
        self.assign(velocity, moved)
        if self.nesterov:
            moved = gradient + self.momentum * moved
        self.assign_sub(variable, outside * moved)

    def decayed(self, gradient, variable):
        """Returns the gradient with the weight decay in it."""
        return gradient + self.coupled_decay * variable

    def get_config(self):
        """Returns its arguments, by which Keras makes it again."""
        base = super().get_config()
        return {
            "name": base["name"],
            "learning_rate": base["learning_rate"],
            "momentum": self.momentum,
            "weight_decay": self.coupled_decay,
            "exclude": self.exclude,
            "constant_rate": self.constant_rate,
        }


@keras.saving.register_keras_serializable(package="tfcmc")
class SGD(_Descent):
    """As `tfcmc.optimizers.sgd.sgd` says."""

    def __init__(self, learning_rate, *, nesterov=False, **common):
        usual = {"weight_decay": 1e-4, "exclude": "none", "name": "sgd"}
        super().__init__(learning_rate, **(usual | common))
        self.nesterov = nesterov

    def get_config(self):
        return super().get_config() | {"nesterov": self.nesterov}


@keras.saving.register_keras_serializable(package="tfcmc")
class LARS(_Descent):
    """As `tfcmc.optimizers.lars.lars` says."""

    def __init__(
        self,
        learning_rate,
        *,
        trust=0.001,
        classic=True,
        denominator="sum",
        **common,
    ):
        usual = {"weight_decay": 1e-6, "exclude": "bias_and_norm"}
        super().__init__(learning_rate, **({"name": "lars"} | usual | common))
        self.trust = trust
        self.classic = classic
        self.denominator = denominator

    def decayed(self, gradient, variable):
        """Returns the decayed gradient, scaled to the weights' length."""
        decayed = super().decayed(gradient, variable)
        weights, length = tf.norm(variable), tf.norm(decayed)
        if self.denominator == "parts":
            length = tf.norm(gradient) + self.coupled_decay * weights
        factor = tf.math.divide_no_nan(self.trust * weights, length)
        return tf.where(factor > 0, factor, 1.0) * decayed

    def get_config(self):
        return super().get_config() | {
            "trust": self.trust,
            "classic": self.classic,
            "denominator": self.denominator,
        }


def _is_bias_or_norm(variable):
    """Says whether it shifts or scales; attention has biases of two axes."""
    return len(variable.shape) < 2 or variable.name == "bias"
