"""The table of losses, and a loss with its options bound."""

from tfcmc.foundation.errors import check_pair, must
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Registry
from tfcmc.losses import blocks

LOSSES = Registry("loss")


class Loss:
    """A loss that a spec chose, ready to be called.

    A member of `LOSSES` is a pure function `(anchor, candidates, positive, *,
    options) -> [batch]` on unit vectors: `positive[i]` is the row of
    `candidates` that belongs to anchor `i`; every other row is a negative.
    What else a member needs or is, it says in `extra` where it registers:

        same_view: It takes negatives of the anchor's own view too. They then
            stand among the candidates, the anchor itself with them: `own=` is
            the row of each anchor, neither positive nor negative.
        raw: It takes the embeddings as the encoder gives them, not scaled to
            unit length.
        whole_batch: An anchor's value depends on the other anchors: it holds
            statistics of the batch, and only their mean is a loss.
        axes: The directions of the axes count, not the angles alone.
        constant: A function of the options: whether something that depends
            on the vectors is held constant in the gradient, on purpose.
        state_size: A function of the options: how many numbers the loss
            keeps of the batches seen, 0 for none.
        estimate: Where it keeps any: a second function `(state, anchor,
            candidates, positive, *, options) -> state`, whose result the
            loss takes as `state=`.

    `whole_batch`, `axes` and `constant` also say which of the laws that every
    loss is tested by do not hold for it.

    Attributes:
        spec: The spec in full.
        same_view: As above.
        raw: As above.
        whole_batch: As above.
        state_size: How many numbers its options keep.

    Args:
        bound: What `LOSSES.lookup(spec)` returned.
    """

    def __init__(self, bound):
        self.spec = bound.spec
        self._function = bound.function
        self._options = bound.options
        extra = bound.member.extra
        self.same_view = extra.get("same_view", False)
        self.raw = extra.get("raw", False)
        self.whole_batch = extra.get("whole_batch", False)
        self._estimate = extra.get("estimate")
        self.state_size = extra.get("state_size", lambda options: 0)(
            bound.options
        )

    def __call__(self, anchor, candidates, positive, state=None, own=None):
        """Computes the loss of every anchor.

        Args:
            anchor: `[batch, dim]`, unit vectors unless the loss is `raw`.
            candidates: `[count, dim]`, likewise.
            positive: `[batch]`, the row of each anchor's positive.
            state: `[state_size]`, zeros at the start.
            own: `[batch]`, the row of each anchor itself among the
                candidates, for a loss that is `same_view`; or None.

        Returns:
            `(values, state)`: `[batch]`, and the state to pass next time.

        Raises:
            ValueError: if the shapes do not fit each other, or `own` is given
                to a loss that would take those rows for negatives.
        """
        anchor, candidates, rows, state = self._prepared(
            anchor, candidates, positive, state, own
        )
        return self._values(state)(anchor, candidates, *rows), state

    def mean(self, anchor, candidates, positive, state=None, own=None):
        """Averages the loss over all anchors, in bounded memory.

        Where the matrix of all similarities would be large it is never held:
        blocks of anchors are computed one after the other, to the same number
        and the same gradients but for rounding.

        Args:
            anchor: As for a call.
            candidates: As for a call.
            positive: As for a call.
            state: As for a call.
            own: As for a call.

        Returns:
            `(mean, state)`.

        Raises:
            ValueError: as for a call.
        """
        anchor, candidates, rows, state = self._prepared(
            anchor, candidates, positive, state, own
        )
        values = self._values(state)
        sizes = (anchor.shape[0], candidates.shape[0])
        # An anchor of a loss of the whole batch depends on all others.
        if (
            self.whole_batch
            or None in sizes
            or (sizes[0] * sizes[1] <= blocks.HELD)
        ):
            return tf.reduce_mean(values(anchor, candidates, *rows)), state
        return blocks.mean_in_blocks(values, anchor, candidates, rows), state

    def _prepared(self, anchor, candidates, positive, state, own):
        """Checks what a call is given, and moves the state on."""
        anchor, candidates = map(tf.convert_to_tensor, (anchor, candidates))
        positive = tf.convert_to_tensor(positive)
        check_pair(anchor, candidates, positive)
        rows = [positive]
        if own is not None:
            rows.append(self._checked(anchor, candidates, own))
        if self.state_size:
            if state is None:
                state = tf.zeros([self.state_size])
            state = tf.stop_gradient(
                self._estimate(
                    state, anchor, candidates, positive, **self._options
                )
            )
        return anchor, candidates, rows, state

    def _values(self, state):
        """Returns `(anchor, candidates, positive, own) -> values`."""
        given = {"state": state} if self.state_size else {}

        def values(anchor, candidates, positive, own=None):
            if own is not None:
                given["own"] = own
            return self._function(anchor, candidates, positive, **given)

        return values

    def _checked(self, anchor, candidates, own):
        if not self.same_view:
            raise must("own", f"None for {self.spec}", own)
        own = tf.convert_to_tensor(own)
        check_pair(anchor, candidates, own, name="own")
        return own
