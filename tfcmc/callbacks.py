"""What happens beside training: measuring, saving, telling."""

import math
import sys
import time

from tfcmc.doctor import examine
from tfcmc.evaluation.features import dead_shares, encode
from tfcmc.evaluation.verdict import sphere
from tfcmc.lazy import keras, tf
from tfcmc.probes import leave_one_out
from tfcmc.summary import clock


class NotFinite(ArithmeticError):
    """The loss is not a finite number any more.

    Args:
        step: The step, counted from the start of training.
        loss: What it was.
    """

    def __init__(self, step, loss):
        super().__init__(f"the loss is {loss} at step {step}")
        self.step = step


class Collapsed(ArithmeticError):
    """The representation has collapsed, and the user wanted to stop then.

    Args:
        finding: The `Finding`.
    """

    def __init__(self, finding):
        super().__init__(f"epoch {finding.epoch}: {finding.words}")
        self.finding = finding


class StopWhenNotFinite(keras.callbacks.Callback):
    """Raises `NotFinite` at the first step whose loss is no number."""

    def __init__(self, steps_per_epoch):
        super().__init__()
        self._steps_per_epoch = steps_per_epoch
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            step = self._epoch * self._steps_per_epoch + batch
            raise NotFinite(step, logs["loss"])


class MeasureRepresentation(keras.callbacks.Callback):
    """Adds what held-out pictures look like to the logs of every epoch.

    The shape of their embeddings; `dead_NAME`, the share of each view's ReLU
    channels that never fire; and, of labelled pictures, `knn`, the accuracy
    of the vote of each one's nearest neighbours among the others.

    Args:
        read: What `make_reader` returned.
        read_activity: What `make_activity_reader` returned.
        held_out: A `Split`.
        names: The name of each view.
        alpha: Exponent of the alignment.
        t: Sharpness of the uniformity.
    """

    def __init__(self, read, read_activity, held_out, names, *, alpha, t):
        super().__init__()
        self._read = read
        self._read_activity = read_activity
        self._held_out = held_out
        self._names = names
        self._constants = {"alpha": alpha, "t": t}

    def on_epoch_end(self, epoch, logs=None):
        encoded = encode(self._read, self._held_out.pictures)
        measured = sphere(self._names, encoded, **self._constants)
        del measured["images"]
        dead = dead_shares(self._read_activity, self._held_out.pictures)
        for name, share in zip(self._names, dead, strict=True):
            measured[f"dead_{name}"] = share
        if self._held_out.labels is not None:
            measured["knn"] = leave_one_out(
                encoded.both(), self._held_out.labels
            )
        logs.update(measured)


class SaveHistory(keras.callbacks.Callback):
    """Writes a row an epoch to `history.csv` and TensorBoard.

    Args:
        run: The `Run`.
        rows: The rows of the epochs before.
    """

    def __init__(self, run, rows):
        super().__init__()
        self._run = run
        self.rows = list(rows)

    def on_train_begin(self, logs=None):
        self._writer = tf.summary.create_file_writer(
            str(self._run.tensorboard)
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self._start
        row = {"epoch": epoch + 1, "seconds": round(seconds, 3)} | {
            name: float(value) for name, value in logs.items()
        }
        self.rows.append(row)
        self._run.write_history(self.rows)
        with self._writer.as_default(step=epoch + 1):
            for name, value in logs.items():
                tf.summary.scalar(f"epoch/{name}", value)
        self._writer.flush()

    def on_train_end(self, logs=None):
        self._writer.close()


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves everything training needs to go on, at the end of every epoch.

    Args:
        manager: A `tf.train.CheckpointManager`.
    """

    def __init__(self, manager):
        super().__init__()
        self._manager = manager

    def on_epoch_end(self, epoch, logs=None):
        self._manager.save(checkpoint_number=epoch + 1)


class WatchForCollapse(keras.callbacks.Callback):
    """Tells what the collapse doctor finds, at the epoch when it is found.

    Args:
        history: The `SaveHistory`, which comes before it.
        patient: The `Patient`.
        stop: Whether to raise `Collapsed` when nothing is left to learn from.
    """

    def __init__(self, history, patient, *, stop):
        super().__init__()
        self._history = history
        self._patient = patient
        self._stop = stop
        self._ongoing = set()

    def on_train_begin(self, logs=None):
        self._look(tell=False)

    def on_epoch_end(self, epoch, logs=None):
        self._look(tell=True)

    def _look(self, *, tell):
        rows = self._history.rows
        if not rows:
            return
        ongoing = {
            (finding.sign, finding.epoch): finding
            for finding in examine(rows, self._patient)
            if finding.until == rows[-1]["epoch"]
        }
        if tell:
            for key in sorted(ongoing.keys() - self._ongoing):
                finding = ongoing[key]
                print(f"  ! from epoch {finding.epoch}: {finding.words}")
                print(f"    try: {finding.advice}")
            for sign, epoch in sorted(self._ongoing - ongoing.keys()):
                print(f"  ! no longer: {sign} (from epoch {epoch})")
        self._ongoing = set(ongoing)
        for finding in ongoing.values():
            if self._stop and finding.collapse:
                raise Collapsed(finding)


class ShowProgress(keras.callbacks.Callback):
    """Prints a line an epoch, and on a terminal one that moves.

    Args:
        epochs: Epochs in all.
        first_epoch: Where this process starts.
        steps_per_epoch: Steps an epoch.
        batch_size: Pictures a step.
    """

    def __init__(self, *, epochs, first_epoch, steps_per_epoch, batch_size):
        super().__init__()
        self._epochs = epochs
        self._steps = steps_per_epoch
        self._batch_size = batch_size
        self._left = (epochs - first_epoch) * steps_per_epoch
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
                f"{batch + 1}/{self._steps}  loss {logs['loss']:.4f}  "
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

    def _speed(self):
        if not self._measured:
            return ""
        step = self._seconds / self._measured
        return (
            f"{self._batch_size / step:,.0f} images/s  "
            f"{clock(self._left * step)} left"
        )
