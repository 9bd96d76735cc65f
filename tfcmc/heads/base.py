"""The table of heads.

A member is a function `(features, seed, *, options) -> embeddings` of Keras
tensors, `[batch, features]` to `[batch, dim]`. Probes read the features, the
loss what the head makes of them; a predictor is a head after the head.
"""

import functools

from tfcmc.foundation.own import drawing, own_member, takes
from tfcmc.foundation.registry import Member, Registry

APART = 99  # from the seed of the encoder, whose layers would be drawn alike


def _elsewhere(place: str, name: str) -> Member:
    """Finds a head of the user's own."""
    return own_member("head", place, name, "features", _seeded)


HEADS = Registry("head", _elsewhere)


def _seeded(function):
    """A head whose initial weights are a function of a seed in any case."""

    @functools.wraps(function)
    def build(features, seed, **options):
        if takes(function, "seed"):
            options["seed"] = seed + APART
        with drawing(seed + APART):
            return function(features, **options)

    return build
