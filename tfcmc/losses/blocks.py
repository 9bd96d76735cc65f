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

    @tf.custom_gradient
    def mean(anchor, candidates):
        batch = tf.shape(anchor)[0]
        block = tf.maximum(1, held // tf.shape(candidates)[0])
        pieces = (batch + block - 1) // block

        def add(piece, total, of_anchor, of_candidates):
            span = slice(piece * block, tf.minimum((piece + 1) * block, batch))
            part = anchor[span]
            with tf.GradientTape() as tape:
                tape.watch([part, candidates])
                values = function(_block(term, span, part, candidates))
                value = tf.reduce_sum(values)
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
            lambda piece, *_: piece < pieces,
            add,
            (
                0,
                tf.zeros([], anchor.dtype),
                tf.TensorArray(
                    anchor.dtype,
                    size=pieces,
                    infer_shape=False,
                    element_shape=[None, anchor.shape[1]],
                ),
                tf.zeros_like(candidates),
            ),
            maximum_iterations=pieces,
            parallel_iterations=1,
        )
        of_anchor = of_anchor.concat()
        count = tf.cast(batch, anchor.dtype)

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
    batch = tf.shape(anchor)[0]
    block = tf.maximum(1, held // tf.shape(candidates)[0])
    pieces = (batch + block - 1) // block

    def add(piece, found):
        span = slice(piece * block, tf.minimum((piece + 1) * block, batch))
        part = _block(term, span, anchor[span], candidates)
        return piece + 1, found.write(piece, function(part))

    found = tf.TensorArray(
        anchor.dtype, size=pieces, infer_shape=False, element_shape=[None]
    )
    _, found = tf.while_loop(
        lambda piece, _: piece < pieces, add, (0, found), parallel_iterations=1
    )
    return found.concat()


def _block(term, span, anchors, candidates):
    """The term of some of the anchors."""
    group, drawn = term.anchor_group, term.drawn
    return dataclasses.replace(
        term,
        anchors=anchors,
        candidates=candidates,
        positive=term.positive[span],
        anchor_group=None if group is None else group[span],
        drawn=None if drawn is None else drawn[span],
    )
