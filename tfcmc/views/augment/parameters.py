"""The parameters of distortions, and the published ones by name."""

import dataclasses

STRENGTHS = ("brightness", "contrast", "saturation", "hue")
WHOLE_CIRCLE = 0.5  # of a hue, that turns as far either way
INTERPOLATIONS = ("bilinear", "bicubic")


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How one view of a picture is distorted; by default it is not.

    Attributes:
        area_low: The crop's smallest part of the picture, above 0.
        area_high: Its largest, at most 1.
        ratio_low: The crop's smallest width by height.
        ratio_high: Its largest.
        interpolation: "bilinear" or "bicubic", both with PIL's antialiasing.
        flip: Probability of mirroring left and right.
        jitter: Probability of changing the colours.
        brightness: b; a factor from [max(0, 1 - b), 1 + b].
        contrast: Likewise.
        saturation: Likewise.
        hue: h; a turn from [-h, h], of which 1 is the whole circle.
        brightening: "multiplied" by the factor; "added": factor - 1, from
            [-b, b], is added.
        rule: Of contrast and saturation. "torchvision": contrast about the
            mean of the grey picture, saturation about the grey pixel; "tf":
            contrast about each channel's mean, saturation of HSV.
        order: Of the four: "random" for each picture, "fixed" as above.
        grey: Probability of taking the colours away.
        grey_first: Whether that comes before the jitter.
        blur: Probability of a Gaussian blur.
        sigma_low: Its smallest standard deviation, in pixels of the view.
        sigma_high: Its largest.
        kernel: "pil": ImageFilter.GaussianBlur's three boxes, the border
            repeated; "tenth": SimCLR's Gaussian, cut off at a twentieth of the
            side to each side, black beyond the border.
        solarise: Probability of inverting what is bright.
        threshold: From where on it is inverted, in [0, 1].
    """

    area_low: float = 1.0
    area_high: float = 1.0
    ratio_low: float = 1.0
    ratio_high: float = 1.0
    interpolation: str = "bilinear"
    flip: float = 0.0
    jitter: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    brightening: str = "multiplied"
    rule: str = "torchvision"
    order: str = "random"
    grey: float = 0.0
    grey_first: bool = False
    blur: float = 0.0
    sigma_low: float = 0.1
    sigma_high: float = 2.0
    kernel: str = "pil"
    solarise: float = 0.0
    threshold: float = 0.5


_CROP = {
    "area_low": 0.08,
    "ratio_low": 3 / 4,
    "ratio_high": 4 / 3,
    "flip": 0.5,
}
_MOCO_V1 = Augmentation(
    **_CROP | {"area_low": 0.2},
    jitter=1.0,
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.4,
    grey=0.2,
    grey_first=True,
)
_WEAK = Augmentation(
    **_CROP,
    jitter=0.8,
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.1,
    grey=0.2,
)
_SIMCLR = Augmentation(
    **_CROP,
    interpolation="bicubic",
    jitter=0.8,
    brightness=0.8,
    contrast=0.8,
    saturation=0.8,
    hue=0.2,
    rule="tf",
    grey=0.2,
    blur=0.5,
    kernel="tenth",
)
_BYOL = dataclasses.replace(
    _SIMCLR,
    brightness=0.4,
    contrast=0.4,
    saturation=0.2,
    hue=0.1,
    brightening="added",
    blur=1.0,
)
_SWAV = dataclasses.replace(
    _SIMCLR,
    area_low=0.14,
    interpolation="bilinear",
    rule="torchvision",
    kernel="pil",
)

# The published augmentations, a row a view; the last is that of all further
# views, and of small ones where these have none of their own.
ROWS = {
    "none": (Augmentation(),),
    "instdisc": (dataclasses.replace(_MOCO_V1, flip=0.0, grey_first=False),),
    "moco_v1": (_MOCO_V1,),
    "moco_v2": (dataclasses.replace(_WEAK, area_low=0.2, blur=0.5),),
    "simclr": (_SIMCLR,),
    "byol": (_BYOL, dataclasses.replace(_BYOL, blur=0.1, solarise=0.2)),
    "swav": (_SWAV,),
    "weak32": (_WEAK,),
}
SMALL = {"swav": dataclasses.replace(_SWAV, area_low=0.05, area_high=0.14)}


def rows(
    name: str,
    count: int,
    *,
    small: bool = False,
    strength: float = 1.0,
    **overrides,
) -> tuple[Augmentation, ...]:
    """Returns the augmentations of a picture's views.

    Args:
        name: One of `ROWS`.
        count: How many views.
        small: Whether they are small ones, beside others.
        strength: What the four strengths of the jitter are multiplied by.
        **overrides: Attributes of `Augmentation` that all views take instead.

    Returns:
        One `Augmentation` a view.
    """
    published = ROWS[name]
    if small:
        published = (SMALL.get(name, published[-1]),)
    found = []
    for number in range(count):
        row = published[min(number, len(published) - 1)]
        jitter = {part: strength * getattr(row, part) for part in STRENGTHS}
        # A turn by a half either way is the whole circle.
        jitter["hue"] = min(jitter["hue"], WHOLE_CIRCLE)
        found.append(dataclasses.replace(row, **jitter | overrides))
    return tuple(found)
