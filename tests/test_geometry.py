"""Distances on the sphere, down to those of vectors nearly alike."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfcmc.losses.vectors import normalise, off_zero, squared_distances


def distances(anchor, candidates, *, squared=False):
    """Of every anchor to every candidate, as losses measure it."""
    squares = squared_distances(anchor, candidates)
    return squares if squared else off_zero(tf.sqrt, squares)


def test_to_itself(rng):
    """A vector is at no distance from itself, however long it is."""
    vectors = normalise(rng.normal(size=(300, 384)))
    np.testing.assert_array_equal(np.diag(distances(vectors, vectors)), 0.0)


@pytest.mark.parametrize("d", [1.0, 1e-2, 1e-3, 1e-4, 1e-5])
def test_small_distances(d, rng):
    """Every digit is there that the vectors hold, by differences in float64.

    Across vectors that are far apart too: both blocks hold pairs at d.
    """
    far = rng.normal(size=(4, 1, 40))
    near = (far + d * rng.normal(size=(4, 2, 40))).astype(np.float32)
    first, second = normalise(near[:, 0]), normalise(near[:, 1])
    want = [
        [math.dist(map(float, x), map(float, y)) for y in second.numpy()]
        for x in first.numpy()
    ]
    np.testing.assert_allclose(distances(first, second), want, rtol=1e-5)
    squares = distances(first, second, squared=True)
    np.testing.assert_allclose(squares, np.square(want), rtol=2e-5)


def test_slope(rng):
    """The slope is that of 2 - 2 cos and of its root, in the cosine."""
    first, second = normalise(rng.normal(size=(2, 5, 8)))
    weights = rng.normal(size=(5, 5)).astype(np.float32)
    for squared in (True, False):
        with tf.GradientTape() as tape:
            tape.watch([first, second])
            found = distances(first, second, squared=squared)
            value = tf.reduce_sum(weights * found)
        slope = weights * (-2.0 if squared else -1.0 / found.numpy())
        of_first, of_second = tape.gradient(value, [first, second])
        np.testing.assert_allclose(of_first, slope @ second, rtol=1e-4)
        np.testing.assert_allclose(of_second, slope.T @ first, rtol=1e-4)
