"""What is remembered of every view, and the comparisons made with it."""

from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise


class Memory(keras.layers.Layer):
    """Owns the vectors that a source of negatives remembers.

    Attributes:
        told: What is remembered less than was asked for, or "".

    Args:
        negatives: A member of `NEGATIVES`, with its options.
        dims: Dimensions of the embeddings, one number a view.
        branch: The number of each view's branch.
        keys: Numbers of the views that anchors are compared with.
        examples: Number of training pictures.
        seed: Of the vectors at the start, and of what is drawn.
    """

    def __init__(
        self, negatives, *, dims, branch, keys, examples: int, seed: int
    ):
        super().__init__(name="memory", dtype="float32")
        self._negatives = negatives
        self._seed = seed
        self._views = len(dims)
        # Whose memory a view's is: its own, or that of its branch.
        self._of_view = branch if negatives.each_branch else range(len(dims))
        self._keys = keys
        rows = negatives.memory_rows(examples)
        self.told = negatives.told(examples)
        kind = "branch" if negatives.each_branch else "view"
        self._kept = {
            owner: self.add_weight(
                name=f"{kind}_{owner}",
                shape=[rows, dim],
                initializer=_UnitVectors(seed + owner),
                trainable=False,
                # Each replica assigns its own copy, and all assign the same.
                aggregation="none",
            )
            for owner, dim in dict(
                zip(self._of_view, dims, strict=True)
            ).items()
        }
        self.built = True

    def candidates(self, others, view, other, numbers, step):
        """Returns what the anchors of a view are compared with.

        Args:
            others: Embeddings `[batch, dim]` of the other view.
            view: The anchors' view.
            numbers: `[batch]`, which pictures these are.
            step: Steps done: what is drawn is a function of seed, step and,
                but for `one_draw`, the anchors' view.
        """
        # The same pictures are drawn for all views, or for each its own.
        number = 0 if self._negatives.one_draw else view
        # Wrapped into int32, where the step's is, for any seed and view.
        first = (self._seed * self._views + number + 2**31) % 2**32 - 2**31
        seed = tf.stack([first, step])
        memory = self._kept[self._of_view[other]].value
        return self._negatives.candidates(others, memory, numbers, seed)

    def remember(self, embeddings: dict, numbers, step) -> None:
        """Takes in what a step made of its pictures.

        Args:
            embeddings: View to `[batch, dim]` of the whole batch.
            numbers: `[batch]`, which pictures these are.
            step: Steps done before this one.
        """
        for owner, kept in self._kept.items():
            # A twin makes those alone that anchors are compared with.
            keys = [
                embeddings[view]
                for view in self._feeding(owner)
                if view in embeddings
            ]
            if keys:
                self._negatives.remember(keys, kept.value, numbers, step)

    def ends(self, pictures: int) -> dict:
        """Returns the newest and the oldest keys of what has an order.

        Args:
            pictures: How many were learnt from so far.

        Returns:
            Number of a view to what `Source.ends` gives of its keys.
        """
        found = {}
        for owner, kept in self._kept.items():
            views = self._feeding(owner)
            taken = pictures * len(views)
            ends = self._negatives.ends(kept.value, taken)
            if ends is not None and views:
                found[views[0]] = ends
        return found

    def _feeding(self, owner):
        """The views whose vectors a memory takes in."""
        return [
            view
            for view, of in enumerate(self._of_view)
            if of == owner
            and (view in self._keys or not self._negatives.each_branch)
        ]


class _UnitVectors(keras.initializers.Initializer):
    """Random vectors of length 1."""

    def __init__(self, seed):
        self._seed = seed

    def __call__(self, shape, dtype=None):
        return normalise(
            tf.random.stateless_normal(shape, [self._seed, 7], dtype=dtype)
        )
