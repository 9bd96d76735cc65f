"""The L and the ab channels of CIE Lab."""

import numpy as np

from tfcmc.views.base import VIEWS, Frame, Views
from tfcmc.views.colour import rgb_to_l_and_ab
from tfcmc.views.light_and_colour import STRENGTH, changed
from tfcmc.views.split import COUNT, split

# Centre and half-width of each channel over all of sRGB, so that a view lies
# in [-1, 1]: the constants of Contrastive Multiview Coding's own code.
CENTRE = np.array(
    [50.0, (98.233 - 86.183) / 2, (94.478 - 107.857) / 2], np.float32
)
HALF_WIDTH = np.array(
    [50.0, (98.233 + 86.183) / 2, (94.478 + 107.857) / 2], np.float32
)


def convert(pictures):
    """Splits pictures into normalised L and ab.

    Args:
        pictures: `[batch, height, width, 3]`, uint8.

    Returns:
        `(L, ab)`: float32, one and two channels, in [-1, 1].
    """
    lightness, ab = rgb_to_l_and_ab(pictures)
    return (
        (lightness - CENTRE[:1]) / HALF_WIDTH[:1],
        (ab - CENTRE[1:]) / HALF_WIDTH[1:],
    )


@VIEWS.register("lab", count=COUNT, jitter=STRENGTH)
def lab(frame: Frame, *, count: int = 1, jitter: float = 0.0) -> Views:
    """The L channel and the ab channels of CIE Lab, as in the paper.

    Args:
        frame: What they are made for.
        count: How often each is seen, in crops of their own.
        jitter: How far light and colour are changed at random, from 0.

    Reference: Tian et al. 2019, "Contrastive multiview coding", section 4.1.
    """
    views = split(frame, ("L", "ab"), convert, count)
    return changed(views, jitter, -CENTRE[1:] / HALF_WIDTH[1:])
