"""A 64x64 window at a random place."""

import numpy as np

from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import Choice, Number
from tfcmc.views.crop import CROPS, SIDE, Crop


@CROPS.register(
    "window",
    source=Number(at_least=SIDE, at_most=4096, whole=True),
    small=Choice(("resize", "reflect")),
)
def window(side, *, source=96, small="resize"):
    """Cuts a 64x64 window from the picture at a source size of 96x96.

    Args:
        side: Side of the pictures, in pixels.
        source: The side that pictures are brought to before cutting.
        small: How smaller pictures are brought there: "resize", or "reflect",
            which pads them by their own reflection.

    Returns:
        A `Crop`; evaluation cuts the window in the middle.

    Raises:
        UsageError: if pictures are too small to be padded by reflection.
    """
    missing = max(0, source - side)
    pad = (missing + 1) // 2 if small == "reflect" else 0
    if pad >= side:
        raise UsageError(
            f"`source` must be at most {3 * side - 2} to pad pictures of "
            f"{side}x{side} by reflection. Received: {source}"
        )
    # A pixel at the source size, in pixels of the picture that is cut.
    scale = 1.0 if pad else side / source
    offsets = (side + 2 * pad if pad else source) - SIDE
    box = np.array([SIDE * scale, SIDE * scale])

    def draw(uniforms):
        start = np.floor(uniforms[..., :2] * (offsets + 1)) * scale
        return np.concatenate(
            [start, np.broadcast_to(box, start.shape)], axis=-1
        )

    middle = np.concatenate([[scale * (offsets // 2)] * 2, box])
    return Crop(pad=pad, draw=draw, centre=middle)
