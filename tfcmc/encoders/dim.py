"""The encoder of Deep InfoMax, whose features have places too."""

import itertools
from collections.abc import Callable

from tfcmc.batch_norms.synchronized import synchronized
from tfcmc.encoders.base import ENCODERS, FEATURES, MAP
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Number
from tfcmc.heads import layers

CHANNELS, MOST_CHANNELS = 64, 512  # of the first convolution, and of any
HIDDEN = 1024  # units of the layer after the convolutions
SMALLEST = 4  # pixels: the side that convolutions bring a view to


@ENCODERS.register(
    "dim",
    extra={"map": True, "flattens": True},
    width=Number(above=0, at_most=64),
    features=Number(at_least=1, at_most=65_536, whole=True),
)
def dim(
    shape,
    seed,
    *,
    batch_norm: Callable = synchronized,
    width: float = 1.0,
    features: int = 64,
):
    """Convolutions 4x4 of stride 2, a layer of 1024, and a linear one.

    Each convolution has twice the channels of the one before, from 64 to 512,
    until the side is at most 4: three for views of 32 pixels and four for 64,
    the authors' `basic32x32` and `basic64x64`. After each, and after the
    layer of 1024, come batch normalisation and a ReLU. What the last
    convolution but one gives is the map that local Deep InfoMax takes its
    places from: 8x8, of 128 channels at 32 pixels, of 256 at 64.

    Weights begin as PyTorch's do, even within 1 / sqrt(inputs of a unit).

    Args:
        shape: `(height, width, channels)` of a view.
        seed: Whole number the initial weights are a function of.
        batch_norm: A member of `BATCH_NORMS`, with its options.
        width: Factor on every number of channels and on the 1024.
        features: How many features.

    Returns:
        A functional `keras.Model`, `[batch, height, width, channels]` to
        `[batch, features]`, with layers called "features" and "map".

    Reference: Hjelm et al. 2019, "Learning deep representations by mutual
        information estimation and maximization", and the authors' code.
    """
    inputs = keras.Input(shape)
    hidden, seeds = inputs, itertools.count(seed)
    count = _convolutions(max(shape[:2]))
    for number in range(1, count + 1):
        channels = min(CHANNELS * 2 ** (number - 1), MOST_CHANNELS)
        hidden = layers.convolved(
            hidden,
            max(1, round(channels * width)),
            seeds,
            batch_norm,
            name=f"convolution_{number}",
            relu=MAP if number == count - 1 else None,
        )
    hidden = keras.layers.Flatten(name="flat")(hidden)
    units = max(1, round(HIDDEN * width))
    hidden = layers.hidden(hidden, units, seeds, batch_norm, name="hidden")
    outputs = layers.linear(hidden, features, seeds, name=FEATURES)
    return keras.Model(inputs, outputs)


def _convolutions(side):
    """How many bring a side to the smallest; a map needs two."""
    count = 2
    while -(-side // 2**count) > SMALLEST:
        count += 1
    return count
