"""Says what the encoders of a run save in labels: the few-label curve.

    tfcmc finetune runs/mine --labels 0.01 0.1 1

For each share of the labels of the train part, stratified by class, and each
of some samples: a linear probe of the frozen features, beside that of
untrained encoders; and the encoders with a linear layer on top, trained on
these labels from the run's weights, and from fresh ones. All trainings are of
the same steps, with the same crops and flips. Learning rates and penalties are
chosen on a fifth of the labels of the sample, nothing on the test part.

Written to RUN/finetune: curve.csv, curve.json and curve.png. Each result is
kept as it comes, in fits.json: the same command goes on, and one of other
shares adds to the curve. With --data it is of other pictures than the run's,
in RUN/elsewhere.
"""

from tfcmc.cli import command_line
from tfcmc.commands import finetune


def main(argv=None):
    """Reads the command line and measures."""
    finetune.run(command_line.parse(finetune.make_parser(__doc__), argv))


if __name__ == "__main__":
    command_line.run(main)
