"""The Y and the CbCr channels."""

import numpy as np

from tfcmc.foundation.lazy import keras
from tfcmc.views.base import VIEWS, Frame, Views
from tfcmc.views.light_and_colour import STRENGTH, changed
from tfcmc.views.split import COUNT, split

# ITU-R BT.601 of 8-bit RGB, as scikit-image has it: Y from 16 to 235, Cb and
# Cr from 16 to 240.
WEIGHTS = np.array(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ],
    np.float32,
)
OFFSET = np.array([16.0, 128.0, 128.0], np.float32)
# Of Contrastive Multiview Coding's own code.
MEAN = np.array([116.151, 121.080, 132.342], np.float32)
DEVIATION = np.array([109.500, 111.855, 111.964], np.float32)


def convert(pictures):
    """Splits pictures into normalised Y and CbCr.

    Args:
        pictures: `[batch, height, width, 3]`, uint8.

    Returns:
        `(Y, CbCr)`: float32, one and two channels, in about [-1.1, 1.1].
    """
    rgb = keras.ops.cast(pictures, "float32") / 255.0
    ycbcr = keras.ops.tensordot(rgb, WEIGHTS.T, axes=1) + OFFSET
    normalised = (ycbcr - MEAN) / DEVIATION
    return normalised[..., :1], normalised[..., 1:]


@VIEWS.register("ycbcr", count=COUNT, jitter=STRENGTH)
def ycbcr(frame: Frame, *, count: int = 1, jitter: float = 0.0) -> Views:
    """The Y channel and the Cb and Cr channels, by CMC's own constants.

    Args:
        frame: What they are made for.
        count: How often each is seen, in crops of their own.
        jitter: How far light and colour are changed at random, from 0.

    Reference: Tian et al. 2019, "Contrastive multiview coding", appendix.
    """
    views = split(frame, ("Y", "CbCr"), convert, count)
    return changed(views, jitter, ((OFFSET - MEAN) / DEVIATION)[1:])
