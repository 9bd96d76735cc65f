"""The first view against the others, one way."""

from tfcmc.pairs.base import PAIRS, Pairs


@PAIRS.register("first")
def first(views: int) -> Pairs:
    """loss(view 1, candidates of view j) for every other view, added.

    Args:
        views: How many there are.

    Reference: He et al. 2020, "Momentum contrast for unsupervised visual
        representation learning".
    """
    return Pairs(tuple((0, other) for other in range(1, views)))
