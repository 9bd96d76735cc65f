"""The table of heads.

A member is a function `(features, seed, *, options) -> embeddings` of Keras
tensors, `[batch, features]` to `[batch, dim]`. Probes read the features, the
loss what the head makes of them; a predictor is a head after the head.
"""

import functools

from tfcmc.foundation.own import own_member, seeded
from tfcmc.foundation.registry import Member, Registry

APART = 99  # from the seed of the encoder, whose layers would be drawn alike


def _elsewhere(place: str, name: str) -> Member:
    """Finds a head of the user's own."""
    wrap = functools.partial(seeded, apart=APART)
    return own_member("head", place, name, "features", wrap)


HEADS = Registry("head", _elsewhere)
