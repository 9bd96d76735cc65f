"""Every view with every other, both ways round."""

import itertools

from tfcmc.foundation.registry import Choice
from tfcmc.pairs.base import PAIRS, Pairs


@PAIRS.register("cross", reduce=Choice(("sum", "mean")))
def cross(views: int, *, reduce: str = "sum") -> Pairs:
    """loss(view i, candidates of view j) for all i and j that differ.

    Args:
        views: How many there are.
        reduce: Whether terms are added, as in the paper, or averaged.
    """
    ordered = tuple(itertools.permutations(range(views), 2))
    many = 1 if reduce == "sum" else max(1, len(ordered))
    return Pairs(ordered, 1.0 / many)
