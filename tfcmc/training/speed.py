"""How long a step of training takes, once it is compiled."""

import time

from tfcmc.distribute.strategies import distribute
from tfcmc.foundation.lazy import keras
from tfcmc.training.interval import WARM

FEWEST, MOST = 5, 200  # steps to measure


class _Clock(keras.callbacks.Callback):
    """Notes when each step ended; its loss is known by then."""

    def __init__(self):
        super().__init__()
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())

    def seconds(self):
        """The mean time from one step's end to the next."""
        return (self.ends[-1] - self.ends[0]) / (len(self.ends) - 1)


def seconds_a_step(model, strategy, stream, seconds: float) -> float:
    """Trains for a while and says what one step takes, without compiling.

    Reading is part of it, as in training; what is done between epochs is not.

    Args:
        model: A compiled model. It learns: it is not to be used afterwards.
        strategy: The `tf.distribute` strategy that it is of.
        seconds: About how long to measure.
    """
    warm = _Clock()
    _train(model, strategy, stream, 0, WARM, warm)
    wanted = round(seconds / max(warm.seconds(), 1e-4))
    clock = _Clock()
    count = min(max(wanted, FEWEST), MOST)
    _train(model, strategy, stream, WARM, count + 1, clock)
    return clock.seconds()


def _train(model, strategy, stream, start, steps, clock):
    """Trains for some steps, whatever epochs they are of."""
    with stream.told():
        model.fit(
            distribute(
                strategy, lambda *part: stream.dataset(start, steps, *part)
            ),
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
