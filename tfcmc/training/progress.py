"""How far training is."""

import sys
import time

from tfcmc.foundation.lazy import keras
from tfcmc.report.summary import clock

WIDTH = 120  # columns
WAIT = 0.01  # share of a step below which nothing is said of it
CLEARED = "\r\033[K"  # the line that moves on a terminal


class ShowProgress(keras.callbacks.Callback):
    """Prints a line an epoch, and on a terminal one that moves.

    What is left is told as if the epochs to come took as long as the last one
    from their last step on: they are measured and saved, too.

    Args:
        epochs: Epochs in all.
        first_step: Steps done before this process.
        last_step: Steps done after it.
        steps_per_epoch: Steps an epoch.
        batch_size: Pictures a step.
        pace: The `Pace`, which comes before it.
    """

    def __init__(
        self,
        *,
        epochs,
        first_step,
        last_step,
        steps_per_epoch,
        batch_size,
        pace,
    ):
        super().__init__()
        self._epochs = epochs
        self._steps = steps_per_epoch
        self._batch_size = batch_size
        self._last = last_step
        self._left = last_step - first_step
        self._pace = pace
        self._shown = 0.0
        self._after = 0.0  # seconds from an epoch's last step on

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1
        self._ends = self._epochs - epoch

    def on_train_batch_end(self, batch, logs=None):
        self._stepped = now = time.perf_counter()
        self._left -= 1
        if sys.stdout.isatty() and now - self._shown > 0.2:
            self._shown = now
            step = (self._last - self._left - 1) % self._steps + 1
            line = fitting(
                f"  epoch {self._epoch}/{self._epochs}",
                f"step {step}/{self._steps}",
                f"loss {logs['loss']:.4f}",
                self._rate(),
                *self._speed(),
            )
            print(f"\r{line}", end="\033[K", flush=True)

    def on_epoch_end(self, epoch, logs=None):
        self._after = time.perf_counter() - self._stepped
        self._ends -= 1
        if sys.stdout.isatty():
            print(CLEARED, end="")
        line = fitting(
            f"  epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}",
            f"loss {logs['loss']:.4f}",
            f"alignment {logs['alignment']:.3f}",
            f"uniformity {logs['uniformity']:.3f}",
            f"rank {logs['effective_rank']:.0f}",
            *self._speed(),
        )
        print(line, flush=True)

    def _rate(self):
        """Pictures a second, of all steps."""
        if not self._pace.steps:
            return ""
        pictures = self._batch_size * self._pace.steps
        return f"{pictures / self._pace.seconds:,.0f} images/s"

    def _speed(self):
        """A step of the epoch, what is left, the wait for pictures, memory."""
        found = self._pace.of_epoch()
        if not found:
            return
        yield f"{found['step_ms']:,.0f} ms"
        step = self._pace.seconds / self._pace.steps
        left = self._left * step + self._ends * self._after
        yield f"{clock(left)} left"
        if found["input_wait"] >= WAIT:
            yield f"wait {found['input_wait']:.0%}"
        if "device_memory_gib" in found:
            yield f"{found['device_memory_gib']:.1f} GiB"


def fitting(first: str, *parts: str) -> str:
    """Joins parts, leaving out what would make the line too wide."""
    for part in filter(None, parts):
        longer = f"{first}  {part}"
        first = longer if len(longer) <= WIDTH else first
    return first
