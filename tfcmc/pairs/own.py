"""Every view with what is remembered of itself."""

from tfcmc.pairs.base import PAIRS, Pairs


@PAIRS.register("self")
def own(views: int) -> Pairs:
    """loss(view i, candidates of view i) for all i, added.

    Args:
        views: How many there are; one is enough.

    Reference: Wu et al. 2018, "Unsupervised feature learning via
        non-parametric instance discrimination".
    """
    return Pairs(tuple((view, view) for view in range(views)))
