"""`trainers.pretrain` on so many logical devices of one machine.

    python -m tests.pretrain_on DEVICES WORDS

With 1 it is the command itself, but that it judges briefly.
"""

import sys

from tfcmc import experiment, judging, strategies
from trainers import command_line, pretrain


def main(devices, words):
    """Trains and judges."""
    if devices > 1:
        strategies.use_devices(devices)
        words = [*words, "--strategy=mirrored"]
    extent = judging.Extent(
        experiment.probe_functions(("linear_probe", "knn")),
        each_view=False,
        figures=False,
    )
    experiment.Extent = lambda probes: extent
    pretrain.main(words)


if __name__ == "__main__":
    command_line.run(lambda: main(int(sys.argv[1]), sys.argv[2:]))
