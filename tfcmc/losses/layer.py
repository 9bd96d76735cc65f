"""A loss with its options bound, and the numbers that it keeps."""

import functools

from tfcmc.distribute import replicas
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses import blocks
from tfcmc.losses.prototypes import Prototypes
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
        at_collapse: Its value at one point, where that is known beforehand.
        prototypes: The `Prototypes` of a clustering; None of another.

    Args:
        bound: What `LOSSES.lookup(spec)` returned.
        dim: Dimensions of the embeddings; None for those of the first term.
        views: Number of each view that is an anchor's other, to its name.
        seed: Of what learns.
        steps: How many there will be; None where that is not known.

    Raises:
        UsageError: if `dim` is given, and an option is a share of steps that
            are not known.
    """

    def __init__(
        self,
        bound,
        *,
        name: str | None = None,
        dim: int | None = None,
        views: dict | None = None,
        seed: int = 0,
        steps: int | None = None,
    ):
        super().__init__(name=name, dtype="float32")
        extra = bound.member.extra
        self.spec = bound.spec
        self.kind = extra.get("kind", "contrastive")
        self.same_view = extra.get("same_view", False)
        self.raw = extra.get("raw", False)
        self.whole_batch = extra.get("whole_batch", False)
        self._several = extra.get("several", False)
        self._function = bound.function
        at_collapse = extra.get("at_collapse", lambda options: None)
        self.at_collapse = at_collapse(bound.options)
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
        self.prototypes = None
        self._make_prototypes = None
        if self.kind == "clustering":
            self._make_prototypes = functools.partial(
                _prototypes, bound.options, steps, views=views or {}, seed=seed
            )
            if dim is not None:
                self.prototypes = self._make_prototypes(dim)
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
    def __call__(self, term: Term, *, step=0, view: int = 0):
        """Computes the loss of every anchor, and moves the state on.

        Args:
            step: Optimizer steps done.
            view: Number of the view that the positives are of.

        Returns:
            `[A]`; or `[A P]` of a loss that takes one positive an anchor, and
            a term of several.

        Raises:
            ValueError: if the shapes do not fit each other.
        """
        term = self._taken(term)
        return self._values(term, step, view)(term)

    def mean(
        self,
        term: Term,
        *,
        shared: bool = False,
        step=0,
        view: int = 0,
        learning: bool = True,
    ):
        """Averages the loss over all anchors, in bounded memory.

        Where the matrix of all similarities would be large it is never held:
        blocks of anchors are computed one after the other, to the same number
        and the same gradients but for rounding. The term's size must be known
        when it is traced: a `tf.data` batch's is with `drop_remainder=True`.

        Args:
            shared: Whether every replica has a term of its own, and the state
                to keep is the mean of theirs.
            learning: Whether the state moves on.
        """
        term = self._taken(term)
        values = self._values(term, step, view, learning)
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
        if shared and learning and self.state is not None:
            kept = replicas.add(replicas.part_of(self.state.value))
            self.state.assign(kept)
        return mean

    def keep(self, targets: dict) -> None:
        """Takes in what a step leaves, after the optimizer has moved.

        Args:
            targets: View to `[batch, dim]`, of the whole batch.
        """
        if self.prototypes is not None:
            self.prototypes.keep(targets)

    def _taken(self, term):
        """Checks the term, and repeats anchors where the loss needs it."""
        check_term(term)
        if has_several(term) and not self._several:
            return one_each(term)
        return term

    def _values(self, term, step, view, learning=True):
        """Moves the state on; returns what values a term."""
        if self._make_prototypes is not None:
            if self.prototypes is None:
                self.prototypes = self._make_prototypes(term.anchors.shape[1])
            batch = tf.shape(term.candidates)[0]
            given = self.prototypes.given(step, view, batch)
            return functools.partial(self._function, **given)
        if self.state is None:
            return self._function
        state = tf.stop_gradient(self._estimate(self.state.value, term))
        if learning:
            self.state.assign(state)
        return functools.partial(self._function, state=state)


def _prototypes(options, steps, dim, **given):
    """Prototypes, held for a number of the steps or for a share of them."""
    freeze = options["freeze"]
    if 0 < freeze < 1:
        if steps is None:
            told = "a number of steps, from 1, where the run's are not known"
            raise must("freeze", told, freeze)
        freeze *= steps
    kept = {
        name: options[name] for name in ("prototypes", "queue", "queue_from")
    }
    return Prototypes(dim, freeze=round(freeze), **kept, **given)


def make_losses(
    bound,
    ordered: tuple,
    names: tuple,
    *,
    dim: int,
    seed: int,
    steps: int | None = None,
) -> list:
    """Makes the losses of pairs of views.

    Args:
        bound: What `LOSSES.lookup(spec)` returned.
        ordered: `(anchor, other)`, numbers of views, one a pair.
        names: Those of the views.
        dim: Dimensions of the embeddings.
        seed: Of what losses learn.
        steps: How many there will be; None where that is not known.

    Returns:
        One `Loss` a pair; where a loss learns prototypes the same one.
    """
    loss = functools.partial(Loss, bound, dim=dim, seed=seed, steps=steps)
    if bound.member.extra.get("kind") == "clustering":
        others = {other: names[other] for _, other in ordered}
        return [loss(name="loss", views=others)] * len(ordered)
    return [
        loss(name=f"loss_{names[view]}_{names[other]}")
        for view, other in ordered
    ]
