"""The table of crops, and views that are boxes cut out of a conversion.

A crop says, for a picture of a given side, how far it is padded and which
boxes are cut. Boxes are numbers drawn on the host; cutting happens on the
device, after the colours were converted once for the whole picture.
"""

import dataclasses
import functools
import typing

import numpy as np

from tfcmc.foundation.draws import PLACES, generator
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Registry
from tfcmc.views.base import Frame, Views
from tfcmc.views.portable import scaled

CROPS = Registry("crop")
RIM = 5e-7  # of a side: some 8 times what float32 rounds by
DRAWS = 4  # random numbers that a box may use; one more decides the flip


@dataclasses.dataclass(frozen=True)
class Crop:
    """Where views are cut out of pictures of one side."""

    pad: int  # pixels of reflection added on every side before cutting
    # Uniform random numbers [..., DRAWS] to boxes [..., 4]: top, left, height,
    # width, in pixels of the padded picture.
    draw: typing.Callable
    centre: np.ndarray  # [4]: the box that evaluation cuts
    # What `draw` is for pictures of any shape: the numbers, height and width
    # to boxes. None where that makes no sense.
    boxes: typing.Callable | None = None


def cropped(
    frame: Frame,
    *,
    names: tuple,
    channels: tuple,
    convert: typing.Callable,
    branch: tuple | None = None,
    blank: typing.Callable | None = None,
    blank_word: str = "",
) -> Views:
    """Makes views that are boxes cut out of what pictures are converted to.

    Held-out pictures are compared in two of a view that is the only one.

    Args:
        frame: What they are made for.
        names: The name of each view.
        channels: The number of channels of each.
        convert: `[batch, height, width, 3]` uint8 to a float32 tensor
            `[batch, height, width, channels]` a view. What is in Keras's
            operations alone can be exported.
        branch: The name of each view's branch; None for one of its own each.
        blank: As in `Views`.
        blank_word: As in `Views`.
    """
    count, pad = len(names), frame.crop.pad
    branch = branch or names
    corners = functools.partial(
        box_corners, side=frame.picture_side + 2 * pad, out=frame.side
    )
    centre = corners(frame.crop.centre, np.False_)

    def drawn(seed, epoch, numbers, examples):
        uniforms = _uniforms(seed, epoch, examples, count)[numbers]
        uniforms = uniforms.reshape(-1, count, DRAWS + 1)
        return uniforms[:, [0] * count] if frame.shared else uniforms

    def flips(uniforms):
        return frame.flip & (uniforms[..., DRAWS] < 0.5)

    def draw(*which):
        uniforms = drawn(*which)
        boxes = frame.crop.draw(uniforms[..., :DRAWS])
        return corners(boxes, flips(uniforms))

    def make(pictures, boxes):
        return [
            cut(view, boxes[:, number], pad, frame.side)
            for number, view in enumerate(convert(pictures))
        ]

    def of_branches(pictures):
        views = reversed(convert(pictures))
        shown = dict(zip(reversed(branch), views, strict=True))
        return [shown[name] for name in dict.fromkeys(branch)]

    def whole(pictures):
        corner = tf.tile(tf.constant(centre)[None], [tf.shape(pictures)[0], 1])
        return [
            cut(view, corner, pad, frame.side)
            for view in of_branches(pictures)
        ]

    def portable(pictures):
        weights = functools.partial(
            cut_weights, side=frame.picture_side, pad=pad, out=frame.side
        )
        rows, columns = weights(*centre[::2]), weights(*centre[1::2])
        return [scaled(view, rows, columns) for view in of_branches(pictures)]

    def boxes(uniforms, height, width):
        return frame.crop.boxes(uniforms[..., :DRAWS], height, width)

    def of_crops(crops, uniforms):
        flipped = flips(uniforms)[..., None, None, None]
        views = [convert(crop)[number] for number, crop in enumerate(crops)]
        return [
            tf.where(flipped[:, number], view[:, :, ::-1], view)
            for number, view in enumerate(views)
        ]

    compared = None
    if count == 1:
        compared = cropped(
            dataclasses.replace(frame, shared=False),
            names=tuple(f"{names[0]}_{number}" for number in (1, 2)),
            channels=tuple(channels) * 2,
            convert=lambda pictures: [*convert(pictures)] * 2,
            branch=tuple(branch) * 2,
        )
    own = len(set(branch)) == count
    views = Views(
        names=tuple(names),
        branch=tuple(branch),
        channels=tuple(channels),
        sides=(frame.side,) * count,
        draw=draw,
        convert=make,
        whole=whole,
        portable=portable,
        judged=None if own else functools.partial(draw, 0, 0),
        compared=compared,
        blank=blank,
        blank_word=blank_word,
    )
    if frame.crop.boxes is None:
        return views
    of_whole = dataclasses.replace(
        views,
        draw=drawn,
        convert=of_crops,
        boxes=boxes,
        filters=("bilinear",) * count,
    )
    return dataclasses.replace(views, cut=of_whole)


