"""Adam, Keras's own."""

from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Number
from tfcmc.optimizers.base import OPTIMIZERS


@OPTIMIZERS.register(
    "adam",
    beta_1=Number(at_least=0, below=1),
    beta_2=Number(at_least=0, below=1),
)
def adam(rate: float, schedule, *, beta_1: float = 0.5, beta_2: float = 0.999):
    """Scales each weight's mean gradient by the root of its mean square.

    Formula: m <- beta_1 m + (1 - beta_1) g, v <- beta_2 v + (1 - beta_2) g^2,
        w <- w - lr m' / (sqrt(v') + e), where m' = m / (1 - beta_1^t),
        v' = v / (1 - beta_2^t) and e = 1e-7 / sqrt(1 - beta_2^t) at step t,
        from 1.

    Args:
        rate: Not read.
        schedule: lr, a float or a `LearningRateSchedule`.
        beta_1: Weight of the mean so far, from 0 to below 1.
        beta_2: Weight of the mean square so far, from 0 to below 1.

    Returns:
        A `keras.optimizers.Adam`.

    Reference: Kingma and Ba 2015.
    """
    del rate
    return keras.optimizers.Adam(schedule, beta_1=beta_1, beta_2=beta_2)
