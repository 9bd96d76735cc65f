"""Whether the oldest keys of a queue are still of the encoder as it is."""

import numpy as np

NEAR = 0.05  # nearness below this is that of no structure


def freshness(anchors, newest, oldest) -> float:
    """Compares how the oldest and the newest keys lie about anchors.

    Keys of other pictures by the same encoder have some near an anchor, and
    none as far on the other side; of keys that have nothing to do with it, the
    nearest are no nearer than the farthest are far.

    Formula: n(oldest) / n(newest), n(K) the mean over anchors a of
        max over k of a.k + min over k of a.k - 2 mean over k of a.k.
    Range: about 1 where the oldest are as good as the newest, about 0 where
        they are nobody's.

    Args:
        anchors: Unit vectors `[anchors, dim]`, of other pictures than keys.
        newest: Unit vectors `[keys, dim]`.
        oldest: Likewise, as many.

    Returns:
        The freshness; 1 where the newest are not near any anchor either.
    """
    new, old = (_nearness(anchors, keys) for keys in (newest, oldest))
    return float(old / new) if new > NEAR else 1.0


def _nearness(anchors, keys):
    similarity = anchors @ keys.T
    ends = similarity.max(axis=1) + similarity.min(axis=1)
    return np.mean(ends - 2 * similarity.mean(axis=1))
