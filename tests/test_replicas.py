"""Batch normalisation and optimizers on two replicas, beside one device."""

import json

import pytest

from tests.batch_norms.replicas_process import PAIRS
from tests.optimizers.stepping import SPECS, STEPS

# Devices have to be settled before TensorFlow starts, and the collectives of
# a second strategy would take the first one's places.
BOTH = """
import json
from tests.batch_norms import replicas_process as batch_norms
from tests.optimizers import replicas_process as optimizers
from tfcmc.distribute.strategies import make_strategy, use_devices

use_devices(2)
strategy = make_strategy("mirrored")
print(json.dumps([each.main(strategy) for each in (batch_norms, optimizers)]))
"""


@pytest.fixture(scope="module")
def found(python):
    """What came out in a process of their own."""
    done = python("-c", BOTH, TF_CPP_MIN_LOG_LEVEL="3")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_batch_norms(found):
    """Synchronised are one device; local are its two groups."""
    *same, other = zip(PAIRS, found[0], strict=True)
    for pair, apart in same:
        assert max(apart) < 1e-5, (pair, apart)
    assert min(other[1]) > 1e-4


def test_optimizers(found):
    """Each with a part of every gradient: what the sum does, and alike."""
    assert [each["spec"] for each in found[1]] == SPECS
    for each in found[1]:
        assert each["apart"] < 1e-6 < 1e-3 < each["moved"], each
        assert each["alike"] and each["steps"] == STEPS
