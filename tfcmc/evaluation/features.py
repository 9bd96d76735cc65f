"""Frozen features of pictures: the only place that runs an encoder."""

import dataclasses
import hashlib

import numpy as np

from tfcmc.data.pictures import in_batches
from tfcmc.encoders import FEATURES
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise
from tfcmc.views.crop import cut

BATCH = 256


@dataclasses.dataclass(frozen=True)
class Encoded:
    """What the encoders of both views make of the same pictures.

    Attributes:
        features: One array `[count, features]` a view: what probes read.
        embeddings: One array `[count, dim]` a view, of unit length: what the
            loss compared. The same directions where there is no projection.
    """

    features: tuple
    embeddings: tuple

    def both(self):
        """Returns the features of both views side by side."""
        return np.concatenate(self.features, axis=1)

    def take(self, rows):
        """Returns the same of the pictures of these rows only."""
        return Encoded(
            tuple(array[rows] for array in self.features),
            tuple(array[rows] for array in self.embeddings),
        )

    def __len__(self):
        return len(self.features[0])


def make_reader(encoders, convert, *, pad, centre):
    """Makes the function that encodes the centre crop of pictures.

    Args:
        encoders: One functional model a view, with a layer called "features".
        convert: Pictures to one tensor a view, as `Views.convert`.
        pad: Pixels of reflection added before the crop.
        centre: `[4]`, the corners of the centre crop, as `corners` gives.

    Returns:
        A function from `[batch, side, side, 3]` uint8 to one
        `(features, embedding)` a view; it reads the encoders' weights as they
        are when it is called.
    """
    models = [
        keras.Model(
            encoder.inputs[0],
            [encoder.get_layer(FEATURES).output, encoder.outputs[0]],
        )
        for encoder in encoders
    ]

    def read(pictures):
        corner = tf.tile(tf.constant(centre)[None], [tf.shape(pictures)[0], 1])
        outputs = []
        for model, view in zip(models, convert(pictures), strict=True):
            features, embedding = model(cut(view, corner, pad))
            outputs.append(
                (tf.cast(features, tf.float32), normalise(embedding))
            )
        return outputs

    # Traced once, here: shapes are not part of the signature.
    signature = [tf.TensorSpec([None, None, None, 3], tf.uint8)]
    return tf.function(read, input_signature=signature).get_concrete_function()


def make_activity_reader(encoders, convert, *, pad, centre):
    """Makes the function that finds which ReLU channels fire for pictures.

    Args:
        encoders: One functional model a view.
        convert: Pictures to one tensor a view, as `Views.convert`.
        pad: Pixels of reflection added before the crop.
        centre: `[4]`, the corners of the centre crop, as `corners` gives.

    Returns:
        A function from `[batch, side, side, 3]` uint8 to one `[channels]` a
        view: the highest output of every channel that a ReLU ends; 0 of one
        that never fires. Empty for an encoder without ReLUs.
    """
    models = [
        keras.Model(
            encoder.inputs[0],
            [layer.output for layer in encoder.layers if _ends_in_relu(layer)],
        )
        for encoder in encoders
    ]

    def read(pictures):
        corner = tf.tile(tf.constant(centre)[None], [tf.shape(pictures)[0], 1])
        return [
            _highest(model(cut(view, corner, pad)) if model.outputs else ())
            for model, view in zip(models, convert(pictures), strict=True)
        ]

    signature = [tf.TensorSpec([None, None, None, 3], tf.uint8)]
    return tf.function(read, input_signature=signature).get_concrete_function()


def dead_shares(read, pictures):
    """Measures how many ReLU channels are 0 for every picture.

    Args:
        read: What `make_activity_reader` returned.
        pictures: Pictures, as in `tfcmc.data.pictures`.

    Returns:
        A share in [0, 1] a view; 0 where there are no ReLUs.
    """
    highest = [
        [tensor.numpy() for tensor in read(tf.constant(_padded(batch)))]
        for batch in in_batches(pictures, BATCH)
    ]
    return [
        float(np.mean(np.max(batches, axis=0) <= 0))
        if batches[0].size
        else 0.0
        for batches in zip(*highest, strict=True)
    ]


def encode(read, pictures):
    """Encodes pictures, a batch at a time.

    Args:
        read: What `make_reader` returned.
        pictures: Pictures, as in `tfcmc.data.pictures`.

    Returns:
        `Encoded`, float32.
    """
    batches = [
        encode_batch(read, batch) for batch in in_batches(pictures, BATCH)
    ]
    features, embeddings = (
        tuple(
            np.concatenate(arrays)
            for arrays in zip(
                *(getattr(b, kind) for b in batches), strict=True
            )
        )
        for kind in ("features", "embeddings")
    )
    return Encoded(features, embeddings)


def encode_batch(read, batch):
    """Encodes one batch of pictures.

    Args:
        read: What `make_reader` returned.
        batch: `[count, side, side, 3]`, uint8, count from 1 to `BATCH`.

    Returns:
        `Encoded`, float32.

    Raises:
        UsageError: if a feature is not finite: no number may rest on it.
    """
    outputs = [
        [tensor.numpy()[: len(batch)] for tensor in pair]
        for pair in read(tf.constant(_padded(batch)))
    ]
    features, embeddings = zip(*outputs, strict=True)
    for array in (*features, *embeddings):
        if not np.all(np.isfinite(array)):
            bad = int(np.sum(~np.isfinite(array).all(axis=1)))
            raise must("features", "finite", f"{bad} pictures' that are not")
    return Encoded(features, embeddings)


def weights_hash(encoder):
    """Returns the SHA-256 of an encoder's weights, as hexadecimal text."""
    digest = hashlib.sha256()
    for array in encoder.get_weights():
        digest.update(str((array.dtype, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


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
