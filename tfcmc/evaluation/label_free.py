"""What tells without labels how good a representation may be.

None is a verdict: each is read beside its value for untrained encoders and
for vectors that say nothing, and a search tells which of them would have
chosen as the linear probe does.
"""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from tfcmc.evaluation.metrics import check_matrix, products, shares_entropy
from tfcmc.evaluation.probes.base import unit
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.threads import on_one_thread

linalg = LazyModule("scipy.linalg")
stats = LazyModule("scipy.stats")

WITHIN = 1e-4  # added to the variance within pictures, of unit vectors
NEGLIGIBLE = 1e-6  # variance between pictures, in multiples of `WITHIN`
ROUNDING = 1e-6  # what an encoder's float32 may be off, of a vector's length
FEWEST = 3  # of what can be ranked to any purpose
# Where the tail of a spectrum is fitted, first and last eigenvalue from 1, as
# Stringer et al. have it; a shorter spectrum is fitted over all it has.
TAIL = (11, 100)


@dataclasses.dataclass(frozen=True)
class Measure:
    """How a number that needs no labels is shown."""

    title: str  # as in reports
    short: str  # as on a screen
    digits: int  # after the point
    better: str  # "higher" or "lower", of `rating`
    # Of vectors that say nothing of a picture, by the number of pictures: all
    # along one line or, of views, unrelated.
    nothing: Callable[[int], float]
    # Makes of the number what is the better the higher or lower.
    rating: Callable[[float], float] = float
    rated: str = ""  # title of that, where it is not the number itself


MEASURES = {
    "lidar": Measure("LiDAR", "LiDAR", 1, "higher", lambda images: 1.0),
    "alpha_req": Measure(
        "alpha-ReQ",
        "α-ReQ",
        2,
        "lower",
        lambda images: 0.0,
        lambda value: abs(value - 1.0),
        "distance of alpha-ReQ from 1",
    ),
    "nesum": Measure("NESum", "NESum", 1, "higher", lambda images: 1.0),
    "retrieval_at_1": Measure(
        "other view found, first",
        "found@1",
        3,
        "higher",
        lambda images: 1 / images,
    ),
    "retrieval_at_5": Measure(
        "other view found, of five",
        "found@5",
        3,
        "higher",
        lambda images: min(1.0, 5 / images),
    ),
    "modality_gap": Measure(
        "modality gap", "gap", 3, "lower", lambda images: 0.0
    ),
}


def measure(encoded) -> dict:
    """Measures all there are of pictures.

    Args:
        encoded: `Encoded` pictures; a few thousand at most.

    Returns:
        Name in `MEASURES` to number; those that compare views, means over
        pairs of them, where there are several.
    """
    spectrum = covariance_spectrum(encoded.joined())
    found = {"alpha_req": alpha_req(spectrum), "nesum": nesum(spectrum)}
    views = encoded.embeddings
    if len(views) < 2:
        return found
    pairs = list(itertools.combinations(views, 2))
    ranks = [retrieval_ranks(*pair) for pair in pairs]
    found |= {"lidar": lidar(views)}
    found |= {
        f"retrieval_at_{k}": float(np.mean([rank < k for rank in ranks]))
        for k in (1, 5)
    }
    gaps = [modality_gap(*pair) for pair in pairs]
    found["modality_gap"] = float(np.mean(gaps))
    return {name: found[name] for name in MEASURES}


@on_one_thread
def lidar(views: Sequence[np.ndarray], *, within: float = WITHIN) -> float:
    """How many dimensions tell pictures apart beyond what views differ by.

    Formula: exp of the entropy of the shares of the eigenvalues of
        W^-1/2 B W^-1/2: B the covariance of the mean vector of each picture,
        W the mean covariance of a picture's views about it, plus `within`
        on the diagonal. Vectors are scaled to unit length first, which makes
        `within` a share of their size.

    Args:
        views: One array `[count, dim]` a view, two at least, row by row of
            the same pictures, count from 2.
        within: Above 0.

    Returns:
        A number from 1 to min(count - 1, dim); 0 where all pictures are one.

    Raises:
        UsageError: if there is one view, or the arrays do not fit.

    Reference: Thilak et al. 2023, "LiDAR: Sensing linear probing performance
        in joint embedding SSL architectures", section 3, there with many
        views of few pictures.
    """
    vectors = np.stack([unit(view) for view in _fitting(views)])
    *lengths, dim = vectors.shape
    if dim > np.prod(lengths):
        # Outside their span pictures do not differ, and W is `within` alone.
        basis = np.linalg.qr(vectors.reshape(-1, dim).T)[0]
        vectors = vectors @ basis
    means = vectors.mean(axis=0)
    apart = (vectors - means).reshape(-1, vectors.shape[-1])
    count = len(means)
    inner = apart.T @ apart / (count * (len(vectors) - 1))
    inner[np.diag_indices_from(inner)] += within
    between = (means - means.mean(axis=0)) / np.sqrt(count - 1)
    # Those of W^-1/2 B W^-1/2 are the eigenvalues of L^-1 B L^-T, L L^T = W.
    scaled = linalg.solve_triangular(
        np.linalg.cholesky(inner), between.T, lower=True
    )
    values = np.maximum(np.linalg.eigvalsh(products(scaled.T)), 0.0)
    # The rounding of one point is no number of dimensions.
    return shares_entropy(values) if values.sum() > NEGLIGIBLE else 0.0


