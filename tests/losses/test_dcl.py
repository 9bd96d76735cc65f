"""The decoupled contrastive loss against its formula."""

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
