"""Prediction by the cosine against its formula."""

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


def test_negatives_are_not_read(unit_vectors):
    """Other candidates may be anything."""
    anchors, candidates = unit_vectors(3, 5), unit_vectors(6, 5)
    given = term(anchors, candidates, [0, 2, 4])
    noise = candidates.copy()
    noise[[1, 3, 5]] = np.nan
    other = term(anchors, noise, [0, 2, 4])
    np.testing.assert_array_equal(make("cosine")(given), make("cosine")(other))
