"""What is remembered of every view, and the comparisons made with it."""

from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.term import Term
from tfcmc.losses.vectors import normalise


class Memory(keras.layers.Layer):
    """Owns the vectors that a source of negatives remembers.

    Args:
        negatives: A member of `NEGATIVES`, with its options.
        dims: Dimensions of the embeddings, one number a view.
        examples: Number of training pictures.
        seed: Of the vectors at the start, and of what is drawn.
    """

    def __init__(self, negatives, *, dims, examples: int, seed: int):
        super().__init__(name="memory", dtype="float32")
        self._negatives = negatives
        self._seed = seed
        rows = negatives.memory_rows(examples)
        self._kept = [
            self.add_weight(
                name=f"view_{view}",
                shape=[rows, dim],
                initializer=_UnitVectors(seed + view),
                trainable=False,
                # Each replica assigns its own copy, and all assign the same.
                aggregation="none",
            )
            for view, dim in enumerate(dims)
        ]
        self.built = True

    def candidates(self, others, view, other, numbers, step):
        """Returns what the anchors of a view are compared with.

        Args:
            others: Embeddings `[batch, dim]` of the other view.
            view: The anchors' view.
            other: The other.
            numbers: `[batch]`, which pictures these are.
            step: Steps done: what is drawn is a function of seed, step and
                the anchors' view.

        Returns:
            `(candidates, positive)`: `[count, dim]` and `[batch]`.
        """
        seed = tf.stack([self._seed * len(self._kept) + view, step])
        memory = self._kept[other].value
        return self._negatives.candidates(others, memory, numbers, seed)

    def remember(self, embeddings, numbers) -> None:
        """Takes in what a step made of its pictures.

        Args:
            embeddings: `[batch, dim]` of the whole batch, one a view.
            numbers: `[batch]`, which pictures these are.
        """
        for embedding, kept in zip(embeddings, self._kept, strict=True):
            self._negatives.remember(embedding, kept.value, numbers)


def make_term(
    anchors, candidates, positive, *, numbers, own=None, mine=lambda rows: rows
) -> Term:
    """Makes the comparison of some of a batch's anchors.

    Args:
        anchors: `[batch, dim]`.
        candidates: `[count, dim]`, those of the other view.
        positive: `[batch]`.
        numbers: `[batch]`, which pictures these are.
        own: `[batch, dim]`: the anchors' own view, where negatives of it are
            taken too; or None.
        mine: Rows of the batch to those of the anchors wanted.
    """
    group = candidate_group = None
    if own is not None:
        group = mine(numbers)
        candidate_group = tf.concat([numbers, numbers], axis=0)
        candidates = tf.concat([candidates, own], axis=0)
    return Term(
        mine(anchors), candidates, mine(positive), group, candidate_group
    )


class _UnitVectors(keras.initializers.Initializer):
    """Random vectors of length 1."""

    def __init__(self, seed):
        self._seed = seed

    def __call__(self, shape, dtype=None):
        return normalise(
            tf.random.stateless_normal(shape, [self._seed, 7], dtype=dtype)
        )
