"""What `test_strategy.py` runs in a process of its own, to print JSON.

python -m tests.strategy_process DEVICES CASES TRAINING

Devices have to be settled before TensorFlow starts, which pytest's own
process has done long ago. DEVICES: logical CPUs; CASES: pairs of loss and
negatives; TRAINING: words of `trainers.pretrain`.
"""

import dataclasses
import json
import sys

from tfcmc.distribute import strategies
from tfcmc.experiment import equivalence
from tfcmc.experiment import pretrain as experiment
from trainers import pretrain


def main(count, cases, training):
    """Compares, trains, and prints what came out."""
    strategies.use_devices(count)
    strategy = strategies.make_strategy("mirrored")
    found = [
        dataclasses.asdict(equivalence.verify(strategy, *case))
        | {"replicas": strategy.num_replicas_in_sync}
        for case in cases
    ]
    # The collectives of a second strategy would take the first one's places.
    experiment.make_strategy = lambda name: strategy
    experiment.judge = lambda *parts: None
    pretrain.main(training)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*map(json.loads, sys.argv[1:]))
