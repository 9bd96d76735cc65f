"""Choosing between settings, without a look at the test part."""

import dataclasses

import numpy as np

from tfcmc.data.base import Split
from tfcmc.data.pictures import Subset

VALIDATION_SHARE = 0.2


def carve_validation(labels, seed):
    """Splits probe-train into a part to fit on and a part to choose on.

    Every class gives the validation part a fifth of its pictures, and one at
    least if it has two.

    Args:
        labels: `[count]`.
        seed: Of the split.

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


def choose_on_validation(source, seed):
    """Hides the test part: a part of the train part stands in its place.

    Where the train part has no labels, the test part is missing.
    """
    whole = source.probe_train
    if whole is None:
        return dataclasses.replace(source, test=None)
    fit, validation = (
        Split(Subset(whole.pictures, rows), whole.labels[rows])
        for rows in carve_validation(whole.labels, seed)
    )
    return dataclasses.replace(source, probe_train=fit, test=validation)
