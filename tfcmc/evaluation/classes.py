"""What of each class was found, which one accuracy of all may hide."""

import numpy as np

# The largest class over the average one: beyond it an accuracy says as much
# of the sizes of the classes as of the features.
UNBALANCED = 1.25
MOST_CONFUSED = 1000  # classes whose confusions are kept: 8 MB a probe


def confusion(labels, predicted, count: int) -> np.ndarray:
    """Counts what the pictures of each class were taken for.

    Args:
        labels: `[pictures]`, whole numbers below `count`.
        predicted: `[pictures]`, likewise.
        count: How many classes.

    Returns:
        `[count, count]`, whole numbers: a row a class, a column what was
        predicted.
    """
    cells = np.asarray(labels) * count + np.asarray(predicted)
    return np.bincount(cells, minlength=count * count).reshape(count, count)


def class_accuracies(found, sizes) -> list:
    """Says which share of each class was found.

    Args:
        found: `[count]`, how many of each class were.
        sizes: `[count]`, how many there are.

    Returns:
        A share in [0, 1] a class; None of one without pictures.
    """
    return [
        float(some / size) if size else None
        for some, size in zip(found, sizes, strict=True)
    ]


def balanced_accuracy(shares) -> float:
    """Returns the mean over classes of the share that was found.

    Args:
        shares: As `class_accuracies` returns them.

    Reference: Brodersen et al. 2010.
    """
    return float(np.mean([share for share in shares if share is not None]))


def class_sizes(names, train, judged) -> list:
    """Counts the pictures of each class.

    Args:
        names: One name a class.
        train: `[count]`, labels of what probes are fitted on.
        judged: `[count]`, labels of what they are judged on.

    Returns:
        `{"name", "train", "judged"}` of each class.
    """
    sizes = (np.bincount(n, minlength=len(names)) for n in (train, judged))
    return [
        {"name": str(name), "train": int(fitted), "judged": int(told)}
        for name, fitted, told in zip(names, *sizes, strict=True)
    ]


def majority(sizes) -> tuple:
    """Finds the class that most of the judged pictures are of.

    Args:
        sizes: As `class_sizes` returns them.

    Returns:
        `(name, share)`: always naming it is right of so many.
    """
    largest = max(sizes, key=lambda size: size["judged"])
    total = sum(size["judged"] for size in sizes)
    return largest["name"], largest["judged"] / total


def unbalanced(sizes) -> bool:
    """Whether the classes differ so in size that accuracy alone misleads.

    Args:
        sizes: As `class_sizes` returns them; none without a probe.
    """
    there = sum(size["judged"] > 0 for size in sizes)
    return there > 0 and majority(sizes)[1] * there > UNBALANCED
