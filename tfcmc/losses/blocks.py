"""Losses over many candidates, a block of anchors at a time."""

import dataclasses

from tfcmc.foundation.lazy import tf

HELD = 2**22  # similarities held at once: 16 MiB for each matrix of them


def mean_in_blocks(function, term, *, held=HELD):
    """Averages a loss over its anchors, never holding all similarities.

    An anchor's value depends on that anchor and on the candidates alone. So
    value and gradients are summed over blocks of anchors in a single pass,
    forward and backward of a block together; the backward pass of the whole
    only scales the sums. No block is computed twice.

    Args:
        function: `(term) -> [block]`, the values of the anchors of a block.
        term: The whole `Term`.
        held: Similarities to hold at once.

    Returns:
        The mean, differentiable once in anchors and candidates.
    """

    blocks = _Blocks(term, held)

    @tf.custom_gradient
    def mean(anchor, candidates):
        def add(piece, total, of_anchor, of_candidates):
            part, fresh = blocks.of(anchor, piece), blocks.fresh(piece)
            with tf.GradientTape() as tape:
                tape.watch([part, candidates])
                values = function(
                    _block(term, blocks, piece, part, candidates)
                )
                value = tf.reduce_sum(tf.where(fresh, values, 0.0))
            gradients = tape.gradient(
                value,
                [part, candidates],
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            dense = [tf.convert_to_tensor(each) for each in gradients]
            return (
                piece + 1,
                total + value,
                of_anchor.write(piece, dense[0]),
                of_candidates + dense[1],
            )

        _, total, of_anchor, of_candidates = tf.while_loop(
            lambda piece, *_: piece < blocks.pieces,
            add,
            (
                0,
                tf.zeros([], anchor.dtype),
                blocks.array(anchor.dtype, anchor.shape[1]),
                tf.zeros_like(candidates),
            ),
            maximum_iterations=blocks.pieces,
            parallel_iterations=1,
        )
        of_anchor = blocks.joined(of_anchor)
        count = tf.cast(blocks.rows, anchor.dtype)

        def gradient(upstream):
            scale = upstream / count
            return scale * of_anchor, scale * of_candidates

        return total / count, gradient

    return mean(term.anchors, term.candidates)


def rows_in_blocks(function, term, *, held=HELD):
    """Computes a number an anchor, never holding all similarities.

    Args:
        function: `(term) -> [block]`, of the anchors of a block.
        term: The whole `Term`.
        held: Similarities to hold at once.

    Returns:
        `[A]`, constant in every gradient.
    """
    anchor, candidates = map(tf.stop_gradient, (term.anchors, term.candidates))
    blocks = _Blocks(term, held)

    def add(piece, found):
        part = blocks.of(anchor, piece)
        part = _block(term, blocks, piece, part, candidates)
        return piece + 1, found.write(piece, function(part))

    _, found = tf.while_loop(
        lambda piece, _: piece < blocks.pieces,
        add,
        (0, blocks.array(anchor.dtype)),
        parallel_iterations=1,
    )
    return blocks.joined(found)


class _Blocks:
    """Blocks of the anchors of a term, all of one size, as XLA wants them."""

    def __init__(self, term, held):
        self.rows, candidates = map(_rows, (term.anchors, term.candidates))
        known = isinstance(self.rows, int) and isinstance(candidates, int)
        least, most = (min, max) if known else (tf.minimum, tf.maximum)
        self.size = least(self.rows, most(1, held // candidates))
        self.pieces = (self.rows + self.size - 1) // self.size

    def of(self, rows, piece):
        """Cuts a block out of what has a row an anchor."""
        # The last begins early enough to be whole: what it repeats does not
        # count.
        start = tf.minimum(piece * self.size, self.rows - self.size)
        others = len(rows.shape) - 1
        return tf.slice(
            rows, [start, *[0] * others], [self.size, *[-1] * others]
        )

    def fresh(self, piece):
        """Says which of its rows no block before had."""
        repeated = tf.maximum((piece + 1) * self.size - self.rows, 0)
        return tf.range(self.size) >= repeated

    def array(self, dtype, *shape):
        """Makes what takes a block of rows of this shape a piece."""
        shape = [self.size if isinstance(self.size, int) else None, *shape]
        return tf.TensorArray(dtype, size=self.pieces, element_shape=shape)

    def joined(self, array):
        """Puts the blocks together again, every row once."""
        rows = array.concat()
        before = (self.pieces - 1) * self.size
        last = self.rows - before
        return tf.concat([rows[:before], rows[before + self.size - last :]], 0)


def _rows(tensor):
    """How many rows there are, as a number where it is known."""
    return tensor.shape[0] or tf.shape(tensor)[0]


def _block(term, blocks, piece, anchors, candidates):
    """The term of some of the anchors."""
    group, drawn = term.anchor_group, term.drawn
    return dataclasses.replace(
        term,
        anchors=anchors,
        candidates=candidates,
        positive=blocks.of(term.positive, piece),
        anchor_group=None if group is None else blocks.of(group, piece),
        drawn=None if drawn is None else blocks.of(drawn, piece),
    )
