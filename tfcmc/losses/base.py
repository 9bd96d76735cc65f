"""The table of losses, and a loss with its options bound."""

from tfcmc.checks import check_pair
from tfcmc.lazy import tf
from tfcmc.registry import Registry

LOSSES = Registry("loss")


class Loss:
    """A loss that a spec chose, ready to be called.

    A member of `LOSSES` is a pure function `(anchor, candidates, positive, *,
    options) -> [batch]` on unit vectors: `positive[i]` is the row of
    `candidates` that belongs to anchor `i`; every other row is a negative.
    A member may register `estimate`, a second function
    `(state, anchor, candidates, positive, *, options) -> state`, whose result
    the loss then takes as `state=`: what it knows of the batches seen.

    Args:
        bound: What `LOSSES.lookup(spec)` returned.
    """

    def __init__(self, bound):
        self.spec = bound.spec
        self._function = bound.function
        self._options = bound.options
        self._estimate = bound.member.extra.get("estimate")
        self.state_size = bound.member.extra.get("state_size", 0)

    def __call__(self, anchor, candidates, positive, state=None):
        """Computes the loss of every anchor.

        Args:
            anchor: Unit vectors `[batch, dim]`.
            candidates: Unit vectors `[count, dim]`.
            positive: `[batch]`, the row of each anchor's positive.
            state: `[state_size]`, zeros at the start.

        Returns:
            `(values, state)`: `[batch]`, and the state to pass next time.

        Raises:
            ValueError: if the shapes do not fit each other.
        """
        anchor, candidates = map(tf.convert_to_tensor, (anchor, candidates))
        positive = tf.convert_to_tensor(positive)
        check_pair(anchor, candidates, positive)
        if self._estimate is None:
            return self._function(anchor, candidates, positive), state
        if state is None:
            state = tf.zeros([self.state_size])
        state = self._estimate(
            state, anchor, candidates, positive, **self._options
        )
        state = tf.stop_gradient(state)
        return self._function(anchor, candidates, positive, state=state), state
