"""Deep InfoMax's InfoNCE against its formula and the authors' code."""

import functools
import math

import numpy as np
import pytest

from tfcmc.losses.infomax_nce import infomax_nce


@pytest.mark.parametrize("own", ["out", "minus_ten"])
def test_formula(own, by_places):
    """Each place is picked out of itself and those of other pictures."""
    term, products = by_places
    want = []
    for i in range(4):
        others = [u for j in range(4) if j != i for u in products[i][j]]
        if own == "minus_ten":
            others += [-10.0] * 3
        total = sum(map(math.exp, others))
        each = [
            -math.log(math.exp(u) / (math.exp(u) + total))
            for u in products[i][i]
        ]
        want.append(sum(each) / 3)
    got = infomax_nce(term, own=own)
    np.testing.assert_allclose(got, want, rtol=1e-5)
    lengths = np.sum(np.float64(term.anchors) ** 2, axis=1)
    np.testing.assert_allclose(
        infomax_nce(term, own=own, penalty=0.3), got + 0.3 * lengths, rtol=1e-5
    )


def test_authors_code(holds_to_code):
    """Value and gradients of rdevon/DIM, `infonce_loss`, in float64."""
    holds_to_code(
        functools.partial(infomax_nce, own="minus_ten"),
        2.825956728177746,
        [
            [0.114457548, -0.006591959, 0.107489236, -0.035166299]
            + [-0.363303899],
            [0.050321762, -0.091537843, -0.15294679, 0.125833543]
            + [0.079177252],
            [0.016671235, 0.254368491, 0.036045121, -0.094697932]
            + [0.117991744],
        ],
        [0.019568729, 0.102706005, 0.005594728, -0.231673112, 0.08457868],
    )
