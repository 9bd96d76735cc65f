"""The probe of few labels: the nearest mean of ten pictures a class."""

import numpy as np

from tfcmc.evaluation.probes.base import PROBES, check_parts, join, told, unit
from tfcmc.foundation.registry import Number

DRAWS = 10


@PROBES.register(
    "nearest_mean",
    extra={"title": "10 labels", "short": "10 labels"},
    labels=Number(at_least=1, at_most=1_000_000, whole=True),
)
def nearest_mean(fit, validation, test, *, seed, labels=10):
    """The class whose mean of a few labelled pictures is nearest.

    What a representation is worth where labels are dear: nothing is trained
    or chosen. Each of ten draws of labelled pictures judges a tenth of the
    test part, so that the accuracy is that of no lucky draw.

    Formula: the class c of a picture x with the smallest |x - m_c|, m_c the
        mean of the labelled pictures of c; vectors are centred on the mean of
        all that might have been labelled, then scaled to unit length.

    Args:
        fit: `Labelled` features to draw from.
        validation: Joins `fit`: nothing is chosen.
        test: `Labelled` features to judge on.
        seed: Of the draws.
        labels: Labelled pictures a class; all where there are fewer.

    Returns:
        `accuracy` on test, in [0, 1], what was `predicted`, and the `labels`
        a class.

    Reference: Wang et al. 2019, "SimpleShot: Revisiting nearest-neighbor
        classification for few-shot learning", its CL2N.
    """
    check_parts(fit, validation, test)
    known = join(fit, validation)
    # Features of any size, whose differences are float32 too.
    scale = np.abs(known.features).max() or 1
    centre = known.features.mean(axis=0, dtype=np.float64) / scale

    def centred(features):
        return unit(features / scale - centre.astype(np.float32), np.float32)

    judged = centred(test.features)
    names, classes, counts = np.unique(
        known.labels, return_inverse=True, return_counts=True
    )
    generator = np.random.default_rng(seed)
    # Of pictures in the order of their classes: where each class begins, and
    # the place of each picture in its own.
    begins = np.cumsum(counts) - counts
    places = np.arange(len(classes)) - np.repeat(begins, counts)
    kept = np.minimum(counts, labels)
    predicted = np.empty(len(judged), names.dtype)
    for draw in range(DRAWS):
        order = generator.permutation(len(classes))
        order = order[np.argsort(classes[order], kind="stable")]
        drawn = centred(known.features[order[places < labels]])
        means = np.add.reduceat(drawn, np.cumsum(kept) - kept) / kept[:, None]
        part = judged[draw::DRAWS]
        # |x|^2 is the same for all classes.
        distances = np.sum(means**2, axis=1) - 2.0 * part @ means.T
        predicted[draw::DRAWS] = names[distances.argmin(axis=1)]
    return {**told(predicted, test.labels), "labels": labels}
