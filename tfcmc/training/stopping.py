"""Where there is nothing left to train for."""

import math

from tfcmc.evaluation.doctor import examine
from tfcmc.foundation.errors import TrainingFailed
from tfcmc.foundation.lazy import keras


class NotFinite(TrainingFailed):
    """The loss, or its gradient, is not a finite number any more.

    Args:
        what: Which.
        step: The step, counted from the start of training.
    """

    def __init__(self, what, value, step):
        super().__init__(f"the {what} is {value} at step {step}")
        self.step = step


class Collapsed(TrainingFailed):
    """The representation has collapsed, and the user wanted to stop then."""

    def __init__(self, finding):
        super().__init__(f"epoch {finding.epoch}: {finding.words}")


class StopWhenNotFinite(keras.callbacks.Callback):
    """Raises `NotFinite` at the first step whose loss is no number.

    And at the one whose gradients are none, however little they are scaled.
    """

    def on_train_batch_end(self, batch, logs=None):
        # Steps are asked for only then: a GPU would have to be waited for.
        if not math.isfinite(logs["loss"]):
            raise NotFinite("loss", logs["loss"], self.model.steps_done() - 1)
        scale = getattr(self.model.optimizer, "dynamic_scale", None)
        if scale is not None and scale.numpy() < 1:
            step = self.model.steps_done() - 1
            raise NotFinite("gradient in float16", "too large", step)


class Watch(keras.callbacks.Callback):
    """Tells what the collapse doctor finds, at the epoch when it is found.

    Args:
        stop: Whether `collapsed` is called when nothing is left to learn from.

    Attributes:
        findings: The `Finding`s of all epochs.
    """

    def __init__(self, *, stop):
        super().__init__()
        self._stop = stop
        self._ongoing = set()
        self.findings = []

    def look(self, rows, patient, *, tell) -> None:
        """Examines the rows of a history, and prints what is new.

        Args:
            tell: Whether to print.
        """
        self.findings = examine(rows, patient)
        ongoing = {
            (finding.sign, finding.epoch): finding
            for finding in self.findings
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
                self.collapsed(finding)


class WatchForCollapse(Watch):
    """Watches a run's history, and raises `Collapsed` where it is to stop.

    Args:
        history: The `SaveHistory`, which comes before it.
        stop: Whether to raise when nothing is left to learn from.
    """

    def __init__(self, history, patient, *, stop):
        super().__init__(stop=stop)
        self._history = history
        self._patient = patient

    def on_train_begin(self, logs=None):
        if self._history.rows:
            self.look(self._history.rows, self._patient, tell=False)

    def on_epoch_end(self, epoch, logs=None):
        self.look(self._history.rows, self._patient, tell=True)

    def collapsed(self, finding):
        raise Collapsed(finding)