@functools.lru_cache(maxsize=2)  # where one epoch ends, one begins
def _uniforms(seed, epoch, examples, count):
    """Returns an epoch's uniform numbers, a row an example, a part a view."""
    shape = (examples, count * (DRAWS + 1))
    return generator(seed, epoch, PLACES).random(shape, np.float32)


def box_corners(boxes, flipped, *, side: int, out: int) -> np.ndarray:
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
        out: Side of the view, in pixels.

    Returns:
        Array `[..., 4]`, float32: y1, x1, y2, x2.
    """
    start, size = boxes[..., :2], boxes[..., 2:]
    first = start + 0.5 * size / out - 0.5
    last = start + (out - 0.5) * size / out - 0.5
    # Beyond the outermost centres `crop_and_resize` gives black, and a rim of
    # pixels to read there would cost a copy of every picture. What rounding
    # puts there too is kept away from; a whole picture's samples lie on its
    # pixels, and no rounding moves them.
    exact = (first <= 0.0) & (last >= side - 1.0) & (out == side)
    rim = np.where(exact, 0.0, RIM)
    first, last = (
        np.clip(edge / (side - 1), rim, 1.0 - rim) for edge in (first, last)
    )
    left = np.where(flipped, last[..., 1], first[..., 1])
    right = np.where(flipped, first[..., 1], last[..., 1])
    return np.stack(
        [first[..., 0], left, last[..., 0], right], axis=-1
    ).astype(np.float32)


def cut(view, corner, pad: int, out: int):
    """Cuts one box out of each picture and scales it.

    Args:
        view: `[batch, side, side, channels]`, float32.
        corner: `[batch, 4]`, as `box_corners` gives them.
        pad: Pixels of reflection to add on every side first.
        out: Side of what is made, in pixels.

    Returns:
        `[batch, out, out, channels]`, by bilinear interpolation.
    """
    if pad:
        edges = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
        view = tf.pad(view, edges, mode="REFLECT")
    which = tf.range(tf.shape(view)[0])
    return tf.image.crop_and_resize(view, corner, which, [out, out])


def cut_weights(
    first: float, last: float, *, side: int, pad: int, out: int
) -> np.ndarray:
    """Returns what `cut` counts each pixel of a row or column by.

    Args:
        first: Of a corner, on this axis.
        side: Of the picture, in pixels, without its reflection.

    Returns:
        Array `[out, side]`, float32.
    """
    padded = side + 2 * pad
    places = np.linspace(first, last, out)[:, None] * (padded - 1)
    weights = np.maximum(1.0 - np.abs(places - np.arange(padded)), 0.0)
    reflected = np.pad(np.eye(side), ((pad, pad), (0, 0)), mode="reflect")
    return (weights @ reflected).astype(np.float32)
