"""The triplet loss against its formula."""

import numpy as np
import pytest

from tests.terms import term
from tfcmc.losses.triplet import triplet


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("margin", [0.2, 1.5])
def test_formula(holds, mining, squared, margin):
    """max(0, d_pos - d_neg + m), a triplet at a time."""
    beyond = []

    def formula(s, others, margin, mining, squared):
        power = 1 if squared else 0.5
        near, *others = (max(0.0, 2 - 2 * x) ** power for x in (s, *others))
        farther = [other for other in others if other > near]
        beyond.append(bool(farther))
        if mining == "hard":
            others = [min(others)]
        if mining == "semihard":
            others = [min(farther)] if farther else [max(others)]
        hinges = [max(0.0, near - other + margin) for other in others]
        return sum(hinges) / len(hinges)

    options = {"margin": margin, "mining": mining, "squared": squared}
    holds(triplet, formula, **options)
    # Of "semihard" both the rule and what stands in for it are reached.
    assert any(beyond) and not all(beyond)


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
def test_collapse_value(mining):
    """One point costs the margin."""
    same = np.tile([[0.6, 0.8]], (6, 1)).astype(np.float32)
    got = triplet(term(same, same, np.arange(6)), margin=0.4, mining=mining)
    np.testing.assert_allclose(got, 0.4, rtol=1e-5)
