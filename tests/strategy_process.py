"""What `test_strategy.py` runs in a process of its own, to print JSON.

python -m tests.strategy_process DEVICES COUNT TRAINING

Devices have to be settled before TensorFlow starts, which pytest's own
process has done long ago. DEVICES: logical CPUs; COUNT: how many of the
equivalence's cases, the last first, 0 for all; TRAINING: words of
`trainers.pretrain`, or none.
"""

import dataclasses
import json
import sys

from tfcmc.distribute import strategies
from tfcmc.experiment import equivalence
from tfcmc.experiment import pretrain as experiment
from trainers import pretrain


def main(devices, count, training):
    """Compares, trains, and prints what came out."""
    strategies.use_devices(devices)
    strategy = strategies.make_strategy("mirrored")
    found = [
        dataclasses.asdict(equivalence.verify(strategy, plan))
        | {"replicas": strategy.num_replicas_in_sync}
        for plan in equivalence.cases({})[-count:]
    ]
    # The collectives of a second strategy would take the first one's places.
    experiment.make_strategy = lambda name: strategy
    if training:
        pretrain.main(training)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*map(json.loads, sys.argv[1:]))
