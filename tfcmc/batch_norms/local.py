"""Statistics of each device's share of the batch."""

from tfcmc.batch_norms.base import BATCH_NORMS, USUAL, layers
from tfcmc.foundation.registry import Flag


@BATCH_NORMS.register("local", each_view=Flag())
def local(*, each_view: bool = False, **layer):
    """Normalises by the share that a device has of the batch.

    On one device that is the whole batch. Moving statistics are the mean over
    the devices of their own.

    Args:
        each_view: Whether views of one branch go through it one by one, each
            with statistics of its own, or together. Predictors see one by
            one in any case.
        **layer: As Keras's own takes it.

    Returns:
        A layer, `[batch, ..., channels]` to the same.

    Reference: He et al. 2020, "Momentum contrast for unsupervised visual
        representation learning", section 3.3.
    """
    del each_view  # who calls it shows it one view or all
    return layers.BatchNormalization(synchronized=False, **USUAL, **layer)
