"""The verdict on frozen features: probes, and the shape on the sphere."""

import functools
import itertools

import numpy as np

from tfcmc.data.validation import carve_validation, folds
from tfcmc.evaluation import metrics
from tfcmc.evaluation.classes import (
    MOST_CONFUSED,
    balanced_accuracy,
    class_accuracies,
    confusion,
)
from tfcmc.evaluation.probes import Labelled
from tfcmc.foundation.threads import together

SPHERE_COUNT = 1000  # pictures the paper measures alignment on


def sample_rows(count: int, most: int) -> np.ndarray:
    """Draws some of many pictures, the same for every run on the same data.

    What is read from disk often stands in the order of its classes: the first
    of them are no sample. A smaller draw is a part of a larger one.

    Args:
        count: How many pictures there are.
        most: How many are wanted; all where there are fewer.

    Returns:
        `[min(count, most)]`, sorted row numbers.
    """
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


def run_probes(probes, train, test, classes, *, seed):
    """Runs every probe on one kind of features.

    Args:
        probes: Probe name to function.
        train: `Labelled` features of probe-train.
        test: `Labelled` features of test; None to judge each fifth of
            probe-train by probes fitted on the rest.
        classes: How many classes there are.
        seed: Of the validation part and of the probes.

    Returns:
        `(numbers, confusions)`: probe name to its numbers, with the
        `balanced_accuracy` and the `class_accuracy` of each class; and to
        its confusion matrix `[classes, classes]`, of `MOST_CONFUSED` classes
        at most.
    """
    run = _cross_validated if test is None else _on_test
    told = together(
        *(
            functools.partial(run, probe, train, test, seed)
            for probe in probes.values()
        )
    )
    labels = train.labels if test is None else test.labels
    sizes = np.bincount(labels, minlength=classes)
    numbers, confusions = {}, {}
    for name, found in zip(probes, told, strict=True):
        predicted = found.pop("predicted")
        right = np.bincount(labels[predicted == labels], minlength=classes)
        shares = class_accuracies(right, sizes)
        found["balanced_accuracy"] = balanced_accuracy(shares)
        numbers[name] = found | {"class_accuracy": shares}
        if classes <= MOST_CONFUSED:
            confusions[name] = confusion(labels, predicted, classes)
    return numbers, confusions


def _on_test(probe, train, test, seed):
    """Fits a probe on the train part, and judges it on the test part."""
    parts = map(train.of, carve_validation(train.labels, seed))
    return probe(*parts, test, seed=seed)


def _cross_validated(probe, train, _, seed):
    """Judges each fold by a probe fitted on the rest; all count alike."""
    predicted = np.empty_like(train.labels)
    told = []
    for rest, part in folds(train.labels, seed):
        told.append(_on_test(probe, train.of(rest), train.of(part), seed))
        predicted[part] = told[-1].pop("predicted")
    # What is chosen is told as the median of what each fold chose.
    found = {
        name: type(value)(np.median([each[name] for each in told]))
        for name, value in told[0].items()
    }
    accuracy = float(np.mean(predicted == train.labels))
    return found | {"accuracy": accuracy, "predicted": predicted}


def probe_views(probes, names, train, test, classes, *, seed):
    """Runs every probe on the features of all branches, and of each.

    Args:
        probes: Probe name to function.
        names: The name of each branch; none, to read all together only.
        train: `Labelled` of probe-train, its features `Encoded`.
        test: `Labelled` of test, its features `Encoded`; None as in
            `run_probes`.
        classes: How many classes there are.
        seed: Of the validation part and of the probes.

    Returns:
        `(numbers, confusions)`, as `run_probes`, of all branches; the
        numbers hold those on a single one, of several, under its name.
    """

    def run(read):
        parts = (
            part and Labelled(read(part.features), part.labels)
            for part in (train, test)
        )
        return run_probes(probes, *parts, classes, seed=seed)

    kinds = [lambda encoded: encoded.joined()]
    if len(names) > 1:
        kinds += [
            lambda encoded, place=place: encoded.features[place]
            for place in range(len(names))
        ]
    (numbers, confusions), *single = together(
        *(functools.partial(run, read) for read in kinds)
    )
    for name, (found, _) in zip(names, single, strict=False):
        for probe in found:
            numbers[probe][name] = found[probe]
    return numbers, confusions


