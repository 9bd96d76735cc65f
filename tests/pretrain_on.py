"""`trainers.pretrain` on so many logical devices of one machine.

    python -m tests.pretrain_on DEVICES WORDS

With 1 it is the command itself, but that it judges briefly.
"""

import sys

from tfcmc.cli import command_line
from tfcmc.distribute import strategies
from trainers import pretrain


def main(devices, words):
    """Trains and judges."""
    if devices > 1:
        strategies.use_devices(devices)
        words = [*words, "--strategy=mirrored"]
    pretrain.main([*words, "--evaluate=brief"])


if __name__ == "__main__":
    command_line.run(lambda: main(int(sys.argv[1]), sys.argv[2:]))
