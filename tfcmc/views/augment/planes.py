"""Colours in planes: red, green and blue, each `[batch, height, width]`.

Channels last, a vector instruction would hold two pixels and two thirds.
"""

from tfcmc.foundation.lazy import tf

LUMA = (0.299, 0.587, 0.114)  # of grey: ITU-R 601, as PIL and torchvision


def clipped(values):
    """Clips to [0, 1]."""
    return tf.clip_by_value(values, 0.0, 1.0)


def pixelwise(values):
    """Makes `[batch, 1, 1]` of `[batch]`, to be met by planes."""
    return values[:, None, None]


def luma(planes):
    """Returns the grey picture, one plane."""
    return sum(w * plane for w, plane in zip(LUMA, planes, strict=True))


def brightest(planes):
    """Returns each pixel's largest channel."""
    return tf.maximum(tf.maximum(planes[0], planes[1]), planes[2])


def darkest(planes):
    """Returns each pixel's smallest channel."""
    return tf.minimum(tf.minimum(planes[0], planes[1]), planes[2])


def where(chosen, planes, others):
    """Takes a picture of the first where `chosen`, of the others elsewhere."""
    chosen = pixelwise(chosen)
    return [
        tf.where(chosen, plane, other)
        for plane, other in zip(planes, others, strict=True)
    ]
