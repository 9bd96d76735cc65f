"""Vectors that all tests of losses share, and what they compare."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import make, of_places, term, with_own_view
from tfcmc.losses.vectors import normalise

POSITIVE, OWN = np.array([3, 0, 8, 1, 6]), np.array([4, 10, 2, 11, 5])


@pytest.fixture
def compared(unit_vectors):
    """A function that makes a term and, in float64, what it compares.

    Of each anchor the inner product with its positive, and a list of those
    with its negatives; with `own` all anchors stand among the candidates.
    """

    def compare(own=False):
        anchors, candidates = unit_vectors(5, 7), unit_vectors(12, 7)
        candidates[8] = anchors[2]  # a positive that is met
        rows = OWN if own else [None] * 5
        if own:
            candidates[OWN] = anchors
        pairs = []
        for anchor, match, row in zip(anchors, POSITIVE, rows, strict=True):
            s = [
                math.fsum(map(float, np.float64(anchor) * candidate))
                for candidate in candidates
            ]
            others = [x for j, x in enumerate(s) if j not in (match, row)]
            pairs.append((s[match], others))
        return term(anchors, candidates, POSITIVE, OWN if own else None), pairs

    return compare


@pytest.fixture
def holds(compared):
    """A function that holds a loss to its formula, an anchor at a time."""

    def check(loss, formula, *, own=False, rtol=1e-5, atol=2e-6, **options):
        given, pairs = compared(own)
        want = [formula(*pair, **options) for pair in pairs]
        got = loss(given, **options)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)

    return check


@pytest.fixture
def noted_views():
    """Two raw views `[6, 4]`, on which other libraries' values are noted.

    Written out by a formula: no generator's stream has to stay the same.
    """
    k = np.arange(24)
    first = np.sin(1.0 + 1.7 * k + 0.05 * k**2).reshape(6, 4)
    second = first + 1.5 * np.cos(2.3 * k).reshape(6, 4)
    return first.astype(np.float32), second.astype(np.float32)


@pytest.fixture
def holds_to_code():
    """A function that holds a loss to what Deep InfoMax's own code gave.

    Of vectors `[3, 5]` of pictures and `[3, 4, 5]` of their places.
    """
    k = np.arange(60)
    places = tf.constant(np.sin(1.0 + 1.7 * k + 0.05 * k**2), shape=(3, 4, 5))
    k = k[:15]
    pictures = tf.constant(1.3 * np.cos(2.3 * k + 0.1 * k**2), shape=(3, 5))

    def check(loss, want, by_pictures, by_place):
        """Its value, and the gradients by all pictures and by one place."""
        with tf.GradientTape() as tape:
            tape.watch([pictures, places])
            value = tf.reduce_mean(loss(of_places(pictures, places)))
        of_pictures, of_all = tape.gradient(value, [pictures, places])
        assert float(value) == pytest.approx(want, rel=1e-12)
        np.testing.assert_allclose(of_pictures, by_pictures, atol=1e-9)
        np.testing.assert_allclose(of_all[1, 2], by_place, atol=1e-9)

    return check


@pytest.fixture
def by_places(rng):
    """Random vectors of 4 pictures and 3 places of each, and their products.

    The products are inner, in float64: a number for each picture, picture and
    place.
    """
    pictures = rng.normal(size=(4, 5)).astype(np.float32)
    places = rng.normal(size=(4, 3, 5)).astype(np.float32) + 0.2
    products = [
        [
            [math.fsum(map(float, np.float64(one) * other)) for other in row]
            for row in places
        ]
        for one in pictures
    ]
    return of_places(pictures, places), products


@pytest.fixture
def both_directions():
    """A function of a spec and two raw views: its value, as the model has it.

    The mean over both directions, the anchors' own view among the candidates
    where the loss takes it.
    """

    def value(spec, first, second):
        loss = make(spec)
        views = first, second
        if not loss.raw:
            views = [normalise(view).numpy() for view in views]
        total = 0.0
        for anchor, other in (views, views[::-1]):
            rows = np.arange(len(anchor))
            total += np.mean(loss(with_own_view(loss, anchor, other, rows)))
        return total / 2

    return value
