"""The table of sources of negatives, and what a member gives."""

import typing

from tfcmc.foundation.registry import Registry

NEGATIVES = Registry("source of negatives")


class Candidates(typing.NamedTuple):
    """What the anchors of one view are compared with.

    Attributes:
        vectors: `[count, dim]`.
        positive: `[batch]`, the row of each anchor's positive among them, or
            `[batch, places]` of several.
        group: `[count]`, int64, as a `Term` has them; None where every one
            but the positive is a negative.
        drawn: `[batch, draws]`, likewise; None where all anchors have all.
    """

    vectors: typing.Any
    positive: typing.Any
    group: typing.Any = None
    drawn: typing.Any = None
