"""Distorted copies of the picture itself."""

import dataclasses
import functools

from tfcmc.foundation.draws import DISTORTIONS, uniforms
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Number
from tfcmc.views.augment import DRAWS, ROWS, box, distort, finish, rows, whole
from tfcmc.views.base import VIEWS, Frame, Views, compiled

JUDGING = 2**32 - 1  # an epoch that no training reaches
BRANCH = "rgb"


@VIEWS.register(
    "rgb",
    extra={"distorts": True},
    count=Number(at_least=1, at_most=16, whole=True),
    small=Number(at_least=0, at_most=16, whole=True),
    small_side=Number(at_least=8, at_most=1024, whole=True, optional=True),
    augment=Choice(tuple(ROWS)),
    strength=Number(at_least=0, at_most=2),
    area=Number(above=0, at_most=1, optional=True),
    blur=Number(at_least=0, at_most=1, optional=True),
)
def rgb(
    frame: Frame,
    *,
    count: int = 2,
    small: int = 0,
    small_side: int | None = None,
    augment: str = "simclr",
    strength: float = 1.0,
    area: float | None = None,
    blur: float | None = None,
) -> Views:
    """Copies of the picture, each cut and coloured in its own way; one branch.

    Held-out pictures are compared under fixed draws of the same distortions,
    in two views where there is one, and in none of the small; probes read the
    whole picture. Values are from 0 to 1, as the papers of
    these augmentations have them, moved to [-1, 1].

    Args:
        frame: What they are made for; its crop and flip are not used.
        count: How many.
        small: How many small ones follow; in the row "swav" they are cut out
            of a small part of the picture.
        small_side: Their side in pixels; None for 3/7 of the views', as 96 is
            of 224.
        augment: A published row of distortions; "none" leaves the picture.
        strength: Factor on the strengths of the row's colour jitter.
        area: Smallest share of the picture that a crop takes, but for the
            small ones; None for the row's.
        blur: Probability of a blur; None for the row's.

    Reference: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations", section 2.2.
    """
    blurred = {} if blur is None else {"blur": blur}
    cut = {} if area is None else {"area_low": area}
    row = functools.partial(rows, augment, strength=strength, **blurred)
    distortions = row(count=count, **cut) + row(count=small, small=True)
    less = small_side or round(frame.side * 3 / 7)
    sides = (frame.side,) * count + (less,) * small
    many = count + small

    # Unknown where pictures of any number are read: the weights of a crop
    # depend on it.
    sized = [None, frame.picture_side, frame.picture_side, 3]

    def convert(pictures, draws):
        pictures = tf.ensure_shape(pictures, sized)
        return [
            2.0 * distort(pictures, draws[:, number], each, side) - 1.0
            for number, (each, side) in enumerate(
                zip(distortions, sides, strict=True)
            )
        ]

    def boxes(draws, height, width):
        return [
            box(drawn, each, height, width)
            for drawn, each in zip(draws, distortions, strict=True)
        ]

    def of_crops(crops, draws):
        return [
            2.0 * finish(crop, draws[:, number], each) - 1.0
            for number, (crop, each) in enumerate(
                zip(crops, distortions, strict=True)
            )
        ]

    def shown(pictures):
        kept = distortions[0].interpolation
        return [2.0 * whole(pictures, frame.side, kept) - 1.0]

    def seen(pictures):
        return shown(tf.ensure_shape(pictures, sized))

    def draw(seed, epoch, numbers, examples):
        del examples
        return uniforms(seed, DISTORTIONS, epoch, numbers, many, DRAWS)

    compared = None
    if small or count == 1:
        compared = rgb(
            frame,
            count=max(2, count),
            augment=augment,
            strength=strength,
            area=area,
            blur=blur,
        )
    views = Views(
        names=tuple(f"{BRANCH}_{number + 1}" for number in range(many)),
        branch=(BRANCH,) * many,
        channels=(3,) * many,
        sides=sides,
        draw=draw,
        convert=compiled(convert),
        whole=tf.function(seen, jit_compile=True),
        portable=shown,
        judged=functools.partial(draw, 0, JUDGING),
        compared=compared,
    )
    cut = dataclasses.replace(
        views,
        convert=compiled(of_crops),
        boxes=boxes,
        filters=tuple(each.interpolation for each in distortions),
    )
    return dataclasses.replace(views, cut=cut)
