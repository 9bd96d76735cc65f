"""Random changes of brightness, contrast, saturation and hue."""

import itertools

import numpy as np

from tfcmc.foundation.lazy import tf
from tfcmc.views.augment.draws import BRIGHTNESS, HUE, JITTER, ORDER
from tfcmc.views.augment.parameters import STRENGTHS
from tfcmc.views.augment.planes import (
    brightest,
    clipped,
    darkest,
    luma,
    pixelwise,
    where,
)

ORDERS = np.array([*itertools.permutations(range(len(STRENGTHS)))], np.int32)
UNCHANGED = -1  # for the number of one of them
TINY = 1e-12  # a range of brightness above 0 is none below this


def jittered(planes, uniforms, augmentation):
    """Changes brightness, contrast, saturation and hue, in each one's order.

    In a loop, since XLA would compute the slots before a mean anew for every
    use of it: 5.3 ms a picture of 64x64 and not 0.05.
    """
    if not augmentation.jitter:
        return planes
    chosen = uniforms[:, JITTER] < augmentation.jitter
    slots = tf.where(
        chosen[:, None], _orders(uniforms, augmentation), UNCHANGED
    )
    values = _values(uniforms, augmentation)
    blend = {"torchvision": _torchvision, "tf": _tf}[augmentation.rule]

    def change(slot, planes):
        which = tf.gather(slots, slot, axis=1)
        planes = blend(planes, *_coefficients(which, values, augmentation))
        if augmentation.hue:
            turned = _turned(planes, values[:, 3])
            planes = where(which == 3, turned, planes)
        return slot + 1, planes

    count = len(STRENGTHS)
    _, planes = tf.while_loop(
        lambda slot, _: slot < count,
        change,
        (0, list(planes)),
        maximum_iterations=count,
    )
    return planes


def _orders(uniforms, augmentation):
    """Which of the four comes when: `[batch, 4]`."""
    if augmentation.order == "fixed":
        return tf.zeros([tf.shape(uniforms)[0], 1], tf.int32) + ORDERS[0]
    number = tf.cast(uniforms[:, ORDER] * len(ORDERS), tf.int32)
    return tf.gather(ORDERS, tf.minimum(number, len(ORDERS) - 1))


def _values(uniforms, augmentation):
    """Three factors and the turn of the hue: `[batch, 4]`."""
    strengths = np.array([getattr(augmentation, name) for name in STRENGTHS])
    low, high = np.maximum(1 - strengths, 0), 1 + strengths
    if augmentation.brightening == "added":
        low[0] = 1 - augmentation.brightness
    low[3], high[3] = -augmentation.hue, augmentation.hue
    low, high = low.astype(np.float32), high.astype(np.float32)
    return low + (high - low) * uniforms[:, BRIGHTNESS : HUE + 1]


def _coefficients(which, values, augmentation):
    """What a slot does: factor, added, contrasted, saturated: `[batch]`."""
    one, zero = tf.ones_like(values[:, 0]), tf.zeros_like(values[:, 0])
    brightness, contrast, saturation, _ = tf.unstack(values, axis=1)
    added = zero
    if augmentation.brightening == "added":
        added = tf.where(which == 0, brightness - 1, zero)
        brightness = one
    factor = tf.where(which == 1, contrast, one)
    factor = tf.where(which == 2, saturation, factor)
    factor = tf.where(which == 0, brightness, factor)
    return factor, added, which == 1, which == 2


def _torchvision(planes, factor, added, contrasted, saturated):
    """Blends with the mean of the grey picture, or with the grey picture.

    All is factor * x + share * grey + offset, whatever a picture's slot does:
    one pass over the pixels and no choice in it.
    """
    grey = luma(planes)
    mean = tf.reduce_mean(grey, axis=[1, 2])
    offset = tf.where(contrasted, (1 - factor) * mean, added)
    share = tf.where(saturated, 1 - factor, 0.0)
    rest = pixelwise(share) * grey + pixelwise(offset)
    return [clipped(pixelwise(factor) * plane + rest) for plane in planes]


def _tf(planes, factor, added, contrasted, saturated):
    """Blends with each channel's mean, or with the brightest channel.

    In HSV, a channel is V - S V t with t of the hue alone: saturation, at most
    1, changes V - x by min(factor, 1 / S).
    """
    top = brightest(planes)
    most = top / tf.maximum(top - darkest(planes), TINY)
    keep = pixelwise(factor)
    keep = tf.where(pixelwise(saturated), tf.minimum(keep, most), keep)
    rest = tf.where(pixelwise(saturated), (1 - keep) * top, 0.0)
    changed = []
    for plane in planes:
        mean = tf.reduce_mean(plane, axis=[1, 2])
        offset = tf.where(contrasted, (1 - factor) * mean, added)
        changed.append(clipped(keep * plane + rest + pixelwise(offset)))
    return changed


def _turned(planes, turn):
    """Turns the hue, in HSV.

    A channel is V - C min(max(min(k, 4 - k), 0), 1) with C = V - min,
    k = (n + 6 H) mod 6 and n = 5, 3, 1 for red, green, blue.
    """
    red, green, blue = planes
    top = brightest(planes)
    chroma = top - darkest(planes)
    is_red, is_green = red == top, green == top
    ahead = tf.where(is_green, blue - red, red - green)
    ahead = tf.where(is_red, green - blue, ahead)
    base = tf.where(is_red, 0.0, tf.where(is_green, 2.0, 4.0))
    hue = base + ahead / tf.where(chroma > 0, chroma, 1.0)
    hue += 6 * pixelwise(turn)
    turned = []
    for place in (5, 3, 1):
        k = hue + place
        k -= 6 * tf.floor(k / 6)
        turned.append(top - chroma * clipped(tf.minimum(k, 4 - k)))
    return turned
