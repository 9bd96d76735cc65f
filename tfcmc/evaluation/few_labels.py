"""Few labels of many: which ones, and how many it takes to be as good."""

import math

import numpy as np

FEWEST = 2  # of a class: one to fit on and one to choose on


def sample_labels(labels, share: float, seed: int) -> np.ndarray:
    """Draws a share of the labelled pictures of each class.

    A smaller share of one seed is a part of a larger one, and whatever a
    share comes to, a class keeps two pictures of those it has.

    Args:
        labels: `[count]`.
        share: Above 0, at most 1: all.

    Returns:
        Sorted row numbers.
    """
    generator, rows = np.random.default_rng(seed), []
    for label in np.unique(labels):
        of_class = generator.permutation(np.flatnonzero(labels == label))
        rows.append(of_class[: max(round(share * len(of_class)), FEWEST)])
    return np.sort(np.concatenate(rows))


def labels_needed(counts, accuracies, wanted: float) -> float:
    """Reads off a curve with how many labels it first comes to an accuracy.

    Between two points accuracy is taken to grow with the logarithm of the
    number of labels.

    Args:
        counts: `[points]`, numbers of labels in rising order.
        accuracies: `[points]`.
        wanted: The accuracy.

    Returns:
        The number, the first of all where that is enough; infinity where none
        is.
    """
    if accuracies[0] >= wanted:
        return float(counts[0])
    for place in range(1, len(counts)):
        low, high = accuracies[place - 1 : place + 1]
        if high >= wanted:
            way = (wanted - low) / (high - low)
            few, many = map(math.log, counts[place - 1 : place + 1])
            return math.exp(few + way * (many - few))
    return math.inf
