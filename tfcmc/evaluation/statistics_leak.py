"""How much of what tells a positive are the statistics of its batch."""

import typing

import numpy as np

from tfcmc.foundation.lazy import keras, tf
from tfcmc.losses.vectors import normalise


class StatisticsLeak:
    """Compares keys normalised with their anchors' pictures, and with others.

    Formula: 1 - m' / m, m the mean similarity of anchors with their positives
        less that with the keys of another group; anchors and keys of the same
        pictures have one group's batch statistics in m, and every group of
        keys in m' is half of this group's pictures and half of the other's.
    Range: to 1, where nothing but the statistics tells the positive; about 0
        where they tell nothing.

    Args:
        views: The `Views` that pictures are compared in.
        pair: Numbers of the anchors' view and of the keys'.
        copies: Models of the branches' shapes, one a branch; their weights
            are changed.
        group: Pictures that have their statistics together, from 2.

    Reference: He et al. 2020, "Momentum contrast for unsupervised visual
        representation learning", section 3.3.
    """

    def __init__(self, views, pair: tuple, copies: list, group: int):
        self._views = views
        self._copies = copies
        self._group = group
        for copy in copies:
            for layer in copy._flatten_layers():
                if isinstance(layer, keras.layers.BatchNormalization):
                    # Every call is one group.
                    layer.synchronized, layer.groups = False, None
        self._embed = [self._embedder(view) for view in pair]

    def measure(
        self, pictures, online: typing.Iterable, followed: typing.Iterable
    ) -> float:
        """Measures it on the first pictures.

        Args:
            pictures: Pictures, as in `tfcmc.data.pictures`.
            online: One model a branch, what anchors go through.
            followed: Likewise, of keys.

        Returns:
            The leak; 0 where there are too few pictures for two groups of 2.
        """
        size = min(self._group, len(pictures) // 2)
        if size < 2:
            return 0.0
        order = np.arange(2 * size)
        shown = pictures.read(order)
        apart = order.reshape(2, size)
        mixed = np.stack([order[::2], order[1::2]])
        anchors = self._of(0, online, shown, apart)
        means = [
            _margin(anchors, self._of(1, followed, shown, groups), size)
            for groups in (apart, mixed)
        ]
        return float(1.0 - means[1] / means[0]) if means[0] > 0 else 0.0

    def _of(self, place, models, shown, groups):
        """Embeddings of a view, whose groups are these rows."""
        for copy, model in zip(self._copies, models, strict=True):
            copy.set_weights(model.get_weights())
        draws = np.zeros([len(shown), 0], np.float32)
        if self._views.judged is not None:
            draws = self._views.judged(range(len(shown)), len(shown))
        vectors = [
            self._embed[place](shown[rows], draws[rows]).numpy()
            for rows in groups
        ]
        return np.concatenate(vectors)[np.argsort(np.concatenate(groups))]

    def _embedder(self, view):
        """A function of pictures and draws to a view's unit vectors."""
        of = self._views.branches.index(self._views.branch[view])

        def embed(pictures, draws):
            if self._views.judged is None:
                inputs = self._views.whole(pictures)[of]
            else:
                inputs = self._views.convert(pictures, draws)[view]
            return normalise(self._copies[of](inputs, training=True))

        return tf.function(embed, reduce_retracing=True)


def _margin(anchors, keys, size):
    """How much nearer positives are than keys of the other group."""
    similarity = anchors @ keys.T
    other = [similarity[:size, size:], similarity[size:, :size]]
    return np.diagonal(similarity).mean() - np.mean(other)
