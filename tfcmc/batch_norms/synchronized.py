"""Statistics of the whole batch."""

from tfcmc.batch_norms.base import BATCH_NORMS, USUAL, layers
from tfcmc.foundation.registry import Flag


@BATCH_NORMS.register("synchronized", each_view=Flag())
def synchronized(*, each_view: bool = False, **layer):
    """Normalises by the whole batch, over all devices, as one device would.

    Args:
        each_view: Whether views of one branch go through it one by one, each
            with statistics of its own, or together. Predictors see one by
            one in any case.
        **layer: As Keras's own takes it.

    Returns:
        A layer, `[batch, ..., channels]` to the same.

    Reference: Chen et al. 2020, "A simple framework for contrastive learning
        of visual representations", section 2.1.
    """
    del each_view  # who calls it shows it one view or all
    return layers.BatchNormalization(synchronized=True, **USUAL, **layer)
