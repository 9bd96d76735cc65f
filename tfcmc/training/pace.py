"""How fast training goes, and what it waits for."""

import time

from tfcmc.distribute.strategies import distribute
from tfcmc.foundation.lazy import keras, tf
from tfcmc.training.interval import WARM

GIB = 2.0**30
FEWEST, MOST = 5, 200  # steps that `seconds_a_step` measures


class Pace(keras.callbacks.Callback):
    """Measures steps, and how long each waits for its batch.

    A step begins and ends where Keras's loop has its loss, so that nothing
    waits for the device that would not; its batch comes late where the time
    at which the stream had made it, which costs one entry of a dict, lies
    after the step's begin. The first step traces and compiles, and does not
    count. It is the first of the callbacks.

    Args:
        made: The step of each batch to when it was made, of the stream.
        first_step: Steps done before this process.

    Attributes:
        steps: How many were measured.
        seconds: What they took.
    """

    def __init__(self, made: dict, first_step: int):
        super().__init__()
        self._made = made
        self._step = first_step
        self._first = True
        self.steps, self.seconds, self._waited = 0, 0.0, 0.0
        self._before = (0, 0.0, 0.0)

    def on_epoch_begin(self, epoch, logs=None):
        self._before = (self.steps, self.seconds, self._waited)

    def on_train_batch_begin(self, batch, logs=None):
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        made = self._made.pop(self._step, self._start)
        self._step += 1
        if not self._first:
            self.steps += 1
            self.seconds += now - self._start
            self._waited += max(0.0, min(made, now) - self._start)
        self._first = False

    def of_epoch(self) -> dict:
        """What is known of the epoch at hand, of some steps or none.

        Returns:
            `step_ms`; `input_wait`, a share of the steps' time; and on a GPU
            `device_memory_gib`, the most that one has used so far.
        """
        steps, seconds, waited = (
            now - before
            for now, before in zip(
                (self.steps, self.seconds, self._waited),
                self._before,
                strict=True,
            )
        )
        if not steps:
            return {}
        found = {
            "step_ms": 1000 * seconds / steps,
            "input_wait": waited / seconds,
        }
        memory = tf.config.experimental.get_memory_info
        if gpus := tf.config.list_logical_devices("GPU"):
            used = [memory(each.name)["peak"] for each in gpus]
            found["device_memory_gib"] = max(used) / GIB
        return found


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
