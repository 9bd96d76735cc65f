"""NT-Xent against its formula and other libraries."""

import math

import numpy as np
import pytest

from tfcmc.losses.nt_xent import nt_xent
from tfcmc.losses.softmax import softmax


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_formula(holds, temperature):
    """-log(exp(s_pos / T) / sum over all but the anchor)."""

    def formula(s, others, temperature):
        total = sum(math.exp(x / temperature) for x in (s, *others))
        return -math.log(math.exp(s / temperature) / total)

    holds(nt_xent, formula, own=True, temperature=temperature)


def test_other_libraries(noted_views, both_directions):
    """The value of lightly 1.6.0 (`NTXentLoss`), pytorch-metric-learning 2.9.0
    (`NTXentLoss`) and optax 0.2.8 (`ntxent`), in float64.
    """
    got = both_directions("nt_xent(temperature=0.2)", *noted_views)
    assert got == pytest.approx(2.4716889649085814, rel=1e-5)


def test_without_own_view_it_is_softmax(compared):
    """Negatives of the other view alone make it `softmax`."""
    given, _ = compared()
    got = nt_xent(given, temperature=0.2)
    np.testing.assert_allclose(got, softmax(given, temperature=0.2), rtol=1e-5)
