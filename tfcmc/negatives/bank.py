"""Negatives from a memory bank over all training pictures."""

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Flag, Number
from tfcmc.losses.term import Candidates
from tfcmc.losses.vectors import normalise
from tfcmc.negatives.base import NEGATIVES, Source


@NEGATIVES.register(
    "bank",
    extra={"remembers": True},
    momentum=Number(at_least=0, below=1),
    draws=Choice(
        ("all",), number=Number(at_least=1, at_most=10_000_000, whole=True)
    ),
    each_anchor=Flag(),
)
class Bank(Source):
    """One remembered unit vector for every training picture and view.

    Anchors of one view are scored against the other view's bank: the batch's
    own remembered vectors, one of which is the positive, and `draws` drawn
    evenly from the rest, with replacement: one may come twice. After scoring
    the batch's vectors are updated, v <- normalise(momentum v + (1 - momentum)
    embedding).

    With `draws=all` nothing is drawn: the whole bank is scored, as in the
    softmax of instance discrimination without approximation. With
    `each_anchor` every picture has draws of its own, the same for all views,
    from the whole bank: also the batch's vectors may be drawn, and its own,
    as the reference codes have it.

    Args:
        momentum: Weight of the remembered vector, from 0 to below 1.
        draws: How many to draw at each step, at most as many as there are;
            or "all". Of each anchor, where it has its own.
        each_anchor: Whether each anchor has draws of its own.

    Reference: Wu et al. 2018, section 3.3; Tian et al. 2019, section 3.3.
    """

    def __init__(self, *, momentum=0.5, draws=4096, each_anchor=False):
        self.momentum = momentum
        self.draws = draws
        self.one_draw = each_anchor

    def memory_rows(self, examples):
        """One a picture."""
        return examples

    def told(self, examples):
        """Says so where fewer are drawn than was asked for."""
        if self.draws == "all" or self.draws < examples:
            return ""
        return (
            f"the bank holds {examples:,} vectors a view, one a picture: "
            f"{self.draws:,} cannot be drawn"
        )

    def candidates(self, embeddings, memory, index, seed):
        """Returns `[batch + draws, dim]`, or the whole bank."""
        own = tf.cast(index, tf.int32)
        if self.draws == "all":
            return Candidates(tf.convert_to_tensor(memory), own)
        if self.one_draw:
            return self._for_each(memory, own, seed)
        batch = tf.shape(index)[0]
        others = memory.shape[0] - batch
        drawn = tf.random.stateless_uniform(
            [tf.minimum(self.draws, others)],
            seed,
            maxval=tf.maximum(others, 1),
            dtype=tf.int32,
        )
        # Numbers among the pictures outside the batch become numbers among
        # all: each skips the batch's pictures that come before it.
        taken = tf.sort(own)
        skipped = tf.searchsorted(taken - tf.range(batch), drawn, side="right")
        rows = tf.concat([own, drawn + skipped], axis=0)
        return Candidates(tf.gather(memory, rows), tf.range(batch))

    def _for_each(self, memory, own, seed):
        """The whole bank, and of it each anchor's own row and draws."""
        examples = memory.shape[0]
        drawn = tf.random.stateless_uniform(
            [own.shape[0] or tf.shape(own)[0], min(self.draws, examples)],
            seed,
            maxval=examples,
            dtype=tf.int32,
        )
        return Candidates(
            tf.convert_to_tensor(memory),
            tf.zeros_like(own),
            drawn=tf.concat([own[:, None], drawn], axis=1),
        )

    def remember(self, keys, memory, index, step):
        """Updates the batch's vectors in the bank of their own view."""
        del step
        (embeddings,) = keys
        kept = self.momentum * tf.gather(memory, index)
        rows = normalise(kept + (1.0 - self.momentum) * embeddings)
        memory.scatter_update(tf.IndexedSlices(rows, index))
