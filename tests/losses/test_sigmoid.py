"""The pairwise sigmoid loss against its formula."""

import math

import pytest

from tfcmc.losses.sigmoid import sigmoid


@pytest.mark.parametrize(
    ("temperature", "bias"), [(0.1, -10.0), (0.07, -3.0), (1.0, 2.0)]
)
def test_formula(holds, temperature, bias):
    """-log sigmoid(z (s / T + b)), z 1 or -1, a pair at a time."""

    def formula(s, others, temperature, bias):
        logits = [s / temperature + bias]
        logits += [-(x / temperature + bias) for x in others]
        return sum(-math.log(1 / (1 + math.exp(-x))) for x in logits)

    holds(sigmoid, formula, temperature=temperature, bias=bias)
