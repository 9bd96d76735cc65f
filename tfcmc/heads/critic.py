"""The critics of Deep InfoMax, for vectors and maps alike."""

import itertools
from collections.abc import Callable

from tfcmc.batch_norms.synchronized import synchronized
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Choice, Number
from tfcmc.heads import layers
from tfcmc.heads.base import HEADS

NOISE = 0.01  # about the identity, at most
EPSILON = 1e-5  # of the authors' code, not Keras's default


@HEADS.register(
    "critic",
    units=Number(at_least=1, at_most=65_536, whole=True),
    of=Choice(("places", "picture")),
    hidden=Number(at_least=1, at_most=65_536, whole=True),
)
def critic(
    features,
    seed: int,
    *,
    batch_norm: Callable = synchronized,
    units: int = 2048,
    of: str = "places",
    hidden: int = 1024,
):
    """Half a critic: two vectors' inner product says if they belong together.

    Of places, as local Deep InfoMax has it: a hidden layer with batch
    normalisation and a ReLU, beside a linear shortcut that begins near the
    identity, and layer normalisation of their sum. It reads the last axis
    alone, so that a map keeps its places, as with convolutions 1x1.

    Of the picture, as global Deep InfoMax has it: a vector goes through a
    linear layer, and a map through two convolutions 4x4 of stride 2, the
    second with twice the channels, and a hidden layer, each with batch
    normalisation and a ReLU, before its linear layer. At 32 and 64 pixels
    that is what `dim` goes through after its map, made a second time.

    Vectors of places begin as long as sqrt(units): losses of inner products
    begin far above what they are at a product of 0.

    Weights begin as PyTorch's do, even within 1 / sqrt(inputs of a unit).

    Args:
        features: `[batch, features]` or `[batch, height, width, features]`.
        seed: Of the initial weights.
        batch_norm: A member of `BATCH_NORMS`, with its options.
        units: Dimensions of the embeddings, and of the tower's hidden layer.
        of: Whether each of a map's "places" keeps a vector of its own, or the
            whole "picture" has one.
        hidden: Units of a whole map's hidden layer.

    Returns:
        `[batch, units]`; of places of a map `[batch, height, width, units]`.

    Reference: Hjelm et al. 2019, "Learning deep representations by mutual
        information estimation and maximization", section 3, and the authors'
        code.
    """
    seeds = itertools.count(seed + 99)
    if of == "places":
        return _tower(features, seeds, batch_norm, units)
    if len(features.shape) == 4:
        channels = features.shape[-1]
        for number in (1, 2):
            features = layers.convolved(
                features,
                number * channels,
                seeds,
                batch_norm,
                name=f"critic_convolution_{number}",
            )
        features = keras.layers.Flatten(name="critic_flat")(features)
        features = layers.hidden(
            features, hidden, seeds, batch_norm, name="critic_hidden"
        )
    return layers.linear(features, units, seeds, name="critic_linear")


def _tower(features, seeds, batch_norm, units):
    """A hidden layer beside a shortcut, their sum normalised by itself."""
    deep = layers.hidden(
        features, units, seeds, batch_norm, name="critic_hidden"
    )
    deep = layers.linear(deep, units, seeds, name="critic_linear")
    inputs, seed = features.shape[-1], next(seeds)
    copied = inputs <= units
    noise = keras.initializers.RandomUniform(-NOISE, NOISE, seed)
    shortcut = keras.layers.Dense(
        units,
        use_bias=False,
        kernel_initializer=noise if copied else layers.even(seed),
        name="critic_shortcut",
    )
    both = keras.layers.Add(name="critic_sum")([deep, shortcut(features)])
    if copied:
        here = keras.ops.eye(inputs, units) > 0
        shortcut.kernel.assign(keras.ops.where(here, 1.0, shortcut.kernel))
    return keras.layers.LayerNormalization(
        epsilon=EPSILON, name="critic_norm"
    )(both)
