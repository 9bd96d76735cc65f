"""Random light and colour of views in which they lie apart."""

import dataclasses
import functools
import math

import numpy as np

from tfcmc.foundation.draws import LIGHT_AND_COLOUR, uniforms
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Number
from tfcmc.views.base import Views

STRENGTH = Number(at_least=0, at_most=1)
PROBABILITY = 0.8  # SimCLR's, of changing a view at all
HUE = 0.25  # share of the strength, in turns
DRAWS = 3  # random numbers a view


def changed(views: Views, strength: float, grey) -> Views:
    """Draws light or colour of each view anew.

    So crops cannot be matched by what all of a picture is like. Of four
    views in five: of one channel contrast is multiplied by, and brightness
    moved by; of two saturation is multiplied by, and hue turned about grey by,
    what is uniform. Held-out pictures are compared as they are.

    Formula: of one channel, mean + f (x - mean) + d, f in [1 - s, 1 + s] and d
        in [-s, s], of values in [-1, 1]; of two, g + f R (x - g), g grey and
        R a turn by at most s / 4 of a circle.

    Args:
        views: Of one channel or two each.
        strength: s, from 0, which changes nothing.
        grey: `[2]`, where grey lies in a view of two channels.

    Reference: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations", appendix A, whose strengths are 0.8 of RGB.
    """
    if not strength:
        return views
    names = len(views.names)

    def draw(of, seed, epoch, numbers, examples):
        numbers = np.asarray(numbers)
        more = uniforms(seed, LIGHT_AND_COLOUR, epoch, numbers, names, DRAWS)
        return np.concatenate(
            [of.draw(seed, epoch, numbers, examples), more], axis=-1
        )

    def convert(of, pictures, draws):
        own = draws[..., -DRAWS:, None, None, None]
        return [
            _changed(view, *tf.unstack(own[:, number], axis=1), strength, grey)
            for number, view in enumerate(
                of.convert(pictures, draws[..., :-DRAWS])
            )
        ]

    def made(of):
        return dataclasses.replace(
            of,
            draw=functools.partial(draw, of),
            convert=functools.partial(convert, of),
            compared=views,
        )

    found = made(views)
    if views.cut is None:
        return found
    return dataclasses.replace(found, cut=made(views.cut))


def _changed(view, first, second, drawn, strength, grey):
    """Changes a view `[batch, side, side, channels]` by `[batch, 1, 1, 1]`."""
    most = strength * tf.cast(drawn < PROBABILITY, tf.float32)
    factor = 1.0 + most * (2.0 * first - 1.0)
    moved = most * (2.0 * second - 1.0)
    if view.shape[-1] == 1:
        mean = tf.reduce_mean(view, axis=[1, 2, 3], keepdims=True)
        return mean + factor * (view - mean) + moved
    turn = 2.0 * math.pi * HUE * moved
    cos, sin = tf.cos(turn), tf.sin(turn)
    a, b = tf.split(view - grey, 2, axis=-1)
    turned = tf.concat([cos * a - sin * b, sin * a + cos * b], axis=-1)
    return grey + factor * turned
