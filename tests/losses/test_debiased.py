"""The debiased loss against its formula."""

import math

import numpy as np
import pytest

from tfcmc.losses.debiased import debiased
from tfcmc.losses.nt_xent import nt_xent


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


def test_without_false_negatives_it_is_nt_xent(compared):
    """tau_plus 0 corrects nothing."""
    given, _ = compared()
    got = debiased(given, temperature=0.2, tau_plus=0.0)
    want = nt_xent(given, temperature=0.2)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
