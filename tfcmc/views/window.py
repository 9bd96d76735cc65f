"""A window of the view's side at a random place."""

import numpy as np

from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import Choice, Number
from tfcmc.views.crop import CROPS, Crop


@CROPS.register(
    "window",
    source=Number(at_least=8, at_most=4096, whole=True),
    small=Choice(("resize", "reflect")),
)
def window(
    picture_side: int, side: int, *, source: int = 96, small: str = "resize"
) -> Crop:
    """Cuts a window from the picture at a source size of 96x96.

    Args:
        picture_side: Side of the pictures, in pixels.
        side: Side of the window, which is that of the views.
        source: The side that pictures are brought to before cutting.
        small: How smaller pictures are brought there: "resize", or "reflect",
            which pads them by their own reflection.

    Returns:
        A `Crop`; evaluation cuts the window in the middle.

    Raises:
        UsageError: if the window is larger than the source, or pictures are
            too small to be padded by reflection.
    """
    if source < side:
        raise UsageError(
            f"`source` must be at least the side of the views, {side}. "
            f"Received: {source}"
        )
    missing = max(0, source - picture_side)
    pad = (missing + 1) // 2 if small == "reflect" else 0
    if pad >= picture_side:
        raise UsageError(
            f"`source` must be at most {3 * picture_side - 2} to pad pictures "
            f"of {picture_side}x{picture_side} by reflection. "
            f"Received: {source}"
        )
    # A pixel at the source size, in pixels of the picture that is cut.
    scale = 1.0 if pad else picture_side / source
    offsets = (picture_side + 2 * pad if pad else source) - side
    box = np.array([side * scale, side * scale])

    def draw(uniforms):
        start = np.floor(uniforms[..., :2] * (offsets + 1)) * scale
        return np.concatenate(
            [start, np.broadcast_to(box, start.shape)], axis=-1
        )

    middle = np.concatenate([[scale * (offsets // 2)] * 2, box])
    return Crop(pad=pad, draw=draw, centre=middle)
