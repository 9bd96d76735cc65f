"""Judges the encoders of a run folder again: metrics.json and the figures.

    tfcmc evaluate runs/shapes-softmax-0

Pictures that have been moved are named with --data, or --data-dir. With --data
the encoders are judged on other pictures, too:

    tfcmc evaluate runs/shapes-softmax-0 --data=folder:MY_IMAGES

Probes are fitted on the train part of these and judged on their test part. The
run's own verdict stays as it is; this one is written to a folder of its own in
RUN/elsewhere.

With --alpha or --t the verdict is measured by these. The history keeps those
that it was measured with, so its figures and what the collapse doctor reads
off it stay as they are; `compare` judges such a run anew.
"""

from tfcmc.cli import command_line
from tfcmc.commands import evaluate


def main(argv=None):
    """Reads the command line and judges."""
    evaluate.run(command_line.parse(evaluate.make_parser(__doc__), argv))


if __name__ == "__main__":
    command_line.run(main)
