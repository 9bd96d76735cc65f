"""The debiased loss against its formula."""

import math

import pytest

from tfcmc.losses.debiased import debiased


@pytest.mark.parametrize(
    ("temperature", "tau_plus"),
    [(0.5, 0.1), (0.1, 0.3), (1.0, 0.6), (0.2, 0.0)],
)
def test_formula(holds, temperature, tau_plus):
    """-log(p / (p + G)), G cut off where few negatives would be left."""
    cut = []

    def formula(s, others, temperature, tau_plus):
        p, m = math.exp(s / temperature), len(others)
        total = sum(math.exp(x / temperature) for x in others)
        clean = (total - tau_plus * m * p) / (1 - tau_plus)
        least = m * math.exp(-1 / temperature)
        cut.append(clean < least)
        return -math.log(p / (p + max(clean, least)))

    options = {"temperature": temperature, "tau_plus": tau_plus}
    holds(debiased, formula, own=True, **options)
    assert any(cut) == (tau_plus >= 0.3)
    assert not all(cut)
