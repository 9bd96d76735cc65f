"""The table of sources of negatives, and what a member gives."""

from tfcmc.foundation.registry import Registry
from tfcmc.losses.term import Candidates

NEGATIVES = Registry("source of negatives")


class Source:
    """What sources of negatives have in common; one that remembers nothing."""

    local = False  # whether each device compares its share of the batch alone
    each_branch = False  # whether views of one branch share a memory
    one_draw = False  # whether the same is drawn for the anchors of all views

    def memory_rows(self, examples: int) -> int:
        """Returns how many vectors a view, or a branch, remembers.

        Args:
            examples: Number of training pictures.
        """
        del examples
        return 0

    def told(self, examples: int) -> str:
        """Says what there is less of than was asked for, or ""."""
        del examples
        return ""

    def candidates(self, embeddings, memory, index, seed) -> Candidates:
        """Returns what the anchors of a view are compared with.

        Args:
            embeddings: The other view's unit vectors `[batch, dim]`.
            memory: What is remembered of it, a variable `[rows, dim]`.
            index: `[batch]`, which pictures these are, all different.
            seed: `[2]`, what the draws are a function of.
        """
        raise NotImplementedError

    def remember(self, keys: list, memory, index, step) -> None:
        """Takes in what a step made of its pictures, after it was scored.

        Args:
            keys: Unit vectors `[batch, dim]`, one of each view that the
                memory is of.
            memory: A variable `[rows, dim]`.
            index: `[batch]`, which pictures these are.
            step: Steps done before this one.
        """
        del keys, memory, index, step

    def ends(self, memory, taken: int):
        """Returns the newest keys and the oldest; None where no order is."""
        del memory, taken
        return None
