"""Choosing between settings, without a look at the test part."""

import dataclasses
import warnings

import numpy as np

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import LazyModule

model_selection = LazyModule("sklearn.model_selection")

VALIDATION_SHARE = 0.2
FOLDS = 5
SPLIT_OFF = (
    "a fifth of the labelled pictures of every class is the test part, since "
    "none is given"
)


def carve_validation(labels, seed):
    """Splits probe-train into a part to fit on and a part to choose on.

    Every class gives the validation part a fifth of its pictures, and one at
    least if it has two.

    Args:
        labels: `[count]`.

    Returns:
        `(fit, validation)`: sorted row numbers.
    """
    generator = np.random.default_rng(seed)
    validation = []
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        count = max(round(VALIDATION_SHARE * len(rows)), len(rows) > 1)
        validation.append(rows[:count])
    validation = np.sort(np.concatenate(validation))
    return np.setdiff1d(np.arange(len(labels)), validation), validation


def choose_on_validation(source):
    """Hides the test part: the train part stands in its place.

    Probes are then fitted on `folds` of it and judged on the rest.
    """
    return dataclasses.replace(source, test=source.probe_train)


def folds(labels, seed):
    """Parts labelled pictures in five, with as many of each class in each.

    Of classes of fewer than five pictures some parts have none.

    Args:
        labels: `[count]`.

    Returns:
        `(rest, part)` of each part: sorted row numbers.
    """
    most = np.unique(labels, return_counts=True)[1].max()
    if most < 2:
        raise must("data", "at least two pictures of a class", most)
    parts = model_selection.StratifiedKFold(
        min(FOLDS, most), shuffle=True, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        return list(parts.split(labels, labels))
