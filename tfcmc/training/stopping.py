"""Where there is nothing left to train for."""

import math

from tfcmc.evaluation.doctor import examine
from tfcmc.foundation.errors import TrainingFailed
from tfcmc.foundation.lazy import keras


class NotFinite(TrainingFailed):
    """The loss is not a finite number any more.

    Args:
        step: The step, counted from the start of training.
        loss: What it was.
    """

    def __init__(self, step, loss):
        super().__init__(f"the loss is {loss} at step {step}")
        self.step = step


class Collapsed(TrainingFailed):
    """The representation has collapsed, and the user wanted to stop then.

    Args:
        finding: The `Finding`.
    """

    def __init__(self, finding):
        super().__init__(f"epoch {finding.epoch}: {finding.words}")
        self.finding = finding


class StopWhenNotFinite(keras.callbacks.Callback):
    """Raises `NotFinite` at the first step whose loss is no number."""

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise NotFinite(self.model.steps_done() - 1, logs["loss"])


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
