"""The decoupled contrastive loss against its formula and lightly."""

import math

import pytest

from tfcmc.losses.dcl import dcl


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_formula(holds, temperature):
    """-s_pos / T + log(sum over negatives of exp(s_j / T))."""

    def formula(s, others, temperature):
        total = sum(math.exp(x / temperature) for x in others)
        return math.log(total) - s / temperature

    holds(dcl, formula, own=True, atol=1e-5, temperature=temperature)


def test_other_libraries(noted_views, both_directions):
    """The value of lightly 1.6.0, `DCLLoss`, in float64."""
    got = both_directions("dcl(temperature=0.2)", *noted_views)
    assert got == pytest.approx(2.2962387692553454, rel=1e-5)
