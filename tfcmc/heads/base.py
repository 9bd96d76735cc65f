"""The table of heads.

A member is a function `(features, seed, *, options) -> embeddings` of Keras
tensors, `[batch, features]` to `[batch, dim]`. Probes read the features, the
loss what the head makes of them; a predictor is a head after the head.
"""

from tfcmc.foundation.registry import Registry

HEADS = Registry("head")
