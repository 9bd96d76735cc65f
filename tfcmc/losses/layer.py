"""A loss with its options bound, and the numbers that it keeps."""

import functools

from tfcmc.distribute import replicas
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses import blocks
from tfcmc.losses.term import Term, check_term, has_several, one_each


class Loss(keras.layers.Layer):
    """A loss that a spec chose: what `tfcmc.losses.base` says, made a layer.

    Attributes:
        spec: The spec in full.
        kind: As where a loss registers.
        same_view: Likewise.
        raw: Likewise.
        whole_batch: Likewise.
        state: The variable `[state_size]` of what it keeps of the batches
            seen; None where it keeps nothing.

    Args:
        bound: What `LOSSES.lookup(spec)` returned.
        name: The layer's.
    """

    def __init__(self, bound, *, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        extra = bound.member.extra
        self.spec = bound.spec
        self.kind = extra.get("kind", "contrastive")
        self.same_view = extra.get("same_view", False)
        self.raw = extra.get("raw", False)
        self.whole_batch = extra.get("whole_batch", False)
        self._several = extra.get("several", False)
        self._function = bound.function
        self._estimate = functools.partial(
            extra.get("estimate", int), **bound.options
        )
        size = extra.get("state_size", lambda options: 0)(bound.options)
        self.state = None
        if size:
            self.state = self.add_weight(
                name="state",
                shape=[size],
                initializer="zeros",
                trainable=False,
                # Each replica assigns its own copy, and all assign the same.
                aggregation="none",
            )
        self.built = True

    @property
    def has_negatives(self) -> bool:
        """Whether anchors are compared with anything but their positives."""
        return self.kind in ("contrastive", "mutual information")

    @property
    def together(self) -> bool:
        """Whether a value depends on all anchors of the batch."""
        return self.whole_batch or self.state is not None

    # Keras's own takes tensors alone.
    def __call__(self, term: Term):
        """Computes the loss of every anchor, and moves the state on.

        Returns:
            `[A]`; or `[A P]` of a loss that takes one positive an anchor, and
            a term of several.

        Raises:
            ValueError: if the shapes do not fit each other.
        """
        term = self._taken(term)
        return self._values(term)(term)

    def mean(self, term: Term, *, shared: bool = False, step=None):
        """Averages the loss over all anchors, in bounded memory.

        Where the matrix of all similarities would be large it is never held:
        blocks of anchors are computed one after the other, to the same number
        and the same gradients but for rounding.

        Args:
            term: The comparison.
            shared: Whether every replica has a term of its own, and the state
                to keep is the mean of theirs.
            step: Optimizer steps done, for a loss that changes with them.

        Returns:
            The mean.

        Raises:
            ValueError: as for a call.
        """
        del step
        term = self._taken(term)
        values = self._values(term)
        sizes = (term.anchors.shape[0], term.candidates.shape[0])
        # An anchor of a loss of the whole batch depends on all others; one
        # without negatives has no matrix.
        if (
            self.whole_batch
            or not self.has_negatives
            or None in sizes
            or (sizes[0] * sizes[1] <= blocks.HELD)
        ):
            mean = tf.reduce_mean(values(term))
        else:
            mean = blocks.mean_in_blocks(values, term)
        if shared and self.state is not None:
            kept = replicas.add(replicas.part_of(self.state.value))
            self.state.assign(kept)
        return mean

    def keep(self, targets: dict) -> None:
        """Takes in what a step leaves, after the optimizer has moved.

        Args:
            targets: View to `[batch, dim]`, of the whole batch.
        """

    def _taken(self, term):
        """Checks the term, and repeats anchors where the loss needs it."""
        check_term(term)
        if has_several(term) and not self._several:
            return one_each(term)
        return term

    def _values(self, term):
        """Moves the state on; returns what values a term."""
        if self.state is None:
            return self._function
        state = tf.stop_gradient(self._estimate(self.state.value, term))
        self.state.assign(state)
        return functools.partial(self._function, state=state)