@on_one_thread
def covariance_spectrum(vectors) -> np.ndarray:
    """Returns the eigenvalues of the covariance of vectors, largest first.

    Args:
        vectors: `[count, dim]`, as they are, count from 2.

    Returns:
        `[min(count, dim)]`, float64; 0 where an eigenvalue may be the
        rounding of the vectors: one point has no spectrum.
    """
    vectors = np.asarray(vectors)
    check_matrix(vectors, 2)
    size = np.mean(np.sum(np.square(vectors, dtype=np.float64), axis=1))
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    values = np.linalg.eigvalsh(products(centred) / (len(vectors) - 1))
    return np.where(values > ROUNDING**2 * size, values, 0.0)[::-1]


def nesum(spectrum) -> float:
    """How many dimensions have as much variance as the largest.

    Formula: sum of the eigenvalues of the covariance over the largest.

    Args:
        spectrum: `[dims]`, largest first, as `covariance_spectrum` has it.

    Returns:
        A number from 1 to dims; 0 where there is no variance.

    Reference: He and Ozay 2022, "Exploring the gap between collapsed and
        whitened features in self-supervised learning".
    """
    if not spectrum[0] > 0:
        return 0.0
    return float(spectrum.sum() / spectrum[0])


def alpha_req(spectrum) -> float:
    """How fast the variance of a representation falls off: near 1 is best.

    Formula: a of lambda_k = c k^-a, fitted to log lambda_k over log k by
        least squares weighted by 1/k, for k from 11 to 100; over all k where
        fewer than 13 eigenvalues are above 0.

    Args:
        spectrum: `[dims]`, largest first, as `covariance_spectrum` has it.

    Returns:
        A number, from 0 of an even spectrum; 0 too of fewer than two
        eigenvalues, which have no slope.

    Reference: Agrawal et al. 2022, "alpha-ReQ: Assessing representation
        quality in self-supervised learning by measuring eigenspectrum
        decay"; the fit is that of Stringer et al. 2019, "High-dimensional
        geometry of population responses in visual cortex".
    """
    kept = int(np.sum(spectrum > 0))
    first, last = TAIL
    if kept < first + 2:
        first = 1
    numbers = np.arange(first, min(last, kept) + 1)
    if len(numbers) < 2:
        return 0.0
    logs, values = np.log(numbers), np.log(spectrum[numbers - 1])
    weights = 1.0 / numbers
    logs = logs - np.average(logs, weights=weights)
    slope = np.sum(weights * logs * values) / np.sum(weights * logs**2)
    return float(-slope)


@on_one_thread
def retrieval_ranks(first, second) -> np.ndarray:
    """Counts what is at least as near to a picture's view as its other view.

    Args:
        first: `[count, dim]`.
        second: `[count, dim]`, row by row of the same pictures.

    Returns:
        `[2 * count]`, from 0: how many other pictures have a vector in the
        other view whose cosine is no smaller; both ways.
    """
    first, second = map(unit, _fitting([first, second]))
    cosines = first @ second.T
    own = np.diagonal(cosines)
    # Itself is always counted, and taken off.
    there = np.sum(cosines >= own[:, None], axis=1) - 1
    back = np.sum(cosines >= own, axis=0) - 1
    return np.concatenate([there, back])


def modality_gap(first, second) -> float:
    """How far apart the middles of two views are.

    Formula: |mean of x - mean of y|, vectors of unit length.

    Args:
        first: `[count, dim]`.
        second: `[count, dim]`.

    Returns:
        A number from 0 to 2.

    Reference: Liang et al. 2022, "Mind the gap: Understanding the modality
        gap in multi-modal contrastive representation learning".
    """
    middles = [unit(view).mean(axis=0) for view in _fitting([first, second])]
    return float(np.linalg.norm(middles[0] - middles[1]))


def rank_correlation(ratings, accuracies) -> float | None:
    """How alike two rankings are: Spearman's, ties at the mean of their ranks.

    Args:
        ratings: `[count]`, the better the higher.
        accuracies: `[count]`.

    Returns:
        A number in [-1, 1]; None where one of them is constant.

    Reference: Spearman 1904.
    """
    if np.ptp(ratings) == 0 or np.ptp(accuracies) == 0:
        return None
    return float(stats.spearmanr(ratings, accuracies).statistic)


def _fitting(views):
    """Returns arrays of one shape in float64, or raises."""
    views = [np.asarray(view) for view in views]
    for view in views:
        check_matrix(view, 2)
    shapes = [view.shape for view in views]
    if len(shapes) < 2 or len(set(shapes)) > 1:
        raise must("views", "two or more of one shape", shapes)
    return [view.astype(np.float64) for view in views]
