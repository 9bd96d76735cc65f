"""The distortions of RGB views, as compiled operations on the device.

A distorted picture is a function of the picture and of its view's `DRAWS`
uniform numbers, which are one of (seed, epoch, example, view).
"""

from tfcmc.foundation.errors import check_choice
from tfcmc.foundation.lazy import keras, tf
from tfcmc.views.augment.blur import blurred
from tfcmc.views.augment.draws import GREY, SOLARISE
from tfcmc.views.augment.jitter import jittered
from tfcmc.views.augment.parameters import INTERPOLATIONS, Augmentation
from tfcmc.views.augment.place import cropped, flipped, resized, whole_weights
from tfcmc.views.augment.planes import luma, pixelwise, where
from tfcmc.views.portable import scaled


def distort(pictures, uniforms, augmentation: Augmentation, side: int):
    """Distorts one view of each picture.

    Crop and flip, jitter (after grey where `grey_first`), grey, blur,
    solarisation. A picture's result does not depend on the others in the
    batch. Can be compiled by XLA, for the augmentation and side given.

    Args:
        pictures: `[batch, height, width, 3]`, uint8, square.
        uniforms: `[batch, DRAWS]`, float32, in [0, 1).
        side: Of the view, in pixels.

    Returns:
        `[batch, side, side, 3]`, float32, in [0, 1].
    """
    planes = cropped(pictures, uniforms, augmentation, side)
    return _coloured(planes, uniforms, augmentation)


def finish(crops, uniforms, augmentation: Augmentation):
    """Distorts likewise what was cut out and scaled before, but for the flip.

    Args:
        crops: `[batch, side, side, 3]`, uint8.
        uniforms: `[batch, DRAWS]`, float32, in [0, 1).

    Returns:
        `[batch, side, side, 3]`, float32, in [0, 1].
    """
    planes = flipped(crops, uniforms, augmentation)
    return _coloured(planes, uniforms, augmentation)


def _coloured(planes, uniforms, augmentation):
    """All of a distortion that comes after its crop and flip."""
    steps = [jittered, _greyed, blurred, _solarised]
    if augmentation.grey_first:
        steps[:2] = _greyed, jittered
    for step in steps:
        planes = step(planes, uniforms, augmentation)
    return tf.stack(planes, axis=-1)


def whole(pictures, side: int, interpolation: str = "bilinear"):
    """Scales whole pictures to a side, without any draw.

    Args:
        pictures: `[batch, height, width, 3]`, uint8, square.
        side: Of the result, in pixels.
        interpolation: "bilinear" or "bicubic", both with PIL's antialiasing.

    Returns:
        `[batch, side, side, 3]`, float32, in [0, 1].
    """
    check_choice("interpolation", interpolation, INTERPOLATIONS)
    if pictures.shape[1] == side:
        return keras.ops.cast(pictures, "float32") / 255
    if isinstance(pictures, keras.KerasTensor):
        weights = whole_weights(pictures.shape[1], side, interpolation)[0]
        return scaled(
            keras.ops.cast(pictures, "float32") / 255,
            *[keras.ops.convert_to_numpy(weights)] * 2,
            clip=lambda values: keras.ops.clip(values, 0.0, 1.0),
        )
    return tf.stack(resized(pictures, side, interpolation), axis=-1)


def _greyed(planes, uniforms, augmentation):
    """Takes the colours of some pictures away."""
    if not augmentation.grey:
        return planes
    chosen = uniforms[:, GREY] < augmentation.grey
    return where(chosen, [luma(planes)] * 3, planes)


def _solarised(planes, uniforms, augmentation):
    """Inverts what is bright in some pictures."""
    if not augmentation.solarise:
        return planes
    chosen = pixelwise(uniforms[:, SOLARISE] < augmentation.solarise)
    return [
        tf.where(chosen & (plane >= augmentation.threshold), 1 - plane, plane)
        for plane in planes
    ]
