"""What is written while a run trains, and going on from it."""

import time

import numpy as np

from tfcmc.foundation.lazy import keras, tf
from tfcmc.foundation.signals import Interrupted
from tfcmc.foundation.variables import assign
from tfcmc.report.summary import place
from tfcmc.training.checkpoints import Checkpoint


class SaveHistory(keras.callbacks.Callback):
    """Writes a row an epoch to `history.csv` and TensorBoard.

    Its seconds are those of the steps: the first of a process traces and
    compiles, and counts as the others of its epoch do; what is measured
    between epochs does not count.

    Args:
        rows: The rows of the epochs before.
        seconds: What the steps of the epoch at hand have taken already.
        more: What every row says beside what is logged.
        pace: The `Pace`, which comes before it; TensorBoard shows it.
    """

    def __init__(self, run, rows, seconds=0.0, more=None, pace=None):
        super().__init__()
        self._pace = pace
        self._more = more or {}
        self._run = run
        self._before = seconds
        self._compiled = False
        self.rows = list(rows)

    def seconds(self):
        """Returns what the steps of the epoch at hand have taken so far."""
        if not self._counted:
            return self._before + self._first
        return self._before + self._spent * self._steps / self._counted

    def on_train_begin(self, logs=None):
        self._writer = tf.summary.create_file_writer(
            str(self._run.tensorboard)
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._end = time.perf_counter()
        self._spent, self._steps, self._counted = 0.0, 0, 0
        self._first = 0.0

    def on_train_batch_end(self, batch, logs=None):
        before, self._end = self._end, time.perf_counter()
        self._steps += 1
        if self._compiled:
            self._counted += 1
            self._spent += self._end - before
        else:
            self._first = self._end - before
            self._compiled = True

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, "seconds": round(self.seconds(), 3)} | {
            name: float(value) for name, value in logs.items()
        }
        row |= self._more
        self._before = 0.0
        self.rows.append(row)
        self._run.write_history(self.rows)
        with self._writer.as_default(step=epoch + 1):
            for name, value in logs.items():
                tf.summary.scalar(f"epoch/{name}", value)
            paced = self._pace.of_epoch() if self._pace else {}
            for name, value in paced.items():
                tf.summary.scalar(f"pace/{name}", value)
        self._writer.flush()

    def on_train_end(self, logs=None):
        self._writer.close()


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves everything training needs to go on.

    At the end of every epoch, as often as is asked for in between, and before
    it stops because it was told to.

    Args:
        checkpoints: `Checkpoints`; None on a machine that is not the chief.
        history: The `SaveHistory`, which comes before it.
        identity: That of the run, as `tfcmc.runs.identity` says.
        steps_per_epoch: Steps an epoch.
        last_step: The last one of all.
        due: `() -> bool`, asked after every step.
        told: `() -> a signal's number or None`, asked after every step.
    """

    def __init__(
        self,
        checkpoints,
        history,
        *,
        identity,
        steps_per_epoch,
        last_step,
        due,
        told,
    ):
        super().__init__()
        self._identity = identity
        self._checkpoints = checkpoints
        self._history = history
        self._steps = steps_per_epoch
        self._last = last_step
        self._due = due
        self._told = told

    def on_train_batch_end(self, batch, logs=None):
        due, number = self._due(), self._told()
        if not due and number is None:
            return
        step = self.model.steps_done()
        if step % self._steps == 0 or step == self._last:
            return  # the end of the epoch saves, with its row
        self._save(self._history.seconds())
        if number is not None:
            saved = self._checkpoints and place(step, self._steps)
            raise Interrupted(number, saved)

    def on_epoch_end(self, epoch, logs=None):
        self._save(0.0)
        step = self.model.steps_done()
        # Of one step, an epoch has no other place to stop at.
        if self._steps == 1 and step != self._last and self._told():
            saved = self._checkpoints and place(step, self._steps)
            raise Interrupted(self._told(), saved)

    def _save(self, seconds):
        if self._checkpoints is None:
            return
        state = {
            "identity": self._identity,
            "rows": self._history.rows,
            "seconds": seconds,
        }
        arrays = {
            path: _known(variable.numpy())
            for path, variable in self.model.state().items()
        }
        self._checkpoints.save(
            Checkpoint(self.model.steps_done(), arrays, state)
        )


def _known(array):
    """An array as files have it: NumPy has no bfloat16 of its own."""
    return array.astype(np.float32) if array.dtype.kind == "V" else array


class GoOn(keras.callbacks.Callback):
    """Goes on with the running means of an epoch that was begun.

    Keras forgets them at the start of every epoch, so that they have to be
    set after that.

    Args:
        model: The model, at the checkpoint.
    """

    def __init__(self, model):
        super().__init__()
        self._means = [
            variable.value.numpy() for variable in model.metrics_variables
        ]

    def on_epoch_begin(self, epoch, logs=None):
        if self._means is None:
            return
        assign(self.model.metrics_variables, self._means)
        self._means = None
