"""The table of pairs, and what a member gives."""

import dataclasses

from tfcmc.foundation.registry import Registry

PAIRS = Registry("pairs")


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The terms of an objective.

    Attributes:
        ordered: `(anchor, other)`, numbers of views, one a term.
        weight: Of each term in the objective.
        places: Whether the other's places are what anchors are compared with.
    """

    ordered: tuple
    weight: float = 1.0
    places: bool = False
