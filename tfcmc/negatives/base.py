"""The table of sources of negatives, and what a member gives."""

from tfcmc.foundation.registry import Registry

NEGATIVES = Registry("source of negatives")


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
