"""How far training is."""

import sys
import time

from tfcmc.foundation.lazy import keras
from tfcmc.report.summary import clock


class ShowProgress(keras.callbacks.Callback):
    """Prints a line an epoch, and on a terminal one that moves.

    Args:
        epochs: Epochs in all.
        first_step: Steps done before this process.
        last_step: Steps done after it.
        steps_per_epoch: Steps an epoch.
        batch_size: Pictures a step.
    """

    def __init__(
        self, *, epochs, first_step, last_step, steps_per_epoch, batch_size
    ):
        super().__init__()
        self._epochs = epochs
        self._steps = steps_per_epoch
        self._batch_size = batch_size
        self._last = last_step
        self._left = last_step - first_step
        self._measured = 0
        self._seconds = 0.0
        self._shown = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self._left -= 1
        # The first step traces and compiles: it says nothing of the rest.
        if self._measured or batch:
            self._measured += 1
            self._seconds += now - self._batch_start
        if sys.stdout.isatty() and now - self._shown > 0.2:
            self._shown = now
            print(
                f"\r  epoch {self._epoch}/{self._epochs}  step "
                f"{self._within()}/{self._steps}  loss {logs['loss']:.4f}  "
                f"{self._speed()}",
                end="\033[K",
                flush=True,
            )

    def on_epoch_end(self, epoch, logs=None):
        if sys.stdout.isatty():
            print("\r", end="\033[K")
        print(
            f"  epoch {epoch + 1:>3}/{self._epochs}  loss {logs['loss']:.4f}"
            f"  alignment {logs['alignment']:.3f}"
            f"  uniformity {logs['uniformity']:.3f}"
            f"  rank {logs['effective_rank']:.0f}"
            f"  {self._speed()}",
            flush=True,
        )

    def _within(self):
        """Steps of the epoch at hand that are done."""
        return (self._last - self._left - 1) % self._steps + 1

    def _speed(self):
        if not self._measured:
            return ""
        step = self._seconds / self._measured
        return (
            f"{self._batch_size / step:,.0f} images/s  "
            f"{clock(self._left * step)} left"
        )
