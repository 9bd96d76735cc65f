"""What held-out pictures look like after every epoch."""

import functools
import operator

import numpy as np

from tfcmc.evaluation import label_free
from tfcmc.evaluation.freshness import freshness
from tfcmc.evaluation.probes.knn import leave_one_out
from tfcmc.evaluation.verdict import distances, sphere
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.threads import together


def measure(names, encoded, labels, *, alpha: float, t: float) -> dict:
    """Measures held-out pictures, as after every epoch.

    Args:
        names: The name of each view.
        labels: `[count]`, or None.
        alpha: Exponent of the alignment.
        t: Sharpness of the uniformity.
    """
    tasks = [
        functools.partial(sphere, names, encoded, alpha=alpha, t=t),
        functools.partial(label_free.measure, encoded),
        functools.partial(distances, names, encoded),
    ]
    if labels is not None:
        tasks.append(lambda: {"knn": leave_one_out(encoded.joined(), labels)})
    found = functools.reduce(operator.or_, together(*tasks))
    del found["images"]
    return found


class MeasureRepresentation(keras.callbacks.Callback):
    """Adds what held-out pictures look like to the logs of every epoch.

    The shape of their embeddings, and what else tells without labels how good
    they may be; mean squared distances, whatever alpha and t: `apart`, of two
    views of a picture, and `spread_NAME`, of the pictures in each view;
    `dead_NAME`, the share of each branch's ReLU channels that never fire;
    and, of labelled pictures, `knn`, the accuracy of the vote of each one's
    nearest neighbours among the others. Of what training adds to the
    encoders, where there is such a thing: `prototypes`, the share that is the
    nearest of some view; `fresh`, whether the oldest keys of a queue are as
    good as the newest; and `leak`, how much of what tells a positive are the
    statistics of its batch.

    Args:
        names: The name of each view.
        branches: The name of each branch.
        alpha: Exponent of the alignment.
        t: Sharpness of the uniformity.
        batch_size: Pictures a step.
        leak: A `StatisticsLeak`; None where nothing can leak.
    """

    def __init__(
        self,
        reader,
        held_out,
        names,
        branches,
        *,
        alpha,
        t,
        batch_size,
        leak=None,
    ):
        super().__init__()
        self._reader = reader
        self._held_out = held_out
        self._names = names
        self._branches = branches
        self._constants = {"alpha": alpha, "t": t}
        self._batch_size = batch_size
        self._leak = leak

    def on_epoch_end(self, epoch, logs=None):
        encoded, dead = self._reader.watch(self._held_out.pictures)
        labels = self._held_out.labels
        measured = measure(self._names, encoded, labels, **self._constants)
        for name, share in zip(self._branches, dead, strict=True):
            measured[f"dead_{name}"] = share
        logs.update(measured | self._of_training(encoded))

    def _of_training(self, encoded):
        """What training adds to the encoders, by the model's own parts."""
        model, found = self.model, {}
        for loss in model.losses_used:
            if loss.prototypes is not None:
                vectors = np.concatenate(encoded.embeddings)
                found["prototypes"] = loss.prototypes.used(vectors)
        ends = model.memory.ends(model.steps_done() * self._batch_size)
        if ends:
            found["fresh"] = min(
                freshness(encoded.embeddings[view], *keys)
                for view, keys in ends.items()
            )
        if self._leak is not None:
            found["leak"] = self._leak.measure(
                self._held_out.pictures, model.branches, model.followed
            )
        return found
