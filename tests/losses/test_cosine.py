"""Prediction by the cosine against its formula, and at its ends."""

import numpy as np
import pytest

from tests.terms import make, term


@pytest.mark.parametrize(
    ("form", "of"),
    [("squared", lambda s: 2 - 2 * s), ("negative", lambda s: -s)],
)
def test_formula(holds, form, of):
    """Of the positive alone."""
    holds(make(f"cosine(form={form})"), lambda s, others: of(s))


@pytest.mark.parametrize(
    ("form", "values"), [("squared", (0, 4, 2)), ("negative", (-1, 1, 0))]
)
def test_ends(form, values):
    """Equal, opposite, orthogonal."""
    a, b = np.float32([0.6, 0.8, 0.0]), np.float32([0.8, -0.6, 0.0])
    got = make(f"cosine(form={form})")(
        term(np.stack([a, a, a]), np.stack([a, -a, b]), [0, 1, 2])
    )
    np.testing.assert_allclose(got, values, atol=1e-6)


def test_negatives_are_not_read(unit_vectors):
    """Other candidates may be anything."""
    anchors, candidates = unit_vectors(3, 5), unit_vectors(6, 5)
    given = term(anchors, candidates, [0, 2, 4])
    noise = candidates.copy()
    noise[[1, 3, 5]] = np.nan
    other = term(anchors, noise, [0, 2, 4])
    np.testing.assert_array_equal(make("cosine")(given), make("cosine")(other))
