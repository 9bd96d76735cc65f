"""The table of probes: what a simple classifier reads off frozen features.

A member is a function `(fit, validation, test, *, seed, options) -> dict` on
`Labelled` features. Whatever it chooses, it chooses on the validation part;
`test` is read once, for the accuracy it returns.
"""

import dataclasses
import functools

import numpy as np
from threadpoolctl import threadpool_limits

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


def on_one_thread(probe):
    """Keeps a probe's linear algebra on one thread.

    The products of a fit are too small to share. Threads wait for each other
    longer than they compute: on two idle cores a fit of 2,000 x 384 features
    takes five times as long on two threads as on one, and far longer beside
    other programs.

    Args:
        probe: A member of the table.

    Returns:
        The same function, within the limit.
    """

    @functools.wraps(probe)
    def limited(*parts, **options):
        with threadpool_limits(limits=1):
            return probe(*parts, **options)

    return limited


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
