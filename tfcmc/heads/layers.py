"""What Deep InfoMax's encoder and critics are made of.

Weights begin as PyTorch's do, even within 1 / sqrt(inputs of a unit).
"""

from tfcmc.foundation.lazy import keras


def convolved(features, channels, seeds, batch_norm, *, name, relu=None):
    """A convolution 4x4 of stride 2, batch normalisation, ReLU.

    Args:
        features: `[batch, height, width, features]`.
        channels: Of what comes out.
        seeds: Iterator of seeds.
        batch_norm: A member of `BATCH_NORMS`, with its options.
        name: The first layer's, which the others' begin with.
        relu: The last layer's, if another.
    """
    features = keras.layers.Conv2D(
        channels,
        kernel_size=4,
        strides=2,
        padding="same",  # for an even side: 1 on every side
        use_bias=False,
        kernel_initializer=even(next(seeds)),
        name=name,
    )(features)
    features = batch_norm(name=f"{name}_norm")(features)
    return keras.layers.ReLU(name=relu or f"{name}_relu")(features)


def hidden(features, units, seeds, batch_norm, *, name):
    """A matrix without a bias on the last axis, batch normalisation, ReLU."""
    features = keras.layers.Dense(
        units, use_bias=False, kernel_initializer=even(next(seeds)), name=name
    )(features)
    features = batch_norm(name=f"{name}_norm")(features)
    return keras.layers.ReLU(name=f"{name}_relu")(features)


def linear(features, units, seeds, *, name):
    """A matrix with a bias on the last axis."""
    limit = features.shape[-1] ** -0.5
    return keras.layers.Dense(
        units,
        kernel_initializer=even(next(seeds)),
        bias_initializer=keras.initializers.RandomUniform(
            -limit, limit, next(seeds)
        ),
        name=name,
    )(features)


def even(seed):
    """Initial kernels."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed)
