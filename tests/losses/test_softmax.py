"""The softmax loss against its formula."""

import math

import pytest

from tfcmc.losses.softmax import softmax


@pytest.mark.parametrize("temperature", [0.07, 0.5, 1.0])
def test_formula(holds, temperature):
    """-log(exp(s_pos / T) / sum_j exp(s_j / T))."""

    def formula(s, others, temperature):
        total = sum(math.exp(x / temperature) for x in (s, *others))
        return -math.log(math.exp(s / temperature) / total)

    holds(softmax, formula, temperature=temperature)
