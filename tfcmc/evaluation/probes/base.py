"""The table of probes: what a simple classifier reads off frozen features.

A member is a function `(fit, validation, test, *, seed, options) -> dict` on
`Labelled` features. Whatever it chooses, it chooses on the validation part;
`test` is read once, for the accuracy and the predictions it returns. It is
registered with its `title` in tables, and a `short` one.
"""

import dataclasses

import numpy as np

from tfcmc.foundation.errors import must
from tfcmc.foundation.registry import Registry

PROBES = Registry("probe")
ROWS = 64
# Of how probes choose and fit: what another edition read is not taken over.
EDITION = 2


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Features with their labels."""

    features: np.ndarray  # [count, dim]
    labels: np.ndarray  # [count], whole numbers

    def of(self, rows) -> "Labelled":
        """Returns some rows of both."""
        return Labelled(self.features[rows], self.labels[rows])


def check_features(name, features):
    """Checks that features are numbers that float32 can hold.

    Args:
        features: What should be `[count, dim]`.

    Raises:
        UsageError: if they are not, or there are none.
    """
    if features.ndim != 2 or 0 in features.shape:
        raise must(name, "of shape [count, dim]", features.shape)
    largest = np.abs(features).max(axis=1)
    # Of a number that is none, no comparison is true.
    if not np.all(largest <= np.finfo(np.float32).max):
        bad = int(np.sum(~(largest <= np.finfo(np.float32).max)))
        raise must(name, "finite", f"{bad} rows that are not")


def check_parts(fit: Labelled, validation: Labelled, test: Labelled):
    """Checks that a probe can be fitted on one part and judged on others.

    Raises:
        UsageError: if a feature is not finite, a label is missing, or there
            is one class only to fit on.
    """
    dims = set()
    for name, part in (
        ("fit", fit),
        ("validation", validation),
        ("test", test),
    ):
        features = part.features
        check_features(name, features)
        if np.shape(part.labels) != (len(features),):
            counts = f"{len(features)} and {np.shape(part.labels)}"
            raise must(name, "features with a label each", counts)
        dims.add(features.shape[1])
    if len(dims) > 1:
        raise must("features", "of one length", sorted(dims))
    if len(np.unique(fit.labels)) < 2:
        raise must("fit", "of at least two classes", np.unique(fit.labels))


def told(predicted, labels) -> dict:
    """Returns what a probe tells of the test part.

    Args:
        predicted: `[count]`.
        labels: `[count]`.

    Returns:
        `accuracy`, in [0, 1], and what was `predicted`.
    """
    accuracy = float(np.mean(predicted == labels))
    return {"accuracy": accuracy, "predicted": np.asarray(predicted)}


def accuracy_of(model, features, labels) -> float:
    """Returns the share of features whose label scikit-learn's model finds."""
    return float(np.mean(model.predict(features) == labels))


def join(first, second):
    """Returns two parts as one."""
    return Labelled(
        np.concatenate([first.features, second.features]),
        np.concatenate([first.labels, second.labels]),
    )


def unit(vectors, kind=np.float64) -> np.ndarray:
    """Returns rows of length 1; a row of zeros stays one.

    Args:
        vectors: `[count, dim]`, which are scaled in their own precision.
        kind: The precision of what is returned.
    """
    # First to a largest entry of 1: squares of float32 soon overflow.
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    vectors = vectors / np.where(largest > 0, largest, 1.0)
    vectors = vectors.astype(kind)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)


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
    # What rounding leaves of a constant feature depends on its size.
    deviation[deviation <= 1e-12 * np.abs(mean)] = np.inf

    def scaled(part):
        out = np.empty(part.shape, np.float32)
        # A few rows at a time: whole, they would pass through memory twice.
        for start in range(0, len(part), ROWS):
            rows = slice(start, start + ROWS)
            out[rows] = (part[rows] - mean) / deviation
        return out

    return tuple(map(scaled, (features, *others)))
