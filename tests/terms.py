"""Comparisons and vectors, as tests write them."""

import numpy as np
import tensorflow as tf

from tfcmc.losses import LOSSES, Term
from tfcmc.losses.layer import Loss


def term(anchor, candidates, positive, own=None) -> Term:
    """Makes a `Term` of arrays; `own` are the anchors' rows among candidates.

    Every other candidate is of a picture of its own.
    """
    groups = [None, None]
    if own is not None:
        group = np.arange(len(candidates)) + len(anchor)
        group[np.asarray(own)] = np.arange(len(anchor))
        groups = [tf.range(len(anchor), dtype=tf.int64), tf.constant(group)]
    tensors = map(tf.convert_to_tensor, (anchor, candidates, positive))
    return Term(*tensors, *groups)


def with_own_view(loss, anchor, candidates, positive) -> Term:
    """The same with the anchors' own view, where a loss takes it."""
    if not loss.same_view:
        return term(anchor, candidates, positive)
    own = len(candidates) + np.arange(len(anchor))
    candidates = tf.concat([candidates, anchor], axis=0)
    return term(anchor, candidates, positive, own)


def of_places(anchors, places) -> Term:
    """A vector a picture against all places `[pictures, places, dim]`.

    The places of its own picture are an anchor's positives.
    """
    count, each, dim = places.shape
    pictures = tf.range(count, dtype=tf.int64)
    return Term(
        tf.convert_to_tensor(anchors),
        tf.reshape(places, [-1, dim]),
        tf.reshape(tf.range(count * each), [count, each]),
        pictures,
        tf.repeat(pictures, each),
    )


def unit(vectors):
    """Vectors, or one, of length 1 in float64."""
    vectors = np.asarray(vectors, np.float64)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def make(spec: str) -> Loss:
    """Makes the loss of a spec, which has seen no batch."""
    return Loss(LOSSES.lookup(spec))
