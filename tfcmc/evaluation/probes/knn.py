"""The nearest-neighbour probe: a weighted vote, and nothing to train."""

import numpy as np

from tfcmc.evaluation.probes.base import (
    PROBES,
    check_features,
    check_parts,
    join,
    told,
    unit,
)
from tfcmc.foundation.errors import must
from tfcmc.foundation.registry import Number

BLOCK = 2**24  # similarities held at once: 64 MiB


@PROBES.register(
    "knn",
    extra={"title": "kNN", "short": "kNN"},
    k=Number(at_least=1, at_most=1_000_000, whole=True),
    temperature=Number(above=0, at_most=100),
)
def knn(fit, validation, test, *, seed, k=200, temperature=0.07):
    """The class that the nearest labelled pictures vote for.

    It reads what the other probes may mend: whether pictures of one class lie
    together in the features as they are. k and the temperature are those of
    the reference; lightly's default is the same k at a temperature of 0.1,
    solo-learn's a k of 20 at 0.07. Neither is ever chosen.

    Formula: the class c of a picture x with the largest sum of
        exp(cos(x, x_i) / temperature) over those of its k nearest x_i whose
        label is c.

    Args:
        fit: `Labelled` features that vote.
        validation: Joins `fit`: nothing is chosen.
        test: `Labelled` features to judge on.
        seed: Not read: nothing is drawn.
        k: How many vote; all where there are fewer.
        temperature: Above 0; the lower, the more the nearest outweigh.

    Returns:
        `accuracy` on test, in [0, 1], what was `predicted`, and the `k` that
        voted.

    Reference: Wu et al. 2018, "Unsupervised feature learning via
        non-parametric instance discrimination", section 3.4.
    """
    del seed
    check_parts(fit, validation, test)
    voters = join(fit, validation)
    names, classes = np.unique(voters.labels, return_inverse=True)
    stored, judged = (
        unit(part.features, np.float32) for part in (voters, test)
    )
    k = min(k, len(stored))
    votes = _in_blocks(judged, stored, classes, k, temperature)
    predicted = names[votes.argmax(axis=1)]
    return {**told(predicted, test.labels), "k": k}


def leave_one_out(features, labels, *, k=20, temperature=0.07):
    """Accuracy of the vote of each picture's nearest among the others.

    A probe without a part to fit: every picture is judged by all the rest.

    Args:
        features: `[count, dim]`, count from 2.
        labels: `[count]`.
        k: How many vote; all others where there are fewer. Fewer than the
            probe's, for the few pictures that an epoch is measured on.
        temperature: Above 0; the lower, the more the nearest outweigh.

    Returns:
        A number in [0, 1].

    Raises:
        UsageError: if a feature is not finite, or there is one picture only.
    """
    check_features("features", features)
    if len(features) < 2 or len(labels) != len(features):
        counts = f"{len(features)} with {len(labels)} labels"
        raise must("features", "of at least two labelled pictures", counts)
    names, classes = np.unique(labels, return_inverse=True)
    others = unit(features, np.float32)
    k = min(k, len(others) - 1)
    votes = _in_blocks(others, others, classes, k, temperature, apart=True)
    return float(np.mean(names[votes.argmax(axis=1)] == labels))


def _in_blocks(judged, stored, classes, k, temperature, *, apart=False):
    """The votes of a block of rows at a time; `apart`, none for itself."""
    rows = max(1, BLOCK // len(stored))
    votes = []
    for start in range(0, len(judged), rows):
        cosine = judged[start : start + rows] @ stored.T
        if apart:
            np.fill_diagonal(cosine[:, start:], -np.inf)
        votes.append(_votes(cosine, classes, k, temperature))
    return np.concatenate(votes)


def _votes(cosine, classes, k, temperature):
    """Counts the weighted votes of the k nearest: `[count, classes]`."""
    nearest = np.argpartition(cosine, -k, axis=1)[:, -k:]
    # Divided by the largest possible weight: exp(1 / T) overflows at T below
    # 0.0015, and only the proportions matter.
    weights = np.exp(
        (np.take_along_axis(cosine, nearest, axis=1) - 1.0) / temperature
    )
    # Classes [voters] are whole numbers from 0, every one present.
    count, width = len(cosine), classes.max() + 1
    cells = np.arange(count)[:, None] * width + classes[nearest]
    votes = np.bincount(cells.ravel(), weights.ravel(), count * width)
    return votes.reshape(count, width)
