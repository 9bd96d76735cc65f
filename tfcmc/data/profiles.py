"""Colour profiles: what a picture's numbers mean, brought to sRGB."""

import functools
import io

import numpy as np

from tfcmc.foundation.lazy import LazyModule

Image = LazyModule("PIL.Image")
ImageCms = LazyModule("PIL.ImageCms")

CONVERTED, UNUSABLE = "converted", "unusable"
# Pillow's mode for each colour space of ICC.1; with others nothing is done.
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
# Of 255: profiles that are all meant as sRGB differ by as much.
SAME = 2
LARGEST = 2**22  # bytes; those of printing presses have 3 MB at most


def to_srgb(image, profile):
    """Converts a picture to sRGB by its colour profile.

    A profile that is broken, or is not for such pictures, counts as sRGB, or
    for CMYK as Pillow's own formula.

    Args:
        image: A Pillow image in the mode L, RGB, CMYK or LAB.
        profile: The bytes of an ICC profile, or None.

    Returns:
        `(image, what)`: in the mode RGB; and `CONVERTED`, `UNUSABLE`, or
        None where there was nothing to do.
    """
    what = None
    if profile:
        try:
            mode, transform = _transform(bytes(profile[: LARGEST + 1]))
            image = _fitting(image, mode)
            if transform is None:
                return _rgb(image), None
            return ImageCms.applyTransform(image, transform), CONVERTED
        except (ImageCms.PyCMSError, ImportError, OSError, ValueError):
            what = UNUSABLE
    if image.mode == "LAB":  # which needs no profile to be told from sRGB
        return ImageCms.applyTransform(image, _from_lab()), what or CONVERTED
    return _rgb(image), what


def _rgb(image):
    return image if image.mode == "RGB" else image.convert("RGB")


def _fitting(image, mode):
    if mode == "RGB" and image.mode == "L":
        return image.convert("RGB")
    if image.mode != mode:
        raise ValueError(f"a profile for {mode}, a picture in {image.mode}")
    return image


@functools.lru_cache(maxsize=32)
def _transform(profile):
    """Returns a profile's mode, and its transform unless it is sRGB's."""
    if len(profile) > LARGEST:
        raise ValueError("a profile of unlikely size")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    if (mode := MODES.get(space)) is None:
        raise ValueError(f"a profile of {space}")
    transform = _build(source, mode)
    if mode in ("RGB", "L"):
        colours = _colours(mode)
        after = ImageCms.applyTransform(colours, transform)
        before = np.asarray(colours.convert("RGB"), np.int64)
        if np.abs(before - np.asarray(after)).max() <= SAME:
            transform = None
    return mode, transform


@functools.cache
def _from_lab():
    return _build(ImageCms.createProfile("LAB"), "LAB")


def _build(source, mode):
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    # Colours that sRGB has are left as they are, as photographs are shown;
    # threads share the transform, which its cache does not allow.
    return ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags | ImageCms.Flags.NOCACHE,
    )


def _colours(mode):
    """Returns a picture of colours from all over a mode's range."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    return Image.fromarray(grid.reshape(1, -1, 3))
