"""The loss with hard negatives against its formula."""

import math

import numpy as np
import pytest

from tfcmc.losses.debiased import debiased
from tfcmc.losses.hard_negative import hard_negative


@pytest.mark.parametrize(
    ("temperature", "beta", "tau_plus"),
    [(0.5, 1.0, 0.1), (0.1, 0.5, 0.3), (0.2, 2.0, 0.0)],
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


def test_unweighted_it_is_debiased(compared):
    """beta 0 weighs all negatives alike."""
    given, _ = compared()
    options = {"temperature": 0.2, "tau_plus": 0.2}
    got = hard_negative(given, beta=0.0, **options)
    want = debiased(given, **options)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
