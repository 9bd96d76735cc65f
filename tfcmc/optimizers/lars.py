"""Layer-wise adaptive rate scaling."""

from tfcmc.foundation.registry import Choice, Flag, Number
from tfcmc.optimizers.base import (
    CONSTANT,
    EXCLUDE,
    MOMENTUM,
    OPTIMIZERS,
    WEIGHT_DECAY,
    descent,
)


@OPTIMIZERS.register(
    "lars",
    momentum=MOMENTUM,
    weight_decay=WEIGHT_DECAY,
    trust=Number(above=0, at_most=1),
    classic=Flag(),
    denominator=Choice(("sum", "parts")),
    exclude=EXCLUDE,
    constant=CONSTANT,
)
def lars(
    rate: float,
    schedule,
    *,
    momentum: float = 0.9,
    weight_decay: float = 1e-6,
    trust: float = 0.001,
    classic: bool = True,
    denominator: str = "sum",
    exclude: str = "bias_and_norm",
    constant: str = "none",
):
    """Gives every layer a step in proportion to the length of its weights.

    Formula: g <- g + wd w, g <- trust |w| / |g| g, and then, classic,
        v <- momentum v + lr g, w <- w - v; or v <- momentum v + g,
        w <- w - lr v. Both are one where lr is constant. The factor is 1
        where |w| or |g| is 0. With `denominator="parts"` it is
        trust |w| / (|g| + wd |w|), g before the decay: the LARC of apex, but
        for gradients of exactly 0, where that does not decay either.

    Args:
        rate: The highest learning rate, which `constant` variables keep.
        schedule: lr, a float or a `LearningRateSchedule`.
        momentum: Weight of the velocity so far, from 0 to below 1.
        weight_decay: wd, from 0 to 1.
        trust: Above 0, at most 1.
        classic: Whether lr is inside the velocity (SimCLR), or outside
            (BYOL, SwAV).
        denominator: "sum", the length of the decayed gradient, or "parts",
            the sum of the two lengths (SwAV).
        exclude: Variables that are neither decayed nor adapted:
            "bias_and_norm", or "none".
        constant: What keeps the highest rate: "none", or "predictor", whose
            variables are to be given to `hold`.

    Returns:
        A `tfcmc.optimizers.descent.LARS`.

    Reference: You et al. 2017, "Large batch training of convolutional
        networks", algorithm 1 (classic); Grill et al. 2020, appendix F.
    """
    return descent.LARS(
        schedule,
        momentum=momentum,
        weight_decay=weight_decay,
        trust=trust,
        classic=classic,
        denominator=denominator,
        exclude=exclude,
        constant_rate=None if constant == "none" else rate,
    )
