"""What held-out pictures look like after every epoch."""

from tfcmc.evaluation.features import dead_shares
from tfcmc.evaluation.probes.knn import leave_one_out
from tfcmc.evaluation.verdict import distances, sphere
from tfcmc.foundation.lazy import keras


class MeasureRepresentation(keras.callbacks.Callback):
    """Adds what held-out pictures look like to the logs of every epoch.

    The shape of their embeddings; mean squared distances, whatever alpha and
    t: `apart`, of two views of a picture, and `spread_NAME`, of the pictures
    in each view; `dead_NAME`, the share of each branch's ReLU channels that
    never fire; and, of labelled pictures, `knn`, the accuracy of the
    vote of each one's nearest neighbours among the others.

    Args:
        reader: A `Reader`.
        read_activity: What `make_activity_reader` returned.
        held_out: A `Split`.
        names: The name of each view.
        branches: The name of each branch.
        alpha: Exponent of the alignment.
        t: Sharpness of the uniformity.
    """

    def __init__(
        self, reader, read_activity, held_out, names, branches, *, alpha, t
    ):
        super().__init__()
        self._reader = reader
        self._read_activity = read_activity
        self._held_out = held_out
        self._names = names
        self._branches = branches
        self._constants = {"alpha": alpha, "t": t}

    def on_epoch_end(self, epoch, logs=None):
        encoded = self._reader.encode(self._held_out.pictures)
        measured = sphere(self._names, encoded, **self._constants)
        del measured["images"]
        measured |= distances(self._names, encoded)
        dead = dead_shares(self._read_activity, self._held_out.pictures)
        for name, share in zip(self._branches, dead, strict=True):
            measured[f"dead_{name}"] = share
        if self._held_out.labels is not None:
            measured["knn"] = leave_one_out(
                encoded.joined(), self._held_out.labels
            )
        logs.update(measured)
