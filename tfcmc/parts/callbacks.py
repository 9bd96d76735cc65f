"""What watches a representation, for any fit of any Keras model."""

import numpy as np

from tfcmc.evaluation.doctor import Patient
from tfcmc.evaluation.features import Encoded
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras
from tfcmc.losses.vectors import normalise
from tfcmc.parts.model import ContrastiveModel
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
    Alignment, uniformity, distances and what compares views are of unit
    vectors: of what the loss compares in a `ContrastiveModel`, its heads
    included; of the features elsewhere. Rank, neighbours and spectra
    (`alpha_req`, `nesum`) are of features: those of both views side by side;
    of the first where one encoder makes both.

    Args:
        first: One view of held-out examples, an array `[count, ...]`, count
            from 2.
        second: Another view of them.
        labels: `[count]` or `[count, 1]`, or None.
        encoder: What makes features `[batch, dim]` of them, a model or a
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
        encoders, heads = zip(*self._parts(), strict=True)
        features = tuple(map(self._embed, self._views, encoders))
        compared = [
            each if head is None else self._embed(each, head)
            for each, head in zip(features, heads, strict=True)
        ]
        if encoders[0] is encoders[1]:
            features = features[:1]
        unit = tuple(normalise(each).numpy() for each in compared)
        encoded = Encoded(features, unit)
        self.dims = min(len(self._views[0]), encoded.joined().shape[1])
        logs.update(measure(VIEWS, encoded, self._labels, **self._constants))

    def _parts(self):
        """The encoder and the head, or None, of each view."""
        if self._encoder is not None:
            return [(self._encoder, None)] * 2
        named = getattr(self.model, "encoder", None)
        names = list(named) if isinstance(named, dict) else VIEWS
        if len(names) != 2:
            told = "of two encoders, to be watched"
            raise must("model", told, sorted(names))
        if isinstance(self.model, ContrastiveModel):
            return [self.model.parts_of(name) for name in names]
        if isinstance(named, dict):
            return [(each, None) for each in named.values()]
        return [(self.model, None)] * 2

    def _embed(self, rows, part):
        """What an encoder or a head makes of rows, a batch at a time."""
        size = self._batch_size
        starts = range(0, len(rows), size)
        found = [
            part(rows[start : start + size], training=False)
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
