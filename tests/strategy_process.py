"""What `test_strategy.py` runs in a process of its own, to print JSON.

python -m tests.strategy_process DEVICES CASES TRAINING

Devices have to be settled before TensorFlow starts, which pytest's own
process has done long ago. DEVICES: logical CPUs; CASES: settings of the
equivalence, one after the other; TRAINING: words of `trainers.pretrain`.
"""

import dataclasses
import json
import sys

import pytest

from tests.plain import leave_out_distortions
from tfcmc.distribute import strategies
from tfcmc.experiment import equivalence, verified
from tfcmc.experiment import pretrain as experiment
from trainers import pretrain


def main(devices, cases, training):
    """Compares, trains, and prints what came out."""
    leave_out_distortions(pytest.MonkeyPatch())
    strategies.use_devices(devices)
    strategy = strategies.make_strategy("mirrored")
    compute, alike = equivalence.compute, []

    def noted(strategy, *arguments, **options):
        found = compute(strategy, *arguments, **options)
        alike.append(bool((found.left == found.left[:1]).all()))
        return found

    equivalence.compute = noted
    found = [
        dataclasses.asdict(
            equivalence.verify(strategy, plan, settings.get("batch_size"))
        )
        | {"replicas": strategy.num_replicas_in_sync, "alike": all(alike)}
        for settings in cases
        for plan in verified.cases(settings)
    ]
    # The collectives of a second strategy would take the first one's places.
    experiment.make_strategy = lambda name: strategy
    pretrain.main(training)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*map(json.loads, sys.argv[1:]))
