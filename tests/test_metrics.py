"""Alignment, uniformity and rank against slow float64 loops."""

import math

import numpy as np
import pytest

from tests.terms import unit
from tfcmc.evaluation import metrics
from tfcmc.foundation.errors import UsageError


def squared(x, y):
    """|x - y|^2 in float64."""
    return sum((a - b) ** 2 for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("alpha", [1.0, 2.0, 3.0])
def test_alignment(rng, alpha):
    """mean |x - y|^alpha, vectors of any length."""
    first = rng.normal(size=(7, 5)) * 3 + 1
    second = rng.normal(size=(7, 5)) - 0.5
    want = np.mean(
        [
            math.sqrt(squared(unit(x), unit(y))) ** alpha
            for x, y in zip(first, second, strict=True)
        ]
    )
    got = metrics.alignment(first, second, alpha=alpha)
    assert got == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("t", [0.5, 2.0, 100.0])
@pytest.mark.parametrize("spread", [1.0, 1e-2, 1e-4])
def test_uniformity(rng, t, spread):
    """log mean over i != j of exp(-t |x - y|^2), near one point too."""
    vectors = rng.normal(size=4) + spread * rng.normal(size=(9, 4))
    vectors = vectors.astype(np.float32)
    units = [unit(v) for v in vectors]
    lacking = [
        math.expm1(-t * squared(units[i], units[j]))
        for i in range(9)
        for j in range(9)
        if i != j
    ]
    want = math.log1p(math.fsum(lacking) / len(lacking))
    rel = 1e-5 + 1e-7 / spread
    assert metrics.uniformity(vectors, t=t) == pytest.approx(want, rel=rel)


def test_products(rng):
    """Of the rows where there are fewer, of the columns elsewhere."""
    wide = rng.normal(size=(3, 5))
    want = [[sum(one * other) for other in wide] for one in wide]
    for vectors in (wide, wide.T):
        np.testing.assert_allclose(metrics.products(vectors), want)


@pytest.mark.parametrize("spread", [1.0, 1e-4])
def test_mean_squared_distance(rng, spread, monkeypatch):
    """Over pairs i != j, near one point too, in blocks of any size."""
    monkeypatch.setattr(metrics, "BLOCK", 4)
    vectors = rng.normal(size=5) + spread * rng.normal(size=(9, 5))
    vectors = vectors.astype(np.float32)
    units = [unit(v) for v in vectors]
    squares = [squared(x, y) for x in units for y in units if x is not y]
    got = metrics.mean_squared_distance(vectors)
    rel = 1e-5 + 1e-7 / spread
    assert got == pytest.approx(math.fsum(squares) / 72, rel=rel)


def test_blocks_do_not_matter(rng, monkeypatch):
    """Blocks of any size give the same number."""
    vectors = rng.normal(size=(50, 6))
    whole = metrics.uniformity(vectors)
    monkeypatch.setattr(metrics, "BLOCK", 7)
    assert metrics.uniformity(vectors) == pytest.approx(whole, rel=1e-7)


def test_floor_of_the_sphere(rng):
    """The closed form is what points spread evenly over the sphere give."""
    for dim in (2, 8, 384):
        vectors = rng.normal(size=(4000, dim))
        got = metrics.uniformity(vectors)
        assert got == pytest.approx(metrics.uniform_sphere(dim), abs=0.01)


def test_one_point(rng):
    """Collapse: uniformity 0, alignment 0, rank 1."""
    same = np.tile(rng.normal(size=(1, 6)), (20, 1))
    assert metrics.uniformity(same) == pytest.approx(0.0, abs=1e-5)
    assert metrics.alignment(same, same) == pytest.approx(0.0, abs=1e-6)
    assert metrics.effective_rank(same) == pytest.approx(1.0, abs=1e-3)


def test_effective_rank(rng):
    """Known singular values give the entropy by hand; scale drops out."""
    left = np.linalg.qr(rng.normal(size=(12, 3)))[0]
    right = np.linalg.qr(rng.normal(size=(5, 3)))[0]
    matrix = 40.0 * left @ np.diag([5.0, 3.0, 2.0]) @ right.T
    share = [0.5, 0.3, 0.2]
    want = math.exp(-sum(p * math.log(p) for p in share))
    assert metrics.effective_rank(matrix) == pytest.approx(want, rel=1e-9)
    for turned in (matrix, matrix.T):
        single = metrics.effective_rank(turned.astype(np.float32))
        assert single == pytest.approx(want, rel=1e-5)
    assert metrics.effective_rank(np.zeros((4, 3))) == 0.0


def test_plain_interval_is_the_bootstrap(rng):
    """For a mean it is the ordinary bootstrap: near +-1.96 s / sqrt(n)."""
    values = rng.exponential(size=2000)
    low, high = metrics.mean_interval(values)
    half = 1.96 * values.std() / math.sqrt(2000)
    assert values.mean() - low == pytest.approx(half, rel=0.15)
    assert high - values.mean() == pytest.approx(half, rel=0.15)


def test_pair_interval_is_the_whole_bootstrap(rng):
    """The first-order part gives what resampling all pairs gives."""
    vectors = rng.normal(size=(150, 3)) + 0.5
    potentials = metrics.pair_potentials(vectors)
    low, high = metrics.mean_interval(
        potentials, transform=np.log, weight=2.0, samples=2000
    )
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    kernel = np.exp(-2 * np.sum((units[:, None] - units[None]) ** 2, axis=2))
    np.fill_diagonal(kernel, 0.0)
    means = []
    for _ in range(2000):
        counts = np.bincount(rng.integers(0, 150, 150), minlength=150)
        # Copies of one vector are no pair of different vectors.
        pairs = counts.sum() ** 2 - np.sum(counts**2)
        means.append(np.log(counts @ kernel @ counts / pairs))
    want_low, want_high = np.quantile(means, [0.025, 0.975])
    width = want_high - want_low
    assert high - low == pytest.approx(width, rel=0.15)


def test_one_vector_is_no_pair():
    """Of pairs there are none: refused plainly."""
    with pytest.raises(UsageError, match="a count of at least 2"):
        metrics.uniformity(np.ones((1, 3)))


def test_pairs_must_match(rng):
    """Views of different numbers of pictures are refused."""
    with pytest.raises(UsageError, match="of the shape of `first`"):
        metrics.alignment(rng.normal(size=(4, 3)), rng.normal(size=(5, 3)))
