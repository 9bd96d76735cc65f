"""Vectors that all tests of losses share."""

import numpy as np
import pytest

from tests.terms import make, with_own_view
from tfcmc.losses.vectors import normalise


@pytest.fixture
def noted_views():
    """Two raw views `[6, 4]`, on which other libraries' values are noted.

    Written out by a formula: no generator's stream has to stay the same.
    """
    k = np.arange(24)
    first = np.sin(1.0 + 1.7 * k + 0.05 * k**2).reshape(6, 4)
    second = first + 1.5 * np.cos(2.3 * k).reshape(6, 4)
    return first.astype(np.float32), second.astype(np.float32)


@pytest.fixture
def both_directions():
    """A function of a spec and two raw views: its value, as the model has it.

    The mean over both directions, the anchors' own view among the candidates
    where the loss takes it.
    """

    def value(spec, first, second):
        loss = make(spec)
        views = first, second
        if not loss.raw:
            views = [normalise(view).numpy() for view in views]
        total = 0.0
        for anchor, other in (views, views[::-1]):
            rows = np.arange(len(anchor))
            total += np.mean(loss(with_own_view(loss, anchor, other, rows)))
        return total / 2

    return value
