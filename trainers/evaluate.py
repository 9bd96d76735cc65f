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
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import stored_plan
from tfcmc.runs.record import CONSTANTS


def main(argv=None):
    """Reads the command line and judges."""
    parser = command_line.make_parser("trainers.evaluate", __doc__)
    parser.add_argument("run", help="the run folder")
    command_line.add_data(
        parser,
        "where the run's pictures are now, or others to judge on (default: "
        "where they were)",
    )
    asked = (*CONSTANTS, "evaluate")
    command_line.add_settings(parser, PretrainConfig, only=asked)
    given = command_line.parse(parser, argv)
    asked = {name: given.pop(name) for name in asked if name in given}
    plan, run = stored_plan(given.pop("run"), **given)
    named = "data" in given
    from tfcmc.experiment import pretrain  # loads TensorFlow: only now

    pretrain.evaluate(plan, run, named=named, **asked)


if __name__ == "__main__":
    command_line.run(main)
