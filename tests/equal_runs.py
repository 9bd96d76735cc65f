"""Whether runs or arrays are the same, to the bit or nearly."""

import numpy as np
import pytest


def check_same(arrays, others):
    """Each is the one in its place, to the bit."""
    for one, other in zip(arrays, others, strict=True):
        np.testing.assert_array_equal(one, other)


def check_equal(got, want, tolerance=0.0):
    """Histories and weights, as `learnt` reads them, agree."""
    for row, other in zip(got[0], want[0], strict=True):
        assert row.keys() == other.keys()
        for name in other:
            close = pytest.approx(other[name], rel=tolerance, abs=tolerance)
            assert row[name] == close, name
    for name, weights in want[1].items():
        np.testing.assert_allclose(
            got[1][name], weights, rtol=0, atol=tolerance
        )
