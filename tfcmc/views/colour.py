"""RGB to CIE Lab.

sRGB primaries, D65 white, 2 degree observer: the constants and thresholds of
IEC 61966-2-1 and CIE 15, as scikit-image uses them. L is in [0, 100]; over
all of sRGB a is in [-86.2, 98.3] and b in [-107.9, 94.5].
"""

import numpy as np

from tfcmc.foundation.lazy import keras, tf

RGB_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65, 2 degrees
LINEAR_BELOW = 0.008856  # where the cube root gives way to a straight line
LINEAR_SLOPE = 7.787
LINEAR_OFFSET = 16.0 / 116.0
BYTES = np.arange(256) / 255.0
# The sRGB curve for each of them.
LINEAR_LIGHT = np.where(
    BYTES > 0.04045, ((BYTES + 0.055) / 1.055) ** 2.4, BYTES / 12.92
).astype(np.float32)


def rgb_to_l_and_ab(pictures):
    """Converts bytes of sRGB to CIE Lab, in its two parts.

    Args:
        pictures: `[..., 3]`, uint8, red, green, blue.

    Returns:
        `(l, ab)`, float32: `[..., 1]` in [0, 100], and `[..., 2]` in about
        [-110, 100]. Apart, because XLA fuses two outputs into one pass over
        the pixels, and one output of unlike channels into three.
    """
    light = _looked_up(LINEAR_LIGHT, keras.ops.cast(pictures, "int32"))
    to_relative = (RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
    relative = (
        light[..., 0:1] * to_relative[:, 0]
        + light[..., 1:2] * to_relative[:, 1]
        + light[..., 2:3] * to_relative[:, 2]
    )
    root = keras.ops.where(
        relative > LINEAR_BELOW,
        # The cube root as XLA computes it fastest; the maximum keeps black
        # out of the logarithm.
        keras.ops.exp(keras.ops.log(keras.ops.maximum(relative, 1e-6)) / 3.0),
        relative * LINEAR_SLOPE + LINEAR_OFFSET,
    )
    scale = np.array([500.0, 200.0], np.float32)
    return (
        116.0 * root[..., 1:2] - 16.0,
        (root[..., 0:2] - root[..., 1:3]) * scale,
    )


def _looked_up(table, numbers):
    """Takes from a table: a power costs more, for every pixel."""
    if isinstance(numbers, keras.KerasTensor):
        return keras.ops.take(table, numbers)
    # Keras looks for negative numbers first.
    return tf.gather(table, numbers)
