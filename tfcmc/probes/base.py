"""The table of probes: what a simple classifier reads off frozen features.

A member is a function `(fit, validation, test, *, seed, options) -> dict` on
`Labelled` features. Whatever it chooses, it chooses on the validation part;
`test` is read once, for the accuracy it returns.
"""

import dataclasses

import numpy as np

from tfcmc.registry import Registry

PROBES = Registry("probe")


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Features with their labels.

    Attributes:
        features: `[count, dim]`.
        labels: `[count]`, whole numbers.
    """

    features: np.ndarray
    labels: np.ndarray


def join(first, second):
    """Returns two parts as one."""
    return Labelled(
        np.concatenate([first.features, second.features]),
        np.concatenate([first.labels, second.labels]),
    )


def standardise(features, *others):
    """Scales every feature to mean 0 and deviation 1 on the first part.

    Args:
        features: `[count, dim]`, where mean and deviation are taken.
        *others: More arrays `[count, dim]`.

    Returns:
        All of them scaled alike, float32. A constant feature becomes 0.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    deviation[deviation < 1e-12] = np.inf
    return tuple(
        ((part - mean) / deviation).astype(np.float32)
        for part in (features, *others)
    )
