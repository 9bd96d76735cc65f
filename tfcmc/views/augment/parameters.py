"""The parameters of distortions, and the published ones by name."""

import dataclasses

STRENGTHS = ("brightness", "contrast", "saturation", "hue")
WHOLE_CIRCLE = 0.5  # of a hue, that turns as far either way
INTERPOLATIONS = ("bilinear", "bicubic")


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How one view of a picture is distorted; by default it is not."""

    area_low: float = 1.0  # the crop's smallest part of the picture, above 0
    area_high: float = 1.0  # its largest, at most 1
    ratio_low: float = 1.0  # the crop's smallest width by height
    ratio_high: float = 1.0  # its largest
    interpolation: str = "bilinear"  # or "bicubic"; both antialias as PIL
    flip: float = 0.0  # probability of mirroring left and right
    jitter: float = 0.0  # probability of changing the colours
    brightness: float = 0.0  # b; a factor from [max(0, 1 - b), 1 + b]
    contrast: float = 0.0  # likewise
    saturation: float = 0.0  # likewise
    hue: float = 0.0  # h; a turn from [-h, h], of which 1 is the whole circle
    # "multiplied" by the factor; "added": factor - 1, from [-b, b], is added.
    brightening: str = "multiplied"
    # Of contrast and saturation. "torchvision": contrast about the mean of the
    # grey picture, saturation about the grey pixel; "tf": contrast about each
    # channel's mean, saturation of HSV.
    rule: str = "torchvision"
    # Of the four: "random" for each picture, "fixed" as above.
    order: str = "random"
    grey: float = 0.0  # probability of taking the colours away
    grey_first: bool = False  # whether that comes before the jitter
    blur: float = 0.0  # probability of a Gaussian blur
    sigma_low: float = 0.1  # its smallest standard deviation, in view pixels
    sigma_high: float = 2.0  # its largest
    # "pil": ImageFilter.GaussianBlur's three boxes, the border repeated;
    # "tenth": SimCLR's Gaussian, cut off at a twentieth of the side to each
    # side, black beyond the border.
    kernel: str = "pil"
    solarise: float = 0.0  # probability of inverting what is bright
    threshold: float = 0.5  # from where on it is inverted, in [0, 1]


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
