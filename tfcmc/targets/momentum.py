"""The embeddings of a slowly moving twin."""

import math

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Number
from tfcmc.targets.base import TARGETS
from tfcmc.targets.stopped import Stopped


@TARGETS.register(
    "momentum",
    extra={"stops": True},
    start=Number(at_least=0, at_most=1),
    end=Number(at_least=0, at_most=1),
    init=Choice(("copy", "fresh")),
)
class Momentum(Stopped):
    """Compares anchors with what a twin of the branches makes of the views.

    The twin's parameters follow those learnt, once after every step of the
    optimizer: theta' <- tau theta' + (1 - tau) theta. Its batch normalisation
    takes the statistics of its own batches, and only the averages it would
    infer with are its own too.

    Formula: tau(k) = end - (end - start) (cos(pi k / K) + 1) / 2 at step k of
        K, from 0.

    Args:
        start: tau at the first step, from 0 to 1.
        end: tau after the last; MoCo's is that at the start.
        init: Whether the twin starts as a copy, as all do by `--init`, or at
            weights of its own.

    Reference: He et al. 2020, "Momentum contrast for unsupervised visual
        representation learning", section 3.2; Grill et al. 2020, "Bootstrap
        your own latent", section 3.1 and appendix J.
    """

    def __init__(
        self, *, start: float = 0.996, end: float = 1.0, init: str = "copy"
    ):
        self.start = start
        self.end = end
        self.init = init

    def weight(self, step, steps: int):
        """Returns tau of a step, a float32 scalar.

        Args:
            step: Steps done, a number or a tensor.
            steps: K, all that there will be.
        """
        done = tf.cast(step, tf.float32) / float(steps)
        share = (tf.cos(math.pi * done) + 1.0) / 2.0
        return self.end - (self.end - self.start) * share
