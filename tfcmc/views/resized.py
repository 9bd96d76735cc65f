"""A random part of the picture, scaled to 64x64."""

import numpy as np

from tfcmc.foundation.registry import Number
from tfcmc.views.crop import CROPS, Crop


@CROPS.register(
    "resized",
    area=Number(above=0, at_most=1),
    aspect=Number(at_least=1, at_most=4),
)
def resized(side, *, area=0.25, aspect=4 / 3):
    """Cuts a random part of the picture and scales it to 64x64.

    The share of the area is uniform in [area, 1]; the aspect ratio, width
    over height, log-uniform among those in [1 / aspect, aspect] of which a
    box of that area lies within the picture; the place uniform.

    Args:
        side: Side of the pictures, in pixels.
        area: Smallest share of the picture's area, in (0, 1].
        aspect: Largest ratio of the sides, from 1.

    Returns:
        A `Crop`; evaluation takes the whole picture.

    Reference: Szegedy et al. 2015, "Going deeper with convolutions",
        section 6.
    """

    def draw(uniforms):
        share = area + (1.0 - area) * uniforms[..., 2]
        # Neither sqrt(share / stretch) nor sqrt(share * stretch) above 1.
        most = np.minimum(aspect, 1.0 / share)
        stretch = most ** (2.0 * uniforms[..., 3] - 1.0)
        shape = np.stack([1.0 / stretch, stretch], axis=-1)
        size = np.minimum(np.sqrt(share[..., None] * shape), 1.0) * side
        start = uniforms[..., :2] * (side - size)
        return np.concatenate([start, size], axis=-1)

    return Crop(
        pad=0, draw=draw, centre=np.array([0.0, 0.0, side, side], float)
    )
