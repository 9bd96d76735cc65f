"""Statistics of groups of the batch, as of devices that are not there."""

from tfcmc.batch_norms.base import BATCH_NORMS, USUAL, layers
from tfcmc.foundation.registry import Flag, Number


@BATCH_NORMS.register(
    "split",
    groups=Number(at_least=2, at_most=4096, whole=True),
    each_view=Flag(),
)
def split(*, groups: int = 8, each_view: bool = False, **layer):
    """Normalises each of several groups of the batch by itself.

    A group is pictures that follow each other in the batch of all devices: on
    one device `split(groups=n)` is what `local` is on n.

    Args:
        groups: How many, which a batch is a multiple of; and a multiple of
            the devices.
        each_view: Whether views of one branch go through it one by one, each
            in groups of its own, or together. Predictors see one by one in
            any case.
        **layer: As Keras's own takes it.

    Returns:
        A layer, `[batch, ..., channels]` to the same.

    Reference: the CIFAR-10 demonstration in the code of He et al. 2020,
        "Momentum contrast for unsupervised visual representation learning".
    """
    del each_view  # who calls it shows it one view or all
    return layers.BatchNormalization(groups=groups, **USUAL, **layer)
