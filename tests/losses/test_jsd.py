"""The Jensen-Shannon estimate against its formula and the authors' code."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import of_places
from tfcmc.losses.jsd import jsd


def loop(products, i):
    """E_neg - E_pos of a picture, a place at a time, as the paper has it."""
    own = [math.log(2) - math.log1p(math.exp(-u)) for u in products[i][i]]
    others = [
        math.log1p(math.exp(-u)) + u - math.log(2)
        for j, row in enumerate(products[i])
        for u in row
        if j != i
    ]
    return sum(others) / len(others) - sum(own) / len(own)


def test_formula(by_places):
    """Every anchor agrees with a float64 double loop over all places."""
    term, products = by_places
    want = [loop(products, i) for i in range(4)]
    np.testing.assert_allclose(jsd(term), want, rtol=1e-5, atol=1e-6)
    lengths = np.sum(np.float64(term.anchors) ** 2, axis=1)
    np.testing.assert_allclose(
        jsd(term, penalty=0.3), want + 0.3 * lengths, rtol=1e-5
    )


def test_authors_code(holds_to_code):
    """Value and gradients of rdevon/DIM, `fenchel_dual_loss`, in float64."""
    holds_to_code(
        jsd,
        0.4415924123024762,
        [
            [0.102040116, -0.042510999, 0.041191158, 0.007681443]
            + [-0.202818171],
            [0.047738564, -0.089197372, -0.066104061, 0.085938679]
            + [0.018327082],
            [0.011653268, 0.170853293, 0.029636685, -0.076978757]
            + [0.066138539],
        ],
        [0.011127884, 0.024332524, 0.022365901, -0.109157055, 0.055302615],
    )


def test_ends():
    """0 where all inner products are, and -2 ln 2 where all are told apart."""
    places = np.repeat(np.eye(3)[:, None], 2, axis=1)
    for scale, want in ((0.0, 0.0), (1.0, None), (2e3, -2 * math.log(2))):
        pictures = scale * (2 * np.eye(3) - 1)
        value = float(tf.reduce_mean(jsd(of_places(pictures, places))))
        if want is not None:
            assert value == pytest.approx(want, abs=1e-12)
        assert value >= -2 * math.log(2)
