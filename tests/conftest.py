"""Fixtures for all tests."""

import os
import pathlib

import numpy as np
import pytest

SHARED = pathlib.Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def rng():
    """A random generator that starts the same in every test."""
    return np.random.default_rng(20_260_131)


@pytest.fixture(scope="session")
def photographs():
    """The folder of prepared photographs, where the machine has it."""
    folder = SHARED / "tfds"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the prepared photographs must be there in CI")
        pytest.skip("no prepared photographs beside the checkout")
    return folder


@pytest.fixture
def unit_vectors(rng):
    """A function that makes random unit vectors, unevenly spread."""

    def make(count, dim):
        vectors = rng.normal(size=(count, dim)) + 0.3
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32)

    return make
