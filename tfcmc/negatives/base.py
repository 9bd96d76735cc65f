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


class Source:
    """What sources of negatives have in common.

    Attributes:
        local: Whether each device compares its share of the batch alone.
        each_branch: Whether views of one branch share a memory.
        one_draw: Whether the same is drawn for the anchors of all views.
    """

    local = False
    each_branch = False
    one_draw = False

    def told(self, examples) -> str:
        """Says what there is less of than was asked for, or ""."""
        del examples
        return ""

    def ends(self, memory, taken: int):
        """Returns the newest keys and the oldest; None where no order is."""
        del memory, taken
        return None
