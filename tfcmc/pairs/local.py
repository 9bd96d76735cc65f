"""Every view with its own places."""

from tfcmc.pairs.base import PAIRS, Pairs


@PAIRS.register("local", extra={"places": True})
def local(views: int) -> Pairs:
    """loss(view i, places of view i) for all i, added.

    The head is made twice, of the features and of the encoder's map. An
    anchor is what it makes of a picture's features. Its positives are the
    places of the picture's own map, averaged; its negatives are all places of
    all other pictures.

    Args:
        views: How many there are; one is enough.

    Reference: Hjelm et al. 2019, "Learning deep representations by mutual
        information estimation and maximization", section 3.
    """
    return Pairs(tuple((view, view) for view in range(views)), places=True)
