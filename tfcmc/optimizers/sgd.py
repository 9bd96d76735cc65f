"""Gradient descent with momentum and coupled weight decay."""

from tfcmc.foundation.registry import Flag
from tfcmc.optimizers.base import (
    CONSTANT,
    EXCLUDE,
    MOMENTUM,
    OPTIMIZERS,
    WEIGHT_DECAY,
    descent,
)


@OPTIMIZERS.register(
    "sgd",
    momentum=MOMENTUM,
    nesterov=Flag(),
    weight_decay=WEIGHT_DECAY,
    exclude=EXCLUDE,
    constant=CONSTANT,
)
def sgd(
    rate: float,
    schedule,
    *,
    momentum: float = 0.9,
    nesterov: bool = False,
    weight_decay: float = 1e-4,
    exclude: str = "none",
    constant: str = "none",
):
    """Descends along a sum of past gradients, as `torch.optim.SGD`.

    Formula: g <- g + wd w, v <- momentum v + g, w <- w - lr v; with Nesterov
        w <- w - lr (g + momentum v). Weight decay passes through the momentum,
        as in the papers; Keras's own does not.

    Args:
        rate: The highest learning rate, which `constant` variables keep.
        schedule: lr, a float or a `LearningRateSchedule`.
        momentum: Weight of the velocity so far, from 0 to below 1.
        nesterov: Whether to look one step ahead.
        weight_decay: wd, from 0 to 1.
        exclude: Variables without weight decay: "none", or "bias_and_norm".
        constant: What keeps the highest rate: "none", or "predictor", whose
            variables are to be given to `hold`.

    Returns:
        A `tfcmc.optimizers.descent.SGD`.

    Reference: Sutskever et al. 2013. `constant`: Chen and He 2021, section 4.
    """
    return descent.SGD(
        schedule,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
        exclude=exclude,
        constant_rate=None if constant == "none" else rate,
    )
