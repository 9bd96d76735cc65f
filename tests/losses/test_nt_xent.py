"""NT-Xent against its formula."""

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


def test_without_own_view_it_is_softmax(compared):
    """Negatives of the other view alone make it `softmax`."""
    given, _ = compared()
    got = nt_xent(given, temperature=0.2)
    np.testing.assert_allclose(got, softmax(given, temperature=0.2), rtol=1e-5)
