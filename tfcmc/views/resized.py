"""A random part of the picture, scaled to the view's side."""

import functools

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
    box of that area lies within the picture; the place uniform. In an oblong
    picture the share is at most the one of which such a box lies within it.

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

    def boxes(uniforms, height, width):
        oblong = width / height
        share = area + (1.0 - area) * uniforms[..., 2]
        share = np.minimum(share, min(aspect / oblong, aspect * oblong))
        # Of the aspect of the picture itself; neither sqrt(share / stretch)
        # nor sqrt(share * stretch) above 1.
        high = np.minimum(aspect / oblong, 1.0 / share)
        low = np.minimum(aspect * oblong, 1.0 / share)  # one over the lowest
        middle, most = np.sqrt(high / low), np.sqrt(high * low)
        stretch = middle * most ** (2.0 * uniforms[..., 3] - 1.0)
        shape = np.stack([1.0 / stretch, stretch], axis=-1)
        across = np.array([height, width], uniforms.dtype)
        size = np.minimum(np.sqrt(share[..., None] * shape), 1.0) * across
        start = uniforms[..., :2] * (across - size)
        return np.concatenate([start, size], axis=-1)

    return Crop(
        pad=0,
        draw=functools.partial(boxes, height=picture_side, width=picture_side),
        centre=np.array([0.0, 0.0, picture_side, picture_side]),
        boxes=boxes,
    )
