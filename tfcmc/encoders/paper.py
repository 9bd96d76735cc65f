"""The paper's encoder."""

from tfcmc.encoders.base import ENCODERS, FEATURES
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Flag, Number
from tfcmc.heads.linear import linear

CHANNELS = (12, 24, 48, 24)
# Where a picture is flat, filters about their mean find nothing: without it
# rounding would decide whether a ReLU passes gradients on.
BIAS = 1e-3


@ENCODERS.register(
    "paper",
    extra={
        "non_negative": lambda options: (
            options["final_relu"] and options["dim"] is None
        ),
        "flattens": True,
        "unnormalised": True,
    },
    width=Number(above=0, at_most=64),
    final_relu=Flag(),
    dim=Number(at_least=1, at_most=65_536, whole=True, optional=True),
)
def paper(shape, seed, *, width=1, final_relu=False, dim=None):
    """Four convolutions 4x4 of stride 2: the encoder of the paper's Figure 3.

    Each halves the picture, with padding 1 and a ReLU after it: 64x64 in,
    4x4x24 = 384 features out. Parameters of the four: 204 for L or 396 for
    ab, 4,632, 18,480 and 18,456. The paper's text says five layers and its
    figure shows four; this follows the figure, whose 588 parameters of a
    first layer are those of a three-channel input. A final ReLU, the paper's,
    confines features to the positive orthant.

    The initial filters are Glorot's, each about its own mean, and those of the
    first layer alike for every channel. So the mean of a ReLU's outputs does
    not become the direction of all features, and of one seed the encoders of
    two views, whatever their channels, begin as one.

    Args:
        shape: `(height, width, channels)` of a view.
        seed: Whole number the initial weights are a function of.
        width: Factor on every number of channels.
        final_relu: Whether a ReLU follows the last convolution.
        dim: Dimensions of a linear head, as --head=linear(dim=) makes it; or
            None.

    Returns:
        A functional `keras.Model`, `[batch, height, width, channels]` to
        `[batch, dim]`, with a layer called "features".

    Reference: the paper, Figure 3; for filters about their mean, Huang et al.
        2017, "Centered weight normalization in accelerating training of deep
        neural networks".
    """
    inputs = keras.Input(shape)
    hidden = inputs
    for number, channels in enumerate(CHANNELS):
        relu = final_relu or number < len(CHANNELS) - 1
        convolution = keras.layers.Conv2D(
            max(1, round(channels * width)),
            kernel_size=4,
            strides=2,
            padding="same",  # for an even side: 1 on every side
            activation="relu" if relu else None,
            bias_initializer=keras.initializers.Constant(BIAS * relu),
            name=f"convolution_{number + 1}",
        )
        hidden = convolution(hidden)
        kernel = convolution.kernel
        alike = shape[-1] if number == 0 else 1
        kernel.assign(_filters(tuple(kernel.shape), seed + number, alike))
    features = keras.layers.Flatten(name=FEATURES)(hidden)
    if dim is None:
        return keras.Model(inputs, features)
    return keras.Model(inputs, linear(features, seed, dim=dim))


def _filters(shape, seed, alike):
    """Draws a kernel; `alike` channels that follow each other are the same."""
    height, width, channels, filters = shape
    drawn = keras.initializers.GlorotUniform(seed)(
        (height, width, channels // alike, filters)
    )
    drawn -= keras.ops.mean(drawn, axis=(0, 1, 2))
    # As many numbers as are alike would add up to that many times their part.
    return keras.ops.repeat(drawn, alike, axis=2) / alike**0.5
