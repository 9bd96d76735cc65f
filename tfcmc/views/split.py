"""Lightness apart from colour: a branch each, seen once or oftener."""

import functools
from collections.abc import Callable

import numpy as np

from tfcmc.foundation.lazy import keras, tf
from tfcmc.foundation.registry import Number
from tfcmc.views.base import Frame, Views
from tfcmc.views.crop import cropped

# A picture whose channels never differ by more than this is grey: JPEG may
# turn a grey one by a level or two.
GREY_WITHIN = 2


COUNT = Number(at_least=1, at_most=8, whole=True)


def split(
    frame: Frame, names: tuple, convert: Callable, count: int = 1
) -> Views:
    """Makes views of what pictures' lightness and colours are converted to.

    Args:
        names: The name of each branch.
        convert: `[batch, height, width, 3]` uint8 to float32 of one channel,
            and of two.
        count: How often each is seen, in boxes of their own; several are
            `L_1`, `L_2`, ..., through the branch `L`.
    """
    convert, shown = _compiled(convert), names
    if count > 1:
        shown = [f"{name}_{n + 1}" for name in names for n in range(count)]

    def each(pictures):
        return [view for view in convert(pictures) for _ in range(count)]

    return cropped(
        frame,
        names=tuple(shown),
        channels=(1,) * count + (2,) * count,
        convert=each,
        branch=tuple(name for name in names for _ in range(count)),
        blank=grey,
        blank_word="grey",
    )


def grey(pictures):
    """Says which pictures have no colour.

    Args:
        pictures: Array `[batch, height, width, 3]`, uint8.

    Returns:
        Booleans `[batch]`.
    """
    # Most pictures show a colour in one pixel of sixteen; only those that do
    # not are looked at in full.
    suspects = np.flatnonzero(_colourless(pictures[:, ::4, ::4]))
    found = np.zeros(len(pictures), bool)
    found[suspects] = _colourless(pictures[suspects])
    return found


def _colourless(pictures):
    difference = pictures.max(axis=-1) - pictures.min(axis=-1)
    return difference.max(axis=(1, 2)) <= GREY_WITHIN


@functools.cache
def _compiled(convert):
    """Compiles a conversion once for all that use it."""
    # XLA fuses it into one pass over the pixels: that of Lab measured 12 times
    # as fast on a CPU as one operation after the other.
    traced = tf.function(convert, jit_compile=True)

    def known(pictures):
        symbolic = isinstance(pictures, keras.KerasTensor)
        return (convert if symbolic else traced)(pictures)

    return known
