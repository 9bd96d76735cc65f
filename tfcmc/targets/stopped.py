"""The embeddings, held constant."""

from tfcmc.foundation.lazy import tf
from tfcmc.targets.base import TARGETS


@TARGETS.register("stopped", extra={"stops": True})
class Stopped:
    """Compares anchors with the other views' embeddings; anchors alone learn.

    Reference: Chen and He 2021, "Exploring simple siamese representation
        learning".
    """

    init = None

    def __call__(self, embeddings: dict) -> dict:
        """Returns what it is given, without a gradient."""
        return {
            view: tf.stop_gradient(each) for view, each in embeddings.items()
        }