def sphere(names, encoded, *, alpha=2.0, t=2.0, intervals=False):
    """Measures alignment, uniformity and effective rank of embeddings.

    Args:
        names: The name of each view.
        alpha: Exponent of the alignment.
        t: Sharpness of the uniformity.
        intervals: Whether to add bootstrap intervals.

    Returns:
        `images`, `alignment` (the mean over pairs of views), `uniformity`
        (the mean over views), `uniformity_NAME` for each view,
        `uniformity_both` for all side by side, and `effective_rank` of the
        features of all branches; of one view neither alignment nor both;
        `alignment_interval` and the like where asked for.
    """
    views = dict(zip(names, encoded.embeddings, strict=True))
    result = {"images": len(encoded)}
    if len(views) > 1:
        powers = np.mean(
            [
                metrics.squared_distances(*pair) ** (alpha / 2)
                for pair in itertools.combinations(views.values(), 2)
            ],
            axis=0,
        )
        views["both"] = np.concatenate(list(views.values()), axis=1)
        result["alignment"] = float(powers.mean())
        if intervals:
            result["alignment_interval"] = metrics.mean_interval(powers)
    potentials = {
        name: metrics.pair_potentials(vectors, t=t)
        for name, vectors in views.items()
    }
    result |= {
        "uniformity": float(
            np.mean([np.log(potentials[name].mean()) for name in names])
        ),
        "effective_rank": metrics.effective_rank(encoded.joined()),
    }
    for name, potential in potentials.items():
        result[f"uniformity_{name}"] = float(np.log(potential.mean()))
        if intervals:
            result[f"uniformity_{name}_interval"] = metrics.mean_interval(
                potential,
                transform=functools.partial(_log_potential, t=t),
                weight=2.0,
            )
    return result


def _log_potential(means, *, t):
    """Returns the uniformity of resampled means, which may lie outside."""
    # The first-order part of few vectors may go below the potential of
    # opposite points, and above that of one point.
    return np.log(np.clip(means, np.exp(-4.0 * t), 1.0))


def distances(names, encoded) -> dict:
    """Measures how far apart embeddings are, in squared distances.

    Args:
        names: The name of each view.

    Returns:
        `apart`, the mean of two views of a picture, and `spread_NAME`,
        that of pairs of pictures in each view.
    """
    pairs = itertools.combinations(encoded.embeddings, 2)
    apart = [metrics.squared_distances(*pair).mean() for pair in pairs]
    return {"apart": float(np.mean(apart))} | {
        f"spread_{name}": metrics.mean_squared_distance(vectors)
        for name, vectors in zip(names, encoded.embeddings, strict=True)
    }


def floors(dim, *, alpha=2.0, t=2.0) -> dict[str, float]:
    """The values that alignment and uniformity are read against.

    Args:
        dim: Dimensions of the embeddings.
        alpha: Exponent of the alignment.
        t: Sharpness of the uniformity.
    """
    return {
        "uniformity_uniform_sphere": metrics.uniform_sphere(dim, t=t),
        "uniformity_one_point": 0.0,
        # Unrelated directions are nearly orthogonal: sqrt(2) apart.
        "alignment_unrelated_views": 2.0 ** (alpha / 2),
        "alignment_one_point": 0.0,
    }


def raw_pixels(pictures, cells=16):
    """Raw pixels as features: the mean colour of each cell of a grid.

    16x16 cells give 768 numbers, as many as the paper's two encoders; on
    photographs a linear probe reads no more off the full resolution.

    Args:
        pictures: `[count, side, side, 3]`, uint8.
        cells: Cells a side, at most the pictures' side.

    Returns:
        `[count, cells * cells * 3]`, float32, in [0, 1].
    """
    side = pictures.shape[1]
    cells = min(cells, side)
    edges = np.linspace(0, side, cells + 1).round().astype(int)
    rows = np.add.reduceat(pictures.astype(np.float32), edges[:-1], axis=1)
    grid = np.add.reduceat(rows, edges[:-1], axis=2)
    sizes = np.diff(edges).astype(np.float32)
    grid /= 255.0 * sizes[:, None, None] * sizes[None, :, None]
    return grid.reshape(len(pictures), -1)
