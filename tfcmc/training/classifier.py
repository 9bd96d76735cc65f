"""Branches with a linear layer on their features, trained on labels."""

import math

import numpy as np

from tfcmc.data.pictures import Subset, in_batches
from tfcmc.data.stream import TrainingStream
from tfcmc.encoders import FEATURES, encoder_of
from tfcmc.foundation.lazy import keras, tf
from tfcmc.model import added_by, regularised
from tfcmc.optimizers.scaled import LossScaled, amplified
from tfcmc.views import Frame, cropped
from tfcmc.views.resized import resized

BATCH = 128  # pictures a step
READ = 256  # pictures at once where nothing is learnt


class Classifier:
    """One model for many fits, each from weights that it is given.

    What it is shown are crops of pictures as `resized` draws them, mirrored at
    random where that is wanted, and seen as a probe sees whole pictures;
    whatever else distorts the views of a pretraining is left out.

    Args:
        branches: Branch name to model, of which it takes layers and not
            weights.
        classes: How many there are.
        side: Side of the pictures, in pixels.
        flip: Whether pictures are mirrored at random.
    """

    def __init__(self, views, branches, classes: int, *, side, flip):
        crop = resized(side, side)
        self._crops = cropped(
            Frame(side, side, crop, flip=flip),
            names=("picture",),
            channels=(3,),
            convert=lambda pictures: [tf.cast(pictures, tf.float32)],
        )
        self._views = views
        self._encoders = list(map(encoder_of, branches.values()))
        self._layer = keras.layers.Dense(
            classes, kernel_initializer="zeros", dtype="float32"
        )
        widths = [each.output_shape[-1] for each in self._encoders]
        self._layer.build([None, sum(widths)])
        self._learnt = [
            variable
            for part in (*self._encoders, self._layer)
            for variable in part.trainable_variables
        ]
        self._optimizer = keras.optimizers.Adam()
        if any(
            each.get_layer(FEATURES).compute_dtype == "float16"
            for each in self._encoders
        ):
            self._optimizer = LossScaled(self._optimizer)
        self._optimizer.build(self._learnt)
        first = (*self._optimizer.variables, *self._layer.variables)
        self._first = [(each, each.numpy()) for each in first]
        self._step = tf.function(self._learn)
        self._read = tf.function(
            lambda pictures: self._classify(views.whole(pictures)),
            input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)],
        )

    def fit(
        self, weights, pictures, labels, *, rate, steps, seed, batch=BATCH
    ) -> None:
        """Trains everything by Adam, whose rate falls along half a cosine.

        Args:
            weights: What the encoders start from, as `weights_of`.
            pictures: Pictures, as in `tfcmc.data.pictures`.
            labels: `[count]`.
            rate: The learning rate at the start.
            seed: Of the order and the crops.
            batch: Pictures a step; those of fewer labels come more than once.
        """
        for encoder, arrays in zip(self._encoders, weights, strict=True):
            encoder.set_weights(arrays)
        for variable, array in self._first:
            variable.assign(array)
        # A batch may take several passes over the pictures.
        rows = np.tile(np.arange(len(labels)), -(-batch // len(labels)))
        stream = TrainingStream(
            Subset(pictures, rows), self._crops, batch_size=batch, seed=seed
        )
        known = np.asarray(labels)[rows]
        with stream.told():
            for step, each in enumerate(stream.dataset(0, steps)):
                shown, draws, numbers = each
                now = rate * (1.0 + math.cos(math.pi * step / steps)) / 2.0
                self._optimizer.learning_rate.assign(now)
                self._step(shown, draws, tf.constant(known[numbers.numpy()]))

    def logits(self, pictures) -> np.ndarray:
        """Returns `[count, classes]` of whole pictures."""
        return np.concatenate(
            [
                self._read(tf.constant(batch)).numpy()
                for batch in in_batches(pictures, READ)
            ]
        )

    def _learn(self, pictures, draws, labels):
        (cut,) = self._crops.convert(pictures, draws)
        inputs = self._views.whole(tf.cast(tf.round(cut), tf.uint8))
        with tf.GradientTape() as tape:
            logits = self._classify(inputs, training=True)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            )
            added = [x for each in self._encoders for x in added_by(each)]
            loss += regularised(added, self._learnt, loss.dtype)
            loss = amplified(loss, self._optimizer)
        gradients = tape.gradient(loss, self._learnt)
        self._optimizer.apply(gradients, self._learnt)

    def _classify(self, inputs, training=False):
        features = [
            tf.cast(encoder(shown, training=training), tf.float32)
            for encoder, shown in zip(self._encoders, inputs, strict=True)
        ]
        return self._layer(tf.concat(features, axis=-1))


def weights_of(branches: dict) -> list:
    """Returns the weights of each branch's layers as far as its features."""
    return [encoder_of(each).get_weights() for each in branches.values()]
