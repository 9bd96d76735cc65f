"""`trainers.pretrain` on so many logical devices of one machine.

    python -m tests.pretrain_on DEVICES WORDS

With 1 it is the command itself, but that it judges briefly.
"""

import sys

from tfcmc.cli import command_line
from tfcmc.distribute import strategies
from tfcmc.experiment import pretrain as experiment
from tfcmc.search.trial import brief_extent
from trainers import pretrain


def main(devices, words):
    """Trains and judges."""
    if devices > 1:
        strategies.use_devices(devices)
        words = [*words, "--strategy=mirrored"]
    experiment.Extent = lambda probes: brief_extent()
    pretrain.main(words)


if __name__ == "__main__":
    command_line.run(lambda: main(int(sys.argv[1]), sys.argv[2:]))
