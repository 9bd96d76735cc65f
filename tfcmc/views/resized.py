"""A random part of the picture, scaled to the view's side."""

import numpy as np

from tfcmc.foundation.registry import Number
from tfcmc.views.crop import CROPS, Crop


@CROPS.register(
    "resized",
    area=Number(above=0, at_most=1),
    aspect=Number(at_least=1, at_most=4),
)
def resized(
    picture_side: int, side: int, *, area: float = 0.25, aspect: float = 4 / 3
) -> Crop:
    """Cuts a random part of the picture and scales it to the view's side.

    The share of the area is uniform in [area, 1]; the aspect ratio, width
    over height, log-uniform among those in [1 / aspect, aspect] of which a
    box of that area lies within the picture; the place uniform.

    Args:
        picture_side: Side of the pictures, in pixels.
        side: Side of the views; any.
        area: Smallest share of the picture's area, in (0, 1].
        aspect: Largest ratio of the sides, from 1.

    Returns:
        A `Crop`; evaluation takes the whole picture.

    Reference: Szegedy et al. 2015, "Going deeper with convolutions",
        section 6.
    """

    del side

    def draw(uniforms):
        share = area + (1.0 - area) * uniforms[..., 2]
        # Neither sqrt(share / stretch) nor sqrt(share * stretch) above 1.
        most = np.minimum(aspect, 1.0 / share)
        stretch = most ** (2.0 * uniforms[..., 3] - 1.0)
        shape = np.stack([1.0 / stretch, stretch], axis=-1)
        size = (
            np.minimum(np.sqrt(share[..., None] * shape), 1.0) * picture_side
        )
        start = uniforms[..., :2] * (picture_side - size)
        return np.concatenate([start, size], axis=-1)

    whole = np.array([0.0, 0.0, picture_side, picture_side])
    return Crop(pad=0, draw=draw, centre=whole)
