"""The loss with hard negatives against its formula."""

import math

import pytest

from tfcmc.losses.hard_negative import hard_negative


@pytest.mark.parametrize(
    ("temperature", "beta", "tau_plus"),
    [(0.5, 1.0, 0.1), (0.1, 0.5, 0.3), (0.2, 2.0, 0.0), (0.2, 0.0, 0.2)],
)
def test_formula(holds, temperature, beta, tau_plus):
    """-log(p / (p + G)), negatives weighed by their own similarity."""

    def formula(s, others, temperature, beta, tau_plus):
        p, m = math.exp(s / temperature), len(others)
        weights = [math.exp(beta * x / temperature) for x in others]
        total = sum(
            w / (sum(weights) / m) * math.exp(x / temperature)
            for w, x in zip(weights, others, strict=True)
        )
        clean = (total - tau_plus * m * p) / (1 - tau_plus)
        clean = max(clean, m * math.exp(-1 / temperature))
        return -math.log(p / (p + clean))

    options = {"temperature": temperature, "beta": beta, "tau_plus": tau_plus}
    holds(hard_negative, formula, own=True, **options)
