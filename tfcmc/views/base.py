"""The table of views: what the branches see of one picture."""

import dataclasses
import functools
import re
import typing

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.own import own_member
from tfcmc.foundation.registry import Registry
from tfcmc.runs.record import TOLD_OF_PROBES

VIEWS = Registry(
    "views", functools.partial(own_member, "views", first="frame")
)

NAME = re.compile(r"\w[\w.-]*", re.ASCII)
BOTH = "both"  # what tables call all views side by side


@dataclasses.dataclass(frozen=True)
class Frame:
    """What views are made for.

    Attributes:
        picture_side: Side of the pictures, in pixels.
        side: Side of the views, in pixels.
        crop: The `Crop` of pictures of that side.
        shared: Whether all views of a picture are cut from one box.
        flip: Whether views are mirrored at random.
    """

    picture_side: int
    side: int
    crop: typing.Any
    shared: bool = False
    flip: bool = True


def compiled(convert: typing.Callable) -> typing.Callable:
    """Compiles what makes views of pictures.

    What was traced for any number of pictures may be taken for a known one
    too, and would not tell it: it is said again here.

    Args:
        convert: As `Views.convert`.
    """
    traced = tf.function(convert, jit_compile=True)

    def known(pictures, draws):
        count = tf.nest.flatten(pictures)[0].shape[0]
        return [
            tf.ensure_shape(view, [count, *view.shape[1:]])
            for view in traced(pictures, draws)
        ]

    return known


@dataclasses.dataclass(frozen=True)
class Views:
    """The views of a picture.

    A branch is an encoder with its head; views of one branch share it.

    Attributes:
        names: The name of each view.
        branch: The name of each view's branch, which is saved under it.
        channels: Channels of each view.
        sides: Side of each view, in pixels.
        draw: `(seed, epoch, numbers, examples) -> [batch, views, draws]`
            float32, on the host: what is random about pictures, a pure
            function. `numbers` are those of the pictures, of `examples`.
        convert: `(pictures, draws) -> ` a float32 tensor `[batch, side, side,
            channels]` a view, on the device; pictures are `[batch, height,
            width, 3]` uint8.
        whole: `pictures -> ` such a tensor a branch, without any draw: what
            probes read.
        portable: The same of symbolic pictures, in Keras's operations alone:
            what is exported. None for views that have no such form.
        judged: Like `draw` but `(numbers, examples)`: the draws that held-out
            pictures are compared under; None where each view has a branch of
            its own, and `whole` shows all of them.
        compared: The `Views`, of the same branches in the same order, that
            held-out pictures are compared in; None for these.
        cut: The same views where they are cut out of whole pictures, of any
            shape, on the host; None where that is not defined.
        boxes: Of such views: `(draws, height, width) -> [views, 4]`, where
            they are cut out of a picture by its draws: top, left, height and
            width in pixels. `convert` takes what was cut out, `[batch, side,
            side, 3]` uint8 a view. None for others.
        filters: How each is scaled to its side: "bilinear" or "bicubic", both
            with PIL's antialiasing.
        blank: `[batch, height, width, 3]` uint8 array to booleans `[batch]`:
            pictures in which one of the views is constant by construction;
            None where there are none.
        blank_word: What such pictures are, for messages: "grey".
    """

    names: tuple
    branch: tuple
    channels: tuple
    sides: tuple
    draw: typing.Callable
    convert: typing.Callable
    whole: typing.Callable
    portable: typing.Callable | None = None
    judged: typing.Callable | None = None
    compared: "Views | None" = None
    cut: "Views | None" = None
    boxes: typing.Callable | None = None
    filters: tuple = ()
    blank: typing.Callable | None = None
    blank_word: str = ""

    def __post_init__(self):
        each = (self.names, self.branch, self.channels, self.sides)
        if len(set(map(len, each))) > 1:
            raise must(
                "views",
                "of as many names, branches, channels and sides",
                list(map(len, each)),
            )
        # They stand in tables, and in the names of files.
        for name in (*self.names, *self.branch):
            if not NAME.fullmatch(str(name)) or name == BOTH:
                raise must(
                    "views", f"named by letters, and not {BOTH}", repr(name)
                )
        if taken := [n for n in self.branches if n in TOLD_OF_PROBES]:
            raise must(
                "views",
                "of branches that are not named as a number of a probe is",
                taken[0],
            )
        if len(set(self.names)) < len(self.names):
            raise must("views", "of different names", self.names)
        alike = {*zip(self.branch, self.channels, strict=True)}
        if len(alike) > len(self.branches):
            raise must(
                "views",
                "of as many channels where they share a branch",
                self.channels,
            )
        if self.compared and self.compared.branches != self.branches:
            raise must(
                "views",
                "of the same branches, in the same order, as `compared`",
                f"{self.branches} and {self.compared.branches}",
            )
        several = len(set(self.branch)) < len(self.branch)
        if several and self.judged is None and self.compared is None:
            raise must(
                "views",
                "with `judged` draws where two share a branch",
                self.names,
            )

    @property
    def of_held_out(self) -> "Views":
        """Those that held-out pictures are compared in."""
        return self.compared or self

    @property
    def branches(self) -> tuple:
        """The name of every branch, once."""
        return tuple(dict.fromkeys(self.branch))

    @property
    def shapes(self) -> dict:
        """Branch name to the shape `(side, side, channels)` that it takes.

        A side is None where the branch takes views of several.
        """
        found = {}
        for name, side, channels in zip(
            self.branch, self.sides, self.channels, strict=True
        ):
            if found.setdefault(name, (side, side, channels))[0] != side:
                side = None
            found[name] = (side, side, channels)
        return found
