"""A schedule that begins later than the training."""

from tfcmc.foundation.lazy import keras


class Restarted(keras.optimizers.schedules.LearningRateSchedule):
    """What a schedule says, counted from a later step.

    Args:
        begun: Steps done where it begins.

    Reference: Loshchilov and Hutter 2017, "SGDR".
    """

    def __init__(self, schedule, begun: int):
        self._schedule = schedule
        self._begun = begun

    def __call__(self, step):
        return self._schedule(step - self._begun)
