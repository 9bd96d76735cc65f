"""A trace of some steps, for TensorBoard's profiler."""

import shlex
import sys

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf
from tfcmc.training.interval import steps_of
from tfcmc.training.progress import CLEARED


class Profile(keras.callbacks.Callback):
    """Writes a trace of some steps, counted from where this process begins.

    A context manager: what ends the training ends the trace.

    Args:
        folder: Where TensorBoard finds it, a string.
        text: As for `steps_of`.
        count: How many steps this process trains.

    Raises:
        UsageError: if it does not train those.
    """

    def __init__(self, folder: str, text: str, count: int):
        super().__init__()
        self._folder = folder
        self._first, self._last = steps_of(text)
        if self._last > count:
            raise must("profile", f"of the {count:,} steps to train", text)
        self._step = 0
        self._traces = False
        self._trace = None

    def on_train_batch_begin(self, batch, logs=None):
        self._step += 1
        if self._step == self._first:
            tf.profiler.experimental.start(self._folder)
            self._traces = True
        if self._traces:
            self._trace = tf.profiler.experimental.Trace(
                "train", step_num=self._step, _r=1
            )
            self._trace.__enter__()

    def on_train_batch_end(self, batch, logs=None):
        if self._trace is None:
            return
        self._trace.__exit__(None, None, None)
        self._trace = None
        if self._step == self._last:
            self.__exit__()
            shown = shlex.join(["tensorboard", f"--logdir={self._folder}"])
            print(
                f"{CLEARED if sys.stdout.isatty() else ''}trace of steps "
                f"{self._first} to {self._last}: {shown} (with the extra "
                f"`profile`)"
            )

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        if self._traces:
            self._traces = False
            tf.profiler.experimental.stop()
