"""The spring-like loss against its formula."""

import math

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.spring import spring


@pytest.mark.parametrize("weighting", ["balanced", "active", "pairs"])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("margin", [0.7, 2.0])
def test_formula(holds, weighting, squared, margin):
    """d / 2 and max(0, m - d) / 2, a pair at a time."""

    def formula(s, others, margin, weighting, squared):
        power = 2 if squared else 1
        pull = max(0.0, 2 - 2 * s) ** (power / 2) / 2
        push = [
            max(0.0, margin - math.sqrt(2 - 2 * x)) ** power / 2
            for x in others
        ]
        if weighting == "pairs":
            return (pull + sum(push)) / (1 + len(push))
        counted = len(push)
        if weighting == "active":
            counted = max(1, sum(each > 0 for each in push))
        return pull + sum(push) / counted

    options = {"margin": margin, "weighting": weighting, "squared": squared}
    holds(spring, formula, **options)


def test_pairs_prefer_orthogonal_constants(unit_vectors):
    """Over all pairs of a batch the paper's collapse beats a perfect match.

    That is why its Table 1 has alignment 2 and uniformity near 0.
    """
    one, other = (np.tile(v, (128, 1)) for v in np.eye(2, dtype=np.float32))
    spread = unit_vectors(128, 16)
    which = np.arange(128)
    options = {"margin": 1.4, "weighting": "pairs"}
    collapsed = spring(term(one, other, which), **options)
    np.testing.assert_allclose(collapsed, math.sqrt(2) / 2 / 128, rtol=1e-5)
    matched = spring(term(spread, spread, which), **options)
    assert np.mean(collapsed) < np.mean(matched)
