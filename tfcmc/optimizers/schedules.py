"""The learning rate over the steps of a training."""

import dataclasses
import itertools

from tfcmc.foundation.errors import is_number, must
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Number
from tfcmc.optimizers.base import SCHEDULES


@dataclasses.dataclass(frozen=True)
class Shares:
    """The option that is some numbers between 0 and 1, in rising order."""

    def check(self, name, value):
        """Raises a `UsageError` unless the value is such a tuple."""
        legal = (
            isinstance(value, tuple)
            and len(value) > 0
            and all(is_number(each) and 0 < each < 1 for each in value)
            and all(low < high for low, high in itertools.pairwise(value))
        )
        if not legal:
            raise must(
                name,
                "rising numbers above 0 and below 1, as (0.6, 0.8)",
                value,
            )


@SCHEDULES.register("constant")
def constant(rate: float, steps: int, warmup: float) -> float:
    """Keeps the rate."""
    del steps, warmup
    return float(rate)


@SCHEDULES.register("cosine", extra={"warms": True})
def cosine(rate: float, steps: int, warmup: float):
    """Rises in a line, then falls to 0 along half a cosine.

    Formula: with w = round(warmup steps), rate s / w at step s below w, and
        rate (1 + cos(pi (s - w) / (steps - w))) / 2 from there.

    Args:
        rate: The learning rate at its highest.
        steps: How many the training has, from 1.
        warmup: Share of the steps that it rises for, from 0 to 1.

    Returns:
        A `LearningRateSchedule`.

    Reference: Loshchilov and Hutter 2017, "SGDR", equation 5, one period;
        the warm-up of Goyal et al. 2017, section 2.2.
    """
    warmup = round(warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else rate,
        decay_steps=max(1, steps - warmup),
        warmup_target=rate if warmup else None,
        warmup_steps=warmup,
    )


@SCHEDULES.register("steps", at=Shares(), factor=Number(above=0, below=1))
def steps(
    rate: float,
    steps: int,
    warmup: float,
    *,
    at: tuple = (0.6, 0.8),
    factor: float = 0.1,
):
    """Falls by a factor at some points, as at epochs 120 and 160 of 200.

    Formula: rate factor^n at step s, n the number of shares a in `at` with
        round(a steps) <= s.

    Args:
        rate: The learning rate at the start.
        steps: How many the training has, from 1.
        warmup: Not read: none of the papers that fall in steps warms up.
        at: Where it falls, shares of the training in rising order.
        factor: What it is multiplied by, above 0 and below 1.

    Returns:
        A `LearningRateSchedule`.

    Reference: Wu et al. 2018 and Tian et al. 2019, both in their code; He et
        al. 2020, section 4.
    """
    del warmup
    return keras.optimizers.schedules.PiecewiseConstantDecay(
        # Keras's last step before, not the first after.
        [round(share * steps) - 1 for share in at],
        [float(rate) * factor**falls for falls in range(len(at) + 1)],
    )
