"""A small convolutional network with batch normalisation."""

import itertools
from collections.abc import Callable

from tfcmc.batch_norms.synchronized import synchronized
from tfcmc.encoders.base import ENCODERS, FEATURES
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Number

CHANNELS = (32, 64, 128, 256)


@ENCODERS.register(
    "convnet",
    extra={"flattens": True},
    width=Number(above=0, at_most=64),
    places=Number(at_least=1, at_most=64, whole=True),
    layers=Number(at_least=1, at_most=len(CHANNELS), whole=True),
)
def convnet(
    shape: tuple,
    seed: int,
    *,
    batch_norm: Callable = synchronized,
    width: float = 1.0,
    places: int = 2,
    layers: int = 1,
):
    """Four convolutions 3x3 of stride 2, each with batch normalisation.

    Each halves the view and has twice the channels of the one before, from 32
    to 256; a ReLU follows all but the last. What the last gives is averaged to
    `places` x `places`, which keeps roughly where in the view something is: of
    a view of 64 pixels 1,024 features. 388,320 weights are learnt of one
    channel. Convolutions have no bias and begin as He's, by what comes in.

    Args:
        shape: `(height, width, channels)` of a view.
        seed: Whole number the initial weights are a function of.
        batch_norm: A member of `BATCH_NORMS`, with its options.
        width: Factor on every number of channels.
        places: How many along each side features are kept of; fewer where a
            convolution leaves fewer.
        layers: Of how many of the convolutions, the last first, the features
            are: those before keep more of what the loss has no use for.

    Returns:
        A functional `keras.Model`, `[batch, height, width, channels]` to
        `[batch, features]`.

    Reference: Springenberg et al. 2015, "Striving for simplicity: the all
        convolutional net"; Ioffe and Szegedy 2015, "Batch normalization".
    """
    seeds = itertools.count(seed)
    inputs = keras.Input(shape)
    hidden, given = inputs, []
    for number, channels in enumerate(CHANNELS, 1):
        hidden = keras.layers.Conv2D(
            max(1, round(channels * width)),
            kernel_size=3,
            strides=2,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(next(seeds)),
            name=f"convolution_{number}",
        )(hidden)
        hidden = batch_norm(name=f"convolution_{number}_norm")(hidden)
        if number < len(CHANNELS):
            hidden = keras.layers.ReLU(name=f"convolution_{number}_relu")(
                hidden
            )
        given.append(hidden)
    if layers == 1:
        pooled = _averaged(given[-1], places, "pool")
        features = keras.layers.Flatten(name=FEATURES)(pooled)
        return keras.Model(inputs, features)
    parts = [
        keras.layers.Flatten(name=f"flat_{number}")(
            _averaged(each, places, f"pool_{number}")
        )
        for number, each in enumerate(given[-layers:], 1)
    ]
    features = keras.layers.Concatenate(name=FEATURES)(parts)
    return keras.Model(inputs, features)


def _averaged(hidden, places, name):
    """Averages to `places` x `places`, or to as many as there are."""
    sides = hidden.shape[1:3]
    counts = [min(places, side) for side in sides]
    strides = tuple(s // c for s, c in zip(sides, counts, strict=True))
    # Where they do not divide a side, neighbours share what is between them.
    size = tuple(
        side - (count - 1) * stride
        for side, count, stride in zip(sides, counts, strides, strict=True)
    )
    pool = keras.layers.AveragePooling2D(size, strides, name=name)
    return pool(hidden)
