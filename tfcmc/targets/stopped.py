"""The embeddings, held constant."""

from tfcmc.foundation.lazy import tf
from tfcmc.targets.base import TARGETS


@TARGETS.register("stopped")
def stopped(embeddings: list) -> list:
    """Compares anchors with the other views' embeddings; anchors alone learn.

    Reference: Chen and He 2021, "Exploring simple siamese representation
        learning".
    """
    return [tf.stop_gradient(each) for each in embeddings]
