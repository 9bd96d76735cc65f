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
HUE_NUMBER = STRENGTHS.index("hue")
UNCHANGED = -1  # for the number of one of them
TINY = 1e-12  # a range of brightness above 0 is none below this


def jittered(planes, uniforms, augmentation):
    """Changes brightness, contrast, saturation and hue, in each one's order.

    The hue costs most and turns once: between what comes before it in a
    picture's order and what comes after. The others are steps of a loop, since
    XLA would compute all before a mean anew for every use of it: four steps in
    a row took 50 times as long.
    """
    if not augmentation.jitter:
        return planes
    chosen = uniforms[:, JITTER] < augmentation.jitter
    order = tf.where(
        chosen[:, None], _orders(uniforms, augmentation), UNCHANGED
    )
    slots = tf.range(len(STRENGTHS))
    is_hue = tf.cast(order == HUE_NUMBER, tf.int32)
    place = tf.reduce_sum(is_hue * slots, axis=1, keepdims=True)
    before = tf.where(slots < place, order, UNCHANGED)[:, :-1]
    after = tf.where(slots > place, order, UNCHANGED)[:, 1:]
    values = _values(uniforms, augmentation)
    planes = _blended(planes, before, values, augmentation)
    if augmentation.hue:
        planes = where(chosen, _turned(planes, values[:, HUE_NUMBER]), planes)
    return _blended(planes, after, values, augmentation)


def _blended(planes, which, values, augmentation):
    """Changes what `which`, `[batch, steps]`, says, one after the other."""
    blend = {"torchvision": _torchvision, "tf": _tf}[augmentation.rule]
    coefficients = _coefficients(which, values, augmentation)
    steps = which.shape[1]

    def change(step, planes):
        own = [tf.gather(each, step, axis=1) for each in coefficients]
        return step + 1, blend(planes, *own)

    _, planes = tf.while_loop(
        lambda step, _: step < steps,
        change,
        (0, list(planes)),
        maximum_iterations=steps,
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
    """What steps do: factor, added, contrasted, saturated: like `which`."""
    brightness, contrast, saturation = tf.split(values[:, :-1], 3, axis=1)
    added = tf.zeros_like(brightness)
    if augmentation.brightening == "added":
        added, brightness = brightness - 1, tf.ones_like(brightness)
    factor = tf.where(which == 1, contrast, 1.0)
    factor = tf.where(which == 2, saturation, factor)
    factor = tf.where(which == 0, brightness, factor)
    return factor, tf.where(which == 0, added, 0.0), which == 1, which == 2


def _torchvision(planes, factor, added, contrasted, saturated):
    """Blends with the mean of the grey picture, or with the grey picture."""
    # All is factor * x + share * grey + offset, whatever a picture's slot
    # does: one pass over the pixels and no choice in it.
    grey = luma(planes)
    mean = tf.reduce_mean(grey, axis=[1, 2])
    offset = tf.where(contrasted, (1 - factor) * mean, added)
    share = tf.where(saturated, 1 - factor, 0.0)
    rest = pixelwise(share) * grey + pixelwise(offset)
    return [clipped(pixelwise(factor) * plane + rest) for plane in planes]


def _tf(planes, factor, added, contrasted, saturated):
    """Blends with each channel's mean, or with the brightest channel."""
    # In HSV, a channel is V - S V t with t of the hue alone: saturation, at
    # most 1, changes V - x by min(factor, 1 / S).
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
    """Turns the hue, in HSV."""
    # A channel is V - C min(max(min(k, 4 - k), 0), 1) with C = V - min,
    # k = (n + 6 H) mod 6 and n = 5, 3, 1 for red, green, blue.
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
