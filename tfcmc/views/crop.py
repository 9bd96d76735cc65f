"""The table of crops, and how a box is cut out of a view.

A crop says, for a picture of a given side, how far it is padded and which
boxes are cut. Boxes are numbers drawn on the host; cutting happens on the
device, after the colours were converted once for the whole picture.
"""

import dataclasses

import numpy as np

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Registry

CROPS = Registry("crop")
SIDE = 64  # of a view, in pixels: the encoders' input


@dataclasses.dataclass(frozen=True)
class Crop:
    """Where views are cut out of pictures of one side.

    Attributes:
        pad: Pixels of reflection added on every side before cutting.
        draw: Uniform random numbers `[..., DRAWS]` to boxes `[..., 4]`: top,
            left, height, width, in pixels of the padded picture.
        centre: `[4]`: the box that evaluation cuts.
    """

    pad: int
    draw: object
    centre: np.ndarray


DRAWS = 4  # random numbers that a box may use; one more decides the flip


def corners(boxes, flipped, side):
    """Turns boxes in pixels into the corners that `cut` takes.

    The centres of the box's first and last sample, as fractions of the way
    from the first pixel's centre to the last's; a flip swaps left and right.
    Of an enlarged box at the border these lie beyond the pixels' centres, by
    less than half a pixel. They are moved onto them, and the samples between
    move along: such a box is squeezed by that much.

    Args:
        boxes: Array `[..., 4]`: top, left, height, width, in pixels.
        flipped: Booleans `[...]`.
        side: Side of the (padded) picture, in pixels.

    Returns:
        Array `[..., 4]`, float32: y1, x1, y2, x2.
    """
    start, size = boxes[..., :2], boxes[..., 2:]
    first = start + 0.5 * size / SIDE - 0.5
    last = start + (SIDE - 0.5) * size / SIDE - 0.5
    # Beyond the outermost centres `crop_and_resize` gives black, and a rim of
    # pixels to read there would cost a copy of every picture.
    first, last = (
        np.clip(edge / (side - 1), 0.0, 1.0) for edge in (first, last)
    )
    left = np.where(flipped, last[..., 1], first[..., 1])
    right = np.where(flipped, first[..., 1], last[..., 1])
    return np.stack(
        [first[..., 0], left, last[..., 0], right], axis=-1
    ).astype(np.float32)


def cut(view, corner, pad):
    """Cuts one box out of each picture and scales it to 64x64.

    Args:
        view: `[batch, side, side, channels]`, float32.
        corner: `[batch, 4]`, as `corners` gives them.
        pad: Pixels of reflection to add on every side first.

    Returns:
        `[batch, 64, 64, channels]`, by bilinear interpolation.
    """
    if pad:
        edges = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
        view = tf.pad(view, edges, mode="REFLECT")
    which = tf.range(tf.shape(view)[0])
    return tf.image.crop_and_resize(view, corner, which, [SIDE, SIDE])
