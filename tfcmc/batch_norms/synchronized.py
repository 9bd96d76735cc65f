"""Statistics of the whole batch."""

from tfcmc.batch_norms.base import BATCH_NORMS, USUAL
from tfcmc.foundation.lazy import keras


@BATCH_NORMS.register("synchronized")
def synchronized(**layer):
    """Normalises by the whole batch, over all devices, as one device would.

    Args:
        **layer: As Keras's own takes it.

    Returns:
        A layer, `[batch, ..., channels]` to the same.

    Reference: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations", section 2.1.
    """
    return keras.layers.BatchNormalization(synchronized=True, **USUAL, **layer)
