"""The Donsker-Varadhan bound against its formula."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import of_places
from tfcmc.losses.dv import dv


def test_formula(by_places):
    """The logarithm is of all pairs that do not belong together."""
    term, products = by_places
    pairs = [(i, j) for i in range(4) for j in range(4)]
    others = [u for i, j in pairs if i != j for u in products[i][j]]
    bound = math.log(sum(map(math.exp, others)) / len(others))
    want = [bound - sum(products[i][i]) / 3 for i in range(4)]
    np.testing.assert_allclose(dv(term), want, rtol=1e-5)
    lengths = np.sum(np.float64(term.anchors) ** 2, axis=1)
    np.testing.assert_allclose(
        dv(term, penalty=0.3), want + 0.3 * lengths, rtol=1e-5
    )


def test_bound_is_tight():
    """With the density ratio for scores it is minus the information.

    Of a picture that is one of n, and a place that tells which with
    probability p: ln n + p ln p + (1 - p) ln((1 - p) / (n - 1)).
    """
    n, p = 4, 0.7
    wrong = (1 - p) / (n - 1)
    information = math.log(n) + p * math.log(p) + (1 - p) * math.log(wrong)
    # Ten places of each picture, which show it seven times: n times the
    # probability of what they show is the ratio. The bound's second mean is
    # over all other pictures' places, which stand for independent ones.
    shown = np.array(
        [[i] * 7 + [j for j in range(n) if j != i] for i in range(n)]
    )
    ratio = np.log(n * np.where(np.eye(n) > 0, p, wrong))
    value = dv(of_places(ratio, np.eye(n)[shown]))
    others = [
        n * (p if shown[j, k] == i else wrong)
        for i in range(n)
        for j in range(n)
        for k in range(10)
        if i != j
    ]
    want = math.log(np.mean(others)) - information
    assert float(tf.reduce_mean(value)) == pytest.approx(want, rel=1e-9)
