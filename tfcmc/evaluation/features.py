"""Frozen features of pictures: the only place that runs an encoder."""

import dataclasses
import hashlib

import numpy as np

from tfcmc.data.pictures import in_batches
from tfcmc.encoders import FEATURES
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise

BATCH = 256


@dataclasses.dataclass(frozen=True)
class Encoded:
    """What trained branches make of the same pictures."""

    features: tuple  # one array [count, features] a branch: what probes read
    # One array [count, dim] a view, of unit length: what the loss compared.
    # The directions of the features where there is no head.
    embeddings: tuple

    def joined(self) -> np.ndarray:
        """Returns the features of all branches side by side."""
        return np.concatenate(self.features, axis=1)

    def take(self, rows) -> "Encoded":
        """Returns the same of the pictures of these rows only."""
        return Encoded(
            tuple(array[rows] for array in self.features),
            tuple(array[rows] for array in self.embeddings),
        )

    def __len__(self):
        return len(self.features[0])


class Reader:
    """Encodes pictures by branches, with the weights that these have then.

    Args:
        branches: One functional model a branch, with a layer "features".
        follow: Called before held-out pictures are encoded, where something
            has to be brought up to date first; or None.
    """

    def __init__(self, views, branches, follow=None):
        self._views = views
        self._follow = follow or (lambda: None)
        models = [
            keras.Model(
                branch.inputs[0],
                [
                    branch.get_layer(FEATURES).output,
                    branch.outputs[0],
                    *_rectified(branch),
                ],
            )
            for branch in branches
        ]
        of_view = [views.branches.index(name) for name in views.branch]

        def whole(pictures):
            outputs = []
            inputs = views.whole(pictures)
            for model, shown in zip(models, inputs, strict=True):
                # A layer that draws takes reading for training, untold.
                features, embedding, *rectified = model(shown, training=False)
                outputs.append(
                    (
                        tf.cast(features, tf.float32),
                        normalise(embedding),
                        _highest(rectified),
                    )
                )
            return outputs

        def compared(pictures, draws):
            shown = zip(of_view, views.convert(pictures, draws), strict=True)
            return [
                normalise(branches[number](view, training=False))
                for number, view in shown
            ]

        # Traced once, here: shapes are not part of the signature.
        pictures = tf.TensorSpec([None, None, None, 3], tf.uint8)
        self._whole = _traced(whole, pictures)
        self._compared = None
        if views.judged is not None:
            drawn = views.judged(range(1), 1)
            draws = tf.TensorSpec([None, *drawn.shape[1:]], tf.float32)
            self._compared = _traced(compared, pictures, draws)

    def whole(self, batch) -> Encoded:
        """Encodes one batch of pictures without any draw.

        Args:
            batch: `[count, side, side, 3]`, uint8, count from 1 to `BATCH`.

        Returns:
            `Encoded`, float32, embeddings too one a branch.

        Raises:
            UsageError: if a feature is not finite: no number may rest on it.
        """
        return self._read(batch)[0]

    def read(self, pictures) -> Encoded:
        """Encodes any number of pictures, as `whole` does a batch.

        Args:
            pictures: Pictures, as in `tfcmc.data.pictures`.

        Returns:
            `Encoded`, float32, embeddings too one a branch.
        """
        return _joined(map(self.whole, in_batches(pictures, BATCH)))

    def encode(self, pictures) -> Encoded:
        """Encodes held-out pictures, their views as they are compared.

        Args:
            pictures: Pictures, as in `tfcmc.data.pictures`.

        Returns:
            `Encoded`, float32.
        """
        return self.watch(pictures)[0]

    def watch(self, pictures) -> tuple:
        """Encodes held-out pictures, and sees which ReLU channels fire.

        Args:
            pictures: Pictures, as in `tfcmc.data.pictures`.

        Returns:
            `(encoded, dead)`: `Encoded` as `encode` gives them, and a branch's
            share of channels that are 0 for every picture; 0 where no ReLU
            ends a layer.
        """
        self._follow()
        found, highest, start = [], [], 0
        for batch in in_batches(pictures, BATCH):
            encoded, channels = self._read(batch)
            highest.append(channels)
            if self._compared is not None:
                numbers = start + _padded(np.arange(len(batch)))
                draws = self._views.judged(numbers, len(pictures))
                outputs = self._compared(
                    tf.constant(_padded(batch)), tf.constant(draws)
                )
                encoded = _finite(
                    encoded.features,
                    tuple(each.numpy()[: len(batch)] for each in outputs),
                )
            found.append(encoded)
            start += len(batch)
        dead = [
            float(np.mean(np.max(of_branch, axis=0) <= 0))
            if of_branch[0].size
            else 0.0
            for of_branch in zip(*highest, strict=True)
        ]
        return _joined(found), dead

    def _read(self, batch):
        """`whole`, and of each branch the highest output of ReLU channels."""
        outputs = self._whole(tf.constant(_padded(batch)))
        features, embeddings, highest = (
            [each.numpy() for each in kind]
            for kind in zip(*outputs, strict=True)
        )
        kept = [
            tuple(each[: len(batch)] for each in kind)
            for kind in (features, embeddings)
        ]
        return _finite(*kept), highest


def weights_hash(encoder):
    """Returns the SHA-256 of an encoder's weights, as hexadecimal text."""
    digest = hashlib.sha256()
    for array in encoder.get_weights():
        digest.update(str((array.dtype, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _traced(function, *signature):
    """A function of tensors, compiled for any number of pictures."""
    compiled = tf.function(function, input_signature=signature)
    return compiled.get_concrete_function()


def _joined(batches):
    """The `Encoded` of several batches, as that of all of them."""
    kinds = zip(
        *((each.features, each.embeddings) for each in batches), strict=True
    )
    return Encoded(
        *(
            tuple(map(np.concatenate, zip(*arrays, strict=True)))
            for arrays in kinds
        )
    )


def _finite(features, embeddings):
    """What was encoded, if all of it are numbers."""
    for array in (*features, *embeddings):
        if not np.all(np.isfinite(array)):
            bad = int(np.sum(~np.isfinite(array).all(axis=1)))
            raise must("features", "finite", f"{bad} pictures' that are not")
    return Encoded(features, embeddings)


def _rectified(branch):
    """The outputs of ReLUs in a branch; their layers may be another's too."""
    graph = getattr(branch, "_functional", branch)  # of a `Sequential`
    own = {id(n) for nodes in graph._nodes_by_depth.values() for n in nodes}
    return [
        output
        for layer in branch.layers
        if _ends_in_relu(layer)
        for node in layer._inbound_nodes
        if id(node) in own
        for output in node.outputs
    ]


def _ends_in_relu(layer):
    activation = getattr(layer, "activation", None)
    return activation is keras.activations.relu or isinstance(
        layer, keras.layers.ReLU
    )


def _highest(outputs):
    """Returns each channel's highest value over pictures and places."""
    channels = [tf.zeros([0])]
    for output in tf.nest.flatten(outputs):
        places = list(range(output.shape.rank - 1))
        channels.append(tf.cast(tf.reduce_max(output, places), tf.float32))
    return tf.concat(channels, axis=0)


def _padded(batch):
    """Fills the last batch, so that one compiled function serves all."""
    missing = BATCH - len(batch)
    if missing == 0:
        return batch
    return np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)])
