"""What watches a representation, for any fit of any Keras model."""

import numpy as np

from tfcmc.evaluation.doctor import Patient
from tfcmc.evaluation.features import Encoded
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras
from tfcmc.losses.vectors import normalise
from tfcmc.training.measuring import measure
from tfcmc.training.stopping import Watch

VIEWS = ("first", "second")


class RepresentationMonitor(keras.callbacks.Callback):
    """Adds what held-out examples look like to the logs of every epoch.

    What a run's history has of them: `alignment`, `uniformity` (the mean over
    views, and of each), `effective_rank`, what else tells without labels
    (`lidar`, `alpha_req`, `nesum`, `retrieval_at_1` and `_at_5`,
    `modality_gap`), mean squared distances (`apart`, of the two views of an
    example; `spread_first` and `spread_second`, of examples in each) and, with
    labels, `knn`, the accuracy of the vote of each one's nearest neighbours.

    Args:
        first: One view of held-out examples, an array `[count, ...]`, count
            from 2.
        second: Another view of them.
        labels: `[count]` or `[count, 1]`, or None.
        encoder: What makes vectors `[batch, dim]` of them, a model or a
            layer, or what like these takes `training`; None for the model
            that is fitted.
        batch_size: Examples at a time.
        alpha: Exponent of the alignment.
        t: Sharpness of the uniformity.

    Raises:
        UsageError: if the parts are not of the same examples.
    """

    def __init__(
        self,
        first,
        second,
        *,
        labels=None,
        encoder=None,
        batch_size: int = 256,
        alpha: float = 2.0,
        t: float = 2.0,
    ):
        super().__init__()
        # Keras's own datasets have labels in a column.
        labels = None if labels is None else np.reshape(labels, -1)
        counts = [len(part) for part in (first, second)]
        counts += [] if labels is None else [len(labels)]
        if len({*counts}) > 1 or counts[0] < 2:
            raise must("first", "as long as second and labels, from 2", counts)
        self._views = (np.asarray(first), np.asarray(second))
        self._labels = labels
        self._encoder = encoder
        self._batch_size = batch_size
        self._constants = {"alpha": alpha, "t": t}
        self.dims = None

    def on_epoch_end(self, epoch, logs=None):
        vectors = tuple(map(self._embed, self._views, self._encoders()))
        unit = tuple(normalise(each).numpy() for each in vectors)
        encoded = Encoded(vectors, unit)
        self.dims = min(len(self._views[0]), encoded.joined().shape[1])
        logs.update(measure(VIEWS, encoded, self._labels, **self._constants))

    def _encoders(self):
        """What makes vectors of the first view, and of the second."""
        if self._encoder is not None:
            return self._encoder, self._encoder
        named = getattr(self.model, "encoder", None)
        if isinstance(named, dict):
            if len(named) != 2:
                told = "of two encoders, to be watched"
                raise must("model", told, sorted(named))
            return tuple(named.values())
        return self.model, self.model

    def _embed(self, view, encoder):
        """The vectors of a view, a batch at a time."""
        size = self._batch_size
        starts = range(0, len(view), size)
        found = [
            encoder(view[start : start + size], training=False)
            for start in starts
        ]
        return np.concatenate([np.asarray(each, np.float32) for each in found])


class CollapseDoctor(Watch):
    """Says what goes wrong with a representation, and what to try.

    It reads what a `RepresentationMonitor` before it adds to the logs.

    Args:
        monitor: That one.
        stop: Whether to end the training once nothing is left to learn from.

    Attributes:
        findings: The `Finding`s of the epochs so far.
    """

    def __init__(self, monitor: RepresentationMonitor, *, stop: bool = False):
        super().__init__(stop=stop)
        self._monitor = monitor
        self._rows = []

    def on_epoch_end(self, epoch, logs=None):
        if "apart" not in logs:
            raise must(
                "callbacks",
                "such that the doctor's monitor comes before it",
                sorted(logs),
            )
        # Of another fit, which counted the same epochs.
        self._rows = [row for row in self._rows if row["epoch"] <= epoch]
        self._rows.append({"epoch": epoch + 1, **logs})
        patient = Patient(VIEWS, (), self._monitor.dims, {})
        self.look(self._rows, patient, tell=True)

    def collapsed(self, finding) -> None:
        """Ends the training."""
        self.model.stop_training = True
