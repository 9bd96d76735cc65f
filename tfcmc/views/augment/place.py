"""Places in pictures, and the scaling of what is there to a side."""

import math

import numpy as np

from tfcmc.foundation.lazy import tf
from tfcmc.views.augment.draws import AREA, FLIP, LEFT, RATIO, TOP, TRIES
from tfcmc.views.augment.parameters import Augmentation
from tfcmc.views.augment.planes import clipped


def boxes(uniforms, augmentation: Augmentation, side: int):
    """Draws where views are cut out of square pictures, as torchvision does.

    Ten times an area and a ratio of width to height are drawn, this one
    evenly in its logarithm; the first box that fits lies anywhere with equal
    probability. If none fits it is the largest centred one of the nearest
    ratio allowed. In float64: a box is whole pixels, and the last bit of a
    float32 would round it differently on other devices.

    Args:
        uniforms: `[batch, DRAWS]`.
        side: Of the pictures, in pixels.

    Returns:
        `[batch, 4]`, float32: top, left, height, width, in pixels.

    Reference: torchvision.transforms.RandomResizedCrop.get_params, 0.28.
    """
    drawn = tf.cast(uniforms, tf.float64)
    low, high = augmentation.area_low, augmentation.area_high
    area = side * side * (low + (high - low) * drawn[:, AREA])
    low, high = map(
        math.log, (augmentation.ratio_low, augmentation.ratio_high)
    )
    ratio = tf.exp(low + (high - low) * drawn[:, RATIO])
    height = tf.round(tf.sqrt(area / ratio))
    width = tf.round(tf.sqrt(area * ratio))
    fits = (height >= 1) & (height <= side) & (width >= 1) & (width <= side)
    first = tf.one_hot(
        tf.argmax(tf.cast(fits, tf.int32), axis=1), TRIES, dtype=tf.float64
    )
    height, width = (tf.reduce_sum(first * x, axis=1) for x in (height, width))
    top = tf.floor(drawn[:, TOP] * (side - height + 1))
    left = tf.floor(drawn[:, LEFT] * (side - width + 1))
    found = tf.reduce_any(fits, axis=1)[:, None]
    box = tf.stack([top, left, height, width], axis=1)
    box = tf.where(
        found, box, tf.constant(_centred(augmentation, side, side), box.dtype)
    )
    return tf.cast(box, tf.float32)


def box(uniforms, augmentation: Augmentation, height: int, width: int):
    """Draws likewise where a view is cut out of a picture of any shape.

    Args:
        uniforms: `[DRAWS]`.
        height: Of the picture, in pixels.

    Returns:
        Whole numbers: top, left, height, width, in pixels.
    """
    drawn = uniforms.tolist()
    least, most = augmentation.area_low, augmentation.area_high
    low, high = map(
        math.log, (augmentation.ratio_low, augmentation.ratio_high)
    )
    for share, lean in zip(drawn[AREA], drawn[RATIO], strict=True):
        area = height * width * (least + (most - least) * share)
        ratio = math.exp(low + (high - low) * lean)
        tall = round(math.sqrt(area / ratio))
        wide = round(math.sqrt(area * ratio))
        if 1 <= tall <= height and 1 <= wide <= width:
            top = math.floor(drawn[TOP] * (height - tall + 1))
            left = math.floor(drawn[LEFT] * (width - wide + 1))
            return top, left, tall, wide
    return _centred(augmentation, height, width)


def _centred(augmentation, height, width):
    """The box for want of one that fits: top, left, height, width."""
    tall, wide = height, width
    if width / height < augmentation.ratio_low:
        tall = max(round(width / augmentation.ratio_low), 1)
    elif width / height > augmentation.ratio_high:
        wide = max(round(height * augmentation.ratio_high), 1)
    return (height - tall) // 2, (width - wide) // 2, tall, wide


def cropped(pictures, uniforms, augmentation, side):
    """Cuts, scales and mirrors; returns the three planes."""
    across = pictures.shape[1]
    box = boxes(uniforms, augmentation, across)
    kernel = FILTERS[augmentation.interpolation]
    mirrored = uniforms[:, FLIP] < augmentation.flip
    rows = _weights(box[:, 0:1], box[:, 2:3], across, side, kernel)
    columns = _weights(box[:, 1:2], box[:, 3:4], across, side, kernel)
    columns = tf.where(mirrored[:, None, None], columns[:, ::-1], columns)
    return _scaled(pictures, rows, columns)


def flipped(crops, uniforms, augmentation):
    """Mirrors what was cut out before; returns the three planes."""
    chosen = uniforms[:, FLIP] < augmentation.flip
    chosen = chosen[:, None, None, None]
    crops = tf.where(chosen, crops[:, :, ::-1], crops)
    return tf.unstack(tf.cast(crops, tf.float32) / 255, axis=-1)


def resized(pictures, side, interpolation):
    """Scales whole pictures; returns the three planes."""
    weights = whole_weights(pictures.shape[1], side, interpolation)
    return _scaled(pictures, weights, weights)


def whole_weights(across, side, interpolation):
    """What each of `across` pixels counts: `[1, side, across]`."""
    start, size = tf.zeros([1, 1]), tf.fill([1, 1], float(across))
    return _weights(start, size, across, side, FILTERS[interpolation])


def _scaled(pictures, rows, columns):
    """Applies the weights of rows and columns to each plane."""
    planes = tf.transpose(tf.cast(pictures, tf.float32), [3, 0, 1, 2]) / 255
    return [
        # Bicubic weights overshoot; PIL's bytes cannot, after either pass.
        clipped(rows @ clipped(tf.matmul(plane, columns, transpose_b=True)))
        for plane in tf.unstack(planes)
    ]


def _weights(start, size, across, side, kernel):
    """What each pixel counts in each sample: `[batch, side, across]`."""
    # Where boxes start, and their size, are [batch, 1], in pixels.
    scale = size / side
    centres = start + (np.arange(side, dtype=np.float32) + 0.5) * scale
    pixels = np.arange(across, dtype=np.float32) + 0.5
    # In pixels of the coarser of the two grids.
    distance = (pixels - centres[:, :, None]) / tf.maximum(scale, 1)[:, None]
    inside = (pixels > start) & (pixels < start + size)
    weights = tf.where(inside[:, None], kernel(distance), 0)
    return weights / tf.reduce_sum(weights, axis=2, keepdims=True)


def _triangle(distance):
    """PIL's bilinear filter."""
    return tf.maximum(1 - tf.abs(distance), 0)


def _cubic(distance):
    """PIL's bicubic filter: Keys's of a = -1/2."""
    x = tf.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return tf.where(x < 1, near, tf.where(x < 2, far, 0))


FILTERS = {"bilinear": _triangle, "bicubic": _cubic}
