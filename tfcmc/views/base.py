"""The table of views: how one picture becomes two."""

import dataclasses

from tfcmc.foundation.registry import Registry

VIEWS = Registry("views")


@dataclasses.dataclass(frozen=True)
class Views:
    """Two views of a picture.

    Attributes:
        names: The name of each view; its encoder is saved under it.
        channels: The number of channels of each.
        convert: `[batch, height, width, 3]` uint8 to a tuple with one float32
            tensor `[batch, height, width, channels]` a view, in about [-1, 1].
        blank: `[batch, height, width, 3]` uint8 array to booleans `[batch]`:
            pictures in which one of the views is constant by construction.
        blank_word: What such pictures are, for messages: "grey".
    """

    names: tuple
    channels: tuple
    convert: object
    blank: object
    blank_word: str
