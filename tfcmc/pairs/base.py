"""The table of pairs, and what a member gives."""

import dataclasses

from tfcmc.foundation.registry import Registry

PAIRS = Registry("pairs")


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The terms of an objective."""

    ordered: tuple  # `(anchor, other)`, numbers of views, one a term
    weight: float = 1.0  # of each term in the objective
    # Whether the other's places are what anchors are compared with.
    places: bool = False
