"""The Donsker-Varadhan bound against its formula."""

import math

import numpy as np

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
