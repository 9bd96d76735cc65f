"""The table of batch normalisations.

A member is a function `(*, options, **layer) -> layer` of what Keras's own
takes: `name`, `center`, `scale`, `gamma_initializer`. What builds encoders and
heads takes it as `batch_norm`, the options filled in.
"""

from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.registry import Registry

BATCH_NORMS = Registry("batch-norm")
# Of the papers' own code, not Keras's defaults.
USUAL = {"momentum": 0.9, "epsilon": 1e-5}
# Its class is a subclass of Keras's.
layers = LazyModule("tfcmc.batch_norms.layer", needs_tensorflow=True)
