"""Gaussian blurs, each picture with its own standard deviation."""

import math

import numpy as np

from tfcmc.foundation.lazy import tf
from tfcmc.views.augment.draws import BLUR, SIGMA
from tfcmc.views.augment.planes import clipped, pixelwise, where


def blurred(planes, uniforms, augmentation):
    """Blurs some pictures, each with its own standard deviation."""
    if not augmentation.blur:
        return planes
    low, high = augmentation.sigma_low, augmentation.sigma_high
    sigma = low + (high - low) * uniforms[:, SIGMA]
    side = planes[0].shape[-1]
    if augmentation.kernel == "pil":
        once = _boxed(sigma, side, high)
        matrix = once @ once @ once
    else:
        matrix = _gaussian(sigma, side)
    across = tf.transpose(matrix, [0, 2, 1])
    chosen = uniforms[:, BLUR] < augmentation.blur
    # Weights may add up to more than 1 by their last bits.
    spread = [clipped(matrix @ (plane @ across)) for plane in planes]
    return where(chosen, spread, planes)


def _gaussian(sigma, side):
    """SimCLR's Gaussian as a matrix `[batch, side, side]`."""
    radius = side // 20
    offsets = np.arange(radius + 1, dtype=np.float32)
    taps = tf.exp(-(offsets**2) / (2 * sigma[:, None] ** 2))
    total = 2 * tf.reduce_sum(taps, axis=1, keepdims=True) - taps[:, :1]
    places = tf.range(side)
    return sum(
        pixelwise(tap) * _equal(tf.abs(places[:, None] - places), offset)
        for offset, tap in enumerate(tf.unstack(taps / total, axis=1))
    )


def _boxed(sigma, side, highest):
    """One of PIL's three boxes as a matrix `[batch, side, side]`."""
    # Three boxes of 2 radius + 1 pixels, the two at the ends in part, have the
    # variance of the Gaussian.
    radius = _half_width(sigma)
    most = math.floor((math.sqrt(4 * highest**2 + 1) - 1) / 2) + 1
    places = tf.range(side)
    matrix = 0.0
    for offset in range(-most, most + 1):
        read = tf.clip_by_value(places + offset, 0, side - 1)
        tap = tf.clip_by_value(radius + 1 - abs(offset), 0.0, 1.0)
        matrix += pixelwise(tap / (2 * radius + 1)) * _equal(
            read[:, None], places
        )
    return matrix


def _half_width(sigma):
    """PIL's half-width of a box, as in its BoxBlur.c."""
    variance = sigma * sigma / 3  # of each of the three
    whole = tf.floor((tf.sqrt(12 * variance + 1) - 1) / 2)
    part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance)
    return whole + part / (6 * (variance - (whole + 1) ** 2))


def _equal(one, other):
    return tf.cast(one == other, tf.float32)
