"""Noise-contrastive estimation against its formula."""

import math

import numpy as np
import pytest

from tests.terms import make, term
from tfcmc.losses import LOSSES
from tfcmc.losses.nce import nce


def formula(s, others, temperature, ratio):
    """-log h(positive) - sum log(1 - h), with P, n and m as the paper has.

    `ratio` is Z / n: a pair's P is exp(s / T) / Z, and h is P / (P + m / n).
    """

    def h(x):
        p = math.exp(x / temperature) / ratio
        return p / (p + len(others))

    return -math.log(h(s)) - sum(math.log(1 - h(x)) for x in others)


def exponentials(s, others, temperature):
    """exp(s / T) of an anchor and each candidate."""
    return [math.exp(x / temperature) for x in (s, *others)]


@pytest.mark.parametrize("temperature", [0.1, 0.7])
def test_exact_z(holds, temperature):
    """Z is the sum over the candidates, n their number."""

    def exact(s, others, temperature, z):
        ratio = np.mean(exponentials(s, others, temperature))
        return formula(s, others, temperature, ratio)

    holds(nce, exact, temperature=temperature, z="exact")


def test_given_z(holds):
    """A number is Z / n."""
    holds(
        nce,
        lambda s, others, temperature, z: formula(s, others, temperature, z),
        temperature=0.3,
        z=17.0,
    )


@pytest.mark.parametrize("policy", ["first", "mean"])
def test_estimated_z(compared, policy):
    """Z is the first batch's, or follows the batches by 1 %."""
    loss = make(f"nce(temperature=0.3, z={policy})")
    mean = None
    for _ in range(4):
        given, pairs = compared()
        now = np.mean([exponentials(*pair, 0.3) for pair in pairs])
        if mean is None:
            mean = now
        elif policy == "mean":
            mean = 0.99 * mean + 0.01 * now
        want = [formula(*pair, 0.3, mean) for pair in pairs]
        np.testing.assert_allclose(loss(given), want, rtol=1e-5)


@pytest.mark.parametrize(
    ("z", "size"),
    [("exact", []), ("2.5", []), ("first", [(2,)]), ("mean", [(2,)])],
)
def test_only_a_kept_z_is_state(unit_vectors, z, size):
    """Else nothing is handed on."""
    loss = make(f"nce(z={z})")
    assert [tuple(each.shape) for each in loss.variables] == size
    loss(term(unit_vectors(5, 4), unit_vectors(9, 4), np.arange(5)))
    if size:
        assert np.abs(loss.state).max() > 0


def test_alias():
    """The paper's name finds it."""
    assert LOSSES.lookup("infonce").name == "nce"
