"""Noise-contrastive estimation against its formula."""

import math

import numpy as np
import pytest

from tests.terms import make, term
from tfcmc.losses import LOSSES
from tfcmc.losses.nce import nce


def loop(anchor, candidates, positive, temperature, big_z, data):
    """-log h(positive) - sum log(1 - h), with P, n and m as the paper has.

    `big_z` is the paper's Z over `data` = n data, one an anchor.
    """
    draws = len(candidates) - 1  # m
    values = []
    for i, vector in enumerate(anchor):
        value = 0.0
        for j, candidate in enumerate(candidates):
            s = sum(
                float(a) * float(c)
                for a, c in zip(vector, candidate, strict=True)
            )
            p = math.exp(s / temperature) / big_z[i]
            h = p / (p + draws / data)
            value -= math.log(h) if j == positive[i] else math.log(1 - h)
        values.append(value)
    return values


def exponentials(anchor, candidates, temperature):
    """exp(s / T) of all pairs, in float64."""
    s = anchor.astype(np.float64) @ candidates.astype(np.float64).T
    return np.exp(s / temperature)


@pytest.mark.parametrize("temperature", [0.1, 0.7])
def test_exact_z(unit_vectors, temperature):
    """Z is the sum over the candidates, n their number."""
    anchor, candidates = unit_vectors(5, 4), unit_vectors(9, 4)
    positive = np.array([3, 0, 8, 1, 6])
    big_z = exponentials(anchor, candidates, temperature).sum(axis=1)
    want = loop(anchor, candidates, positive, temperature, big_z, 9)
    got = nce(
        term(anchor, candidates, positive), temperature=temperature, z="exact"
    )
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_given_z(unit_vectors):
    """A number is Z / n: the loss is that of any Z and n of that ratio."""
    anchor, candidates = unit_vectors(5, 4), unit_vectors(9, 4)
    positive = np.array([3, 0, 8, 1, 6])
    want = loop(anchor, candidates, positive, 0.3, [17.0 * 1000] * 5, 1000)
    got = nce(term(anchor, candidates, positive), temperature=0.3, z=17.0)
    np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("policy", ["first", "mean"])
def test_estimated_z(unit_vectors, policy):
    """Z is the first batch's, or follows the batches by 1 %."""
    loss = make(f"nce(temperature=0.3, z={policy})")
    mean = None
    for _ in range(4):
        anchor, candidates = unit_vectors(5, 4), unit_vectors(9, 4)
        positive = np.array([3, 0, 8, 1, 6])
        batch_mean = exponentials(anchor, candidates, 0.3).mean()
        if mean is None:
            mean = batch_mean
        elif policy == "mean":
            mean = 0.99 * mean + 0.01 * batch_mean
        values = loss(term(anchor, candidates, positive))
        want = loop(anchor, candidates, positive, 0.3, [mean * 50] * 5, 50)
        np.testing.assert_allclose(values, want, rtol=1e-5)


@pytest.mark.parametrize(
    ("z", "size"),
    [("exact", []), ("2.5", []), ("first", [(2,)]), ("mean", [(2,)])],
)
def test_only_a_kept_z_is_state(unit_vectors, z, size):
    """Else nothing is handed on, and each anchor stands by itself."""
    loss = make(f"nce(z={z})")
    assert [tuple(each.shape) for each in loss.variables] == size
    anchor, candidates = unit_vectors(5, 4), unit_vectors(9, 4)
    positive = np.array([3, 0, 8, 1, 6])
    values = loss(term(anchor, candidates, positive))
    if size:
        assert np.abs(loss.state).max() > 0
        return
    alone = loss(term(anchor[2:3], candidates, positive[2:3]))
    np.testing.assert_allclose(values[2], alone[0], rtol=1e-5)


def test_value_at_collapse():
    """One point, Z exact: ln(1 + m) + m ln(1 + 1/m)."""
    same = np.tile([[0.6, 0.8]], (6, 1)).astype(np.float32)
    got = nce(term(same, same, np.arange(6)), temperature=0.07, z="exact")
    want = math.log(1 + 5) + 5 * math.log(1 + 1 / 5)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_alias():
    """The paper's name finds it."""
    assert LOSSES.lookup("infonce").name == "nce"
