"""Every view with the codes of the first views."""

from tfcmc.foundation.registry import Number
from tfcmc.pairs.base import PAIRS, Pairs


@PAIRS.register("assigned", codes=Number(at_least=1, at_most=16, whole=True))
def assigned(views: int, *, codes: int = 2) -> Pairs:
    """The mean of loss(view i, codes of view j) for j of the first, i not j.

    Args:
        views: How many there are.
        codes: How many of them, from the first on, give codes.

    Reference: Caron et al. 2020, "Unsupervised learning of visual features by
        contrasting cluster assignments", section 3.2.
    """
    ordered = tuple(
        (view, code)
        for code in range(min(codes, views))
        for view in range(views)
        if view != code
    )
    return Pairs(ordered, 1.0 / max(1, len(ordered)))
