"""`tfcmc.data.images.resize` in Keras's operations, to be exported.

Bit for bit what Pillow does: weights of 22 bits, a byte after either pass.
"""

import numpy as np

from tfcmc.foundation.lazy import LazyModule, keras

PIL = LazyModule("PIL")
BITS = 22  # of Pillow's weights, behind the point
HALF = 2.0 ** (BITS // 2)
# Since then Pillow scales the columns of tall pictures first.
COLUMNS_FIRST = 13


def resized(pictures, side: int):
    """Scales pictures' shorter side and cuts the middle square.

    Args:
        pictures: `[batch, height, width, 3]`, uint8, symbolic; height and
            width are known or None.
        side: Wanted side in pixels.

    Returns:
        `[batch, side, side, 3]`, uint8.
    """
    ops = keras.ops
    if pictures.shape[1:3] == (side, side):
        return pictures
    rows = _ones(pictures.shape[1], pictures[:, :, 0, 0])
    columns = _ones(pictures.shape[2], pictures[:, 0, :, 0])
    down = _weights(rows, columns, side)
    across = _weights(columns, rows, side)
    planes = ops.transpose(ops.cast(pictures, "float32"), (0, 3, 1, 2))
    square = _down(down, _across(across, planes))
    if int(PIL.__version__.partition(".")[0]) >= COLUMNS_FIRST:
        height, width = ops.sum(rows), ops.sum(columns)
        tall = ops.logical_and(
            height > side, height - side > (width - side) * 2.0
        )
        square = ops.where(tall, _across(across, _down(down, planes)), square)
    return ops.cast(ops.transpose(square, (0, 2, 3, 1)), "uint8")


def _ones(length, pixels):
    """`[length]` of ones: how long an axis is, as a tensor can say it."""
    if length is not None:
        return np.ones(length)
    # Of some pixels along the axis, [batch, length].
    return keras.ops.ones_like(
        keras.ops.sum(keras.ops.cast(pixels, "float64"), axis=0)
    )


def _weights(line, other, side):
    """Pillow's weights of an axis's pixels, in two halves of their bits."""
    # Of ones along this axis and the other, to `side` samples; each half is
    # [side, length], float32, the high one first.
    ops = keras.ops
    length, across = ops.sum(line), ops.sum(other)
    small = ops.minimum(length, across)
    scale = small / float(side)
    centres = scale * (np.arange(side)[:, None] + 0.5)
    centres = centres + ops.floor((length - small) / 2.0)
    pixels = ops.cumsum(line) - 0.5
    distance = ops.abs(pixels - centres) / ops.maximum(scale, 1.0)
    weights = ops.maximum(1.0 - distance, 0.0)
    weights = weights / ops.sum(weights, axis=1, keepdims=True)
    whole = ops.floor(weights * 2.0**BITS + 0.5)
    high = ops.floor(whole / HALF)
    # Whole numbers of 11 bits times bytes add up exactly in float32, up to 32
    # of them: of any more the last bit of 22 may be lost.
    halves = [ops.cast(x, "float32") for x in (high, whole - high * HALF)]
    if isinstance(line, np.ndarray) and isinstance(other, np.ndarray):
        return [ops.convert_to_numpy(x) for x in halves]
    return halves


def _across(weights, planes):
    high, low = (keras.ops.transpose(x) for x in weights)
    return _byte(keras.ops.matmul(planes, high), keras.ops.matmul(planes, low))


def _down(weights, planes):
    high, low = weights
    return _byte(keras.ops.matmul(high, planes), keras.ops.matmul(low, planes))


def _byte(high, low):
    """floor((high HALF + low) / 2^22 + 1/2), from 0 to 255."""
    ops = keras.ops
    value = high + ops.floor(low / HALF) + HALF / 2.0
    return ops.clip(ops.floor(value / HALF), 0.0, 255.0)
