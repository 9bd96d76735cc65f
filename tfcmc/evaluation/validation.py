"""Choosing between settings, without a look at the test part."""

import dataclasses

from tfcmc.data import Split
from tfcmc.data.pictures import Subset
from tfcmc.evaluation.verdict import carve_validation


def choose_on_validation(source, seed):
    """Hides the test part: a part of the train part stands in its place.

    Args:
        source: A `Source`.
        seed: Of the split.

    Returns:
        A `Source` whose test part is a fifth of its train part, and missing
        where that has no labels.
    """
    whole = source.probe_train
    if whole is None:
        return dataclasses.replace(source, test=None)
    fit, validation = (
        Split(Subset(whole.pictures, rows), whole.labels[rows])
        for rows in carve_validation(whole.labels, seed)
    )
    return dataclasses.replace(source, probe_train=fit, test=validation)
