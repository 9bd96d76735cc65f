"""The triplet loss."""

import math

from tfcmc.foundation.lazy import tf
from tfcmc.foundation.registry import Choice, Flag, Number, Range
from tfcmc.losses import vectors
from tfcmc.losses.base import LOSSES

FAR = 5.0  # beyond every distance of unit vectors, squared ones too


@LOSSES.register(
    "triplet",
    margin=Number(
        above=0,
        at_most=4,
        search=Range(0.05, 2, "log", non_negative=math.sqrt(2)),
    ),
    mining=Choice(("all", "semihard", "hard")),
    squared=Flag(),
)
def triplet(term, *, margin=0.2, mining="all", squared=False):
    """Wants every negative farther than the positive, by a margin.

    Formula: mean over negatives of max(0, d_pos - d_neg + m), d the distance.
        `mining="hard"` takes the nearest negative alone; "semihard" the
        nearest of those farther than the positive, or, where there is none,
        the farthest of all.
    Range: 0 to 2 + m (4 + m when squared).
    At initialisation: near m, since both distances are alike; 0.18 to 0.21 at
        batch 128.
    At collapse: m exactly, when all candidates are one point.

    Args:
        term: A `Term`; vectors of unit length.
        margin: m, above 0; distances reach 2, or the square root of 2 where
            features are non-negative (4 and 2 when squared).
        mining: "all", "semihard" or "hard".
        squared: Whether d is the squared distance.

    Returns:
        `[batch]`.

    Reference: Schroff et al. 2015, "FaceNet", equation 3 and section 3.2.
    """
    distances = vectors.term_distances(term, squared=squared)
    near, negatives = vectors.split(distances, term)
    if mining == "all":
        hinge = tf.nn.relu(near[:, None] - distances + margin)
        hinge = tf.where(negatives, hinge, 0.0)
        others = tf.reduce_sum(tf.cast(negatives, hinge.dtype), axis=1)
        return tf.reduce_sum(hinge, axis=1) / tf.maximum(others, 1.0)
    nearest = tf.reduce_min(tf.where(negatives, distances, FAR), axis=1)
    if mining == "semihard":
        farther = negatives & (distances > near[:, None])
        beyond = tf.reduce_min(tf.where(farther, distances, FAR), axis=1)
        farthest = tf.reduce_max(tf.where(negatives, distances, 0.0), axis=1)
        nearest = tf.where(tf.reduce_any(farther, axis=1), beyond, farthest)
    return tf.nn.relu(near - nearest + margin)
