"""Judges the encoders of a run folder again: metrics.json and the figures.

    tfcmc evaluate runs/shapes-softmax-0

Pictures that have been moved are named with --data, or --data-dir; others
than those it was trained on are refused.

With --alpha or --t the verdict is measured by these. The history keeps those
that it was measured with, so its figures and what the collapse doctor reads
off it stay as they are; `compare` judges such a run anew.
"""

from tfcmc.cli import command_line
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import stored_plan
from tfcmc.runs.record import CONSTANTS


def main(argv=None):
    """Reads the command line and judges."""
    parser = command_line.make_parser("trainers.evaluate", __doc__)
    parser.add_argument("run", help="the run folder")
    command_line.add_data(
        parser, "where the run's pictures are now (default: where they were)"
    )
    asked = (*CONSTANTS, "evaluate")
    command_line.add_settings(parser, PretrainConfig, only=asked)
    given = command_line.parse(parser, argv)
    asked = {name: given.pop(name) for name in asked if name in given}
    plan, run = stored_plan(given.pop("run"), **given)
    from tfcmc.experiment import pretrain  # loads TensorFlow: only now

    pretrain.evaluate(plan, run, **asked)


if __name__ == "__main__":
    command_line.run(main)
