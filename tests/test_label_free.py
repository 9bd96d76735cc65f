"""Measures without labels against slow float64 loops."""

import math

import numpy as np
import pytest

from tests.terms import unit
from tfcmc.evaluation import label_free
from tfcmc.evaluation.features import Encoded
from tfcmc.foundation.errors import UsageError
from tfcmc.runs import record


@pytest.fixture
def views(rng):
    """Three views of nine pictures, unlike in size and not centred."""
    picture = rng.normal(size=(9, 4)) * [3.0, 1.0, 0.5, 0.2] + 0.4
    return [
        scale * picture + 1.2 * rng.normal(size=(9, 4))
        for scale in (1.0, 2.0, 0.5)
    ]


def test_lidar(views):
    """The entropy of W^-1/2 B W^-1/2, its sums a vector at a time."""
    count, dim = views[0].shape
    vectors = [[unit(view[row]) for view in views] for row in range(count)]
    means = [sum(each) / len(views) for each in vectors]
    middle = sum(means) / count
    between, within = np.zeros((dim, dim)), 1e-4 * np.eye(dim)
    for mean, each in zip(means, vectors, strict=True):
        between += np.outer(mean - middle, mean - middle) / (count - 1)
        for vector in each:
            apart = vector - mean
            within += np.outer(apart, apart) / (count * (len(views) - 1))
    values, directions = np.linalg.eigh(within)
    root = directions @ np.diag(values**-0.5) @ directions.T
    eigenvalues = np.linalg.eigvalsh(root @ between @ root)
    shares = [value / eigenvalues.sum() for value in eigenvalues]
    want = math.exp(-sum(p * math.log(p) for p in shares if p > 0))
    assert 1 < want < dim
    assert label_free.lidar(views) == pytest.approx(want, rel=1e-9)


def test_lidar_of_many_dims(views, rng):
    """Turned into a space of more dims than vectors it is the same."""
    dim = views[0].shape[1]
    wide = np.linalg.qr(rng.normal(size=(60 * dim, dim)))[0]
    want = label_free.lidar(views)
    found = label_free.lidar([view @ wide.T for view in views])
    assert found == pytest.approx(want, rel=1e-6)


def test_lidar_of_what_is_known(rng):
    """Pictures along three axes alike have three dimensions, one point none.

    As many axes as there are beyond pictures say nothing.
    """
    axes = np.repeat(np.eye(3, 40), 12, axis=0)
    twice = [np.concatenate([axes, -axes])] * 2
    assert label_free.lidar(twice) == pytest.approx(3.0)
    point = np.repeat(rng.normal(size=(1, 5)), 6, axis=0)
    assert label_free.lidar([point, point]) == 0


def test_spectrum(rng):
    """Eigenvalues of the covariance, of more or fewer vectors than dims."""
    for shape in ((30, 5), (5, 30)):
        vectors = rng.normal(size=shape) * (1 + np.arange(shape[1])) + 7
        middle = vectors.mean(axis=0)
        covariance = sum(np.outer(v - middle, v - middle) for v in vectors)
        want = np.linalg.eigvalsh(covariance / (len(vectors) - 1))[::-1]
        got = label_free.covariance_spectrum(vectors)
        np.testing.assert_allclose(got, want[:5], rtol=1e-9, atol=1e-9)
        assert label_free.nesum(got) == pytest.approx(sum(want) / want[0])
    # In float32 one point is not quite one: no dimension is used for that.
    point = np.float32(5 * rng.normal(size=16)) * np.ones([40, 1], "f")
    point *= 1 + np.float32(1e-7) * rng.normal(size=(40, 16)).astype("f")
    assert np.ptp(point, axis=0).min() > 0
    nothing = label_free.covariance_spectrum(point)
    assert label_free.nesum(nothing) == label_free.alpha_req(nothing) == 0
    assert label_free.lidar([point, point[::-1]]) == 0


@pytest.mark.parametrize("slope", [0.0, 0.7, 2.5])
def test_alpha_req_of_a_power(slope):
    """A spectrum k^-a has its a, whatever its scale and its first ten."""
    spectrum = 3.0 * np.arange(1.0, 301) ** -slope
    spectrum[:10] *= 50
    assert label_free.alpha_req(spectrum) == pytest.approx(slope, abs=1e-9)
    few = np.array([8.0, 8 * 2.0**-slope, 8 * 3.0**-slope, 0.0])
    assert label_free.alpha_req(few) == pytest.approx(slope, abs=1e-9)
    assert label_free.alpha_req(few[:1]) == 0


def test_alpha_req_is_weighted_least_squares(rng):
    """As NumPy fits a line with weights 1/k, to the 11th to 100th."""
    spectrum = np.sort(rng.exponential(size=150))[::-1]
    k = np.arange(11, 101)
    slope, _ = np.polyfit(np.log(k), np.log(spectrum[10:100]), 1, w=k**-0.5)
    assert label_free.alpha_req(spectrum) == pytest.approx(-slope, rel=1e-9)


def test_retrieval(views):
    """How many other pictures are no farther, counted one by one."""
    first, second, _ = ([unit(row) for row in view] for view in views)
    want = []
    for ours, theirs in ((first, second), (second, first)):
        for row, vector in enumerate(ours):
            own = vector @ theirs[row]
            others = np.delete(np.arange(len(theirs)), row)
            want.append(sum(vector @ theirs[i] >= own for i in others))
    assert 0 < sum(want) < 18 * 8
    got = label_free.retrieval_ranks(*views[:2])
    np.testing.assert_array_equal(got, want)
    point = np.ones((6, 3))
    assert set(label_free.retrieval_ranks(point, point)) == {5}


def test_all_of_pictures(views):
    """Means over pairs of views; what a single view has not is left out."""
    encoded = Encoded((np.concatenate(views, axis=1),), tuple(views))
    found = label_free.measure(encoded)
    assert tuple(found) == tuple(label_free.MEASURES) == record.LABEL_FREE
    pairs = [(0, 1), (0, 2), (1, 2)]
    gaps, hits = [], []
    for a, b in pairs:
        middles = [
            sum(unit(row) for row in views[view]) / 9 for view in (a, b)
        ]
        gaps.append(math.dist(*middles))
        ranks = label_free.retrieval_ranks(views[a], views[b])
        hits.append(sum(rank < 5 for rank in ranks) / len(ranks))
    assert found["modality_gap"] == pytest.approx(np.mean(gaps))
    assert found["retrieval_at_5"] == pytest.approx(np.mean(hits))
    assert found["retrieval_at_1"] <= found["retrieval_at_5"] < 1
    single = label_free.measure(Encoded(encoded.features, (views[0],)))
    assert single == {name: found[name] for name in ("alpha_req", "nesum")}


def test_views_that_do_not_fit(rng):
    """One view, two of other sizes, and numbers that are none."""
    view = rng.normal(size=(5, 3))
    for views in ([view], [view, view[:4]], [view, view * np.nan]):
        with pytest.raises(UsageError, match="`v"):
            label_free.lidar(views)
