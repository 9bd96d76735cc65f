"""Distorted copies of the picture itself."""

import functools

from tfcmc.foundation.draws import DISTORTIONS, uniforms
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Number
from tfcmc.views.augment import DRAWS, ROWS, distort, rows, whole
from tfcmc.views.base import VIEWS, Frame, Views

JUDGING = 2**32 - 1  # an epoch that no training reaches
BRANCH = "rgb"


@VIEWS.register(
    "rgb",
    extra={"distorts": True},
    count=Number(at_least=2, at_most=16, whole=True),
    augment=Choice(tuple(ROWS)),
    strength=Number(at_least=0, at_most=2),
    area=Number(above=0, at_most=1, optional=True),
    blur=Number(at_least=0, at_most=1, optional=True),
)
def rgb(
    frame: Frame,
    *,
    count: int = 2,
    augment: str = "simclr",
    strength: float = 1.0,
    area: float | None = None,
    blur: float | None = None,
) -> Views:
    """Copies of the picture, each cut and coloured in its own way; one branch.

    Held-out pictures are compared under fixed draws of the same distortions;
    probes read the whole picture. Values are from 0 to 1, as the papers of
    these augmentations have them, moved to [-1, 1].

    Args:
        frame: What they are made for; its crop and flip are not used.
        count: How many.
        augment: A published row of distortions; "none" leaves the picture.
        strength: Factor on the strengths of the row's colour jitter.
        area: Smallest share of the picture that a crop takes; None for the
            row's.
        blur: Probability of a blur; None for the row's.

    Reference: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations", section 2.2.
    """
    own = {"area_low": area, "blur": blur}
    changed = {name: each for name, each in own.items() if each is not None}
    distortions = rows(augment, count, strength=strength, **changed)

    # Unknown where pictures of any number are read: the weights of a crop
    # depend on it.
    sized = [None, frame.picture_side, frame.picture_side, 3]

    def convert(pictures, draws):
        pictures = tf.ensure_shape(pictures, sized)
        return [
            2.0 * distort(pictures, draws[:, number], each, frame.side) - 1.0
            for number, each in enumerate(distortions)
        ]

    def shown(pictures):
        pictures = tf.ensure_shape(pictures, sized)
        kept = distortions[0].interpolation
        return [2.0 * whole(pictures, frame.side, kept) - 1.0]

    def draw(seed, epoch, numbers, examples):
        del examples
        return uniforms(seed, DISTORTIONS, epoch, numbers, count, DRAWS)

    return Views(
        names=tuple(f"{BRANCH}_{number + 1}" for number in range(count)),
        branch=(BRANCH,) * count,
        channels=(3,) * count,
        sides=(frame.side,) * count,
        draw=draw,
        convert=tf.function(convert, jit_compile=True),
        whole=tf.function(shown, jit_compile=True),
        judged=functools.partial(draw, 0, JUDGING),
    )
