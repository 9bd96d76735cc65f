"""The tables, and the options that several optimizers have.

A schedule is a function `(rate, steps, warmup, *, options)`: the highest
learning rate, how many steps there are, and the share of them that the rate
rises for. It returns a float, or a Keras `LearningRateSchedule`.

An optimizer is a function `(rate, schedule, *, options)` that returns a Keras
one: the highest learning rate, and what a schedule made of it. Gradients are
summed over replicas before it sees them: what each passes to `apply` is its
part.
"""

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.registry import Choice, Number, Registry

OPTIMIZERS = Registry("optimizer")
SCHEDULES = Registry("schedule")
# Its classes are subclasses of Keras's.
descent = LazyModule("tfcmc.optimizers.descent", needs_tensorflow=True)

MOMENTUM = Number(at_least=0, below=1)
WEIGHT_DECAY = Number(at_least=0, at_most=1)
# Which variables are neither decayed nor adapted.
EXCLUDE = Choice(("none", "bias_and_norm"))
# What learns at the highest rate throughout.
CONSTANT = Choice(("none", "predictor"))
