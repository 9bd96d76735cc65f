"""Statistics of each device's share of the batch."""

from tfcmc.batch_norms.base import BATCH_NORMS, USUAL
from tfcmc.foundation.lazy import keras


@BATCH_NORMS.register("local")
def local(**layer):
    """Normalises by the share that a device has of the batch.

    On one device that is the whole batch. Moving statistics are the mean over
    the devices of their own.

    Args:
        **layer: As Keras's own takes it.

    Returns:
        A layer, `[batch, ..., channels]` to the same.

    Reference: He et al. 2020, "Momentum contrast for unsupervised visual
        representation learning", section 3.3.
    """
    return keras.layers.BatchNormalization(
        synchronized=False, **USUAL, **layer
    )
