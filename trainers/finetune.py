"""Says what the encoders of a run save in labels: the few-label curve.

    tfcmc finetune runs/mine --labels 0.01 0.1 1

For each share of the labels of the train part, stratified by class, and each
of some samples: a linear probe of the frozen features, beside that of
untrained encoders; and the encoders with a linear layer on top, trained on
these labels from the run's weights, and from fresh ones. All trainings are of
the same steps, with the same crops and flips. Learning rates and penalties are
chosen on a fifth of the labels of the sample, nothing on the test part.

Written to RUN/finetune: curve.csv, curve.json and curve.png. Each result is
kept as it comes: the same command goes on, and one of other shares adds to the
curve. With --data it is of other pictures than the run's, in RUN/elsewhere.
"""

from tfcmc.cli import command_line
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import check_number

SHARES = (0.01, 0.1, 1.0)
SAMPLES, STEPS = 3, 500


def main(argv=None):
    """Reads the command line and measures."""
    parser = command_line.make_parser("trainers.finetune", __doc__)
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="SHARE",
        type=command_line.reader("--labels", float),
        help="shares of the labelled train part, above 0 and at most 1 "
        f"(default: {' '.join(f'{share:g}' for share in SHARES)})",
    )
    for name, default, told in (
        ("samples", SAMPLES, "how many samples of each share"),
        ("steps", STEPS, "steps of each training, whatever the share"),
    ):
        parser.add_argument(
            command_line.option(name),
            metavar="INT",
            type=command_line.reader(command_line.option(name), int),
            help=f"{told} (default: {default})",
        )
    command_line.add_data(
        parser, "spec of the pictures and labels (default: the run's own)"
    )
    given = command_line.parse(parser, argv)
    shares = given.pop("labels", SHARES)
    for share in shares:
        check_number("labels", share, above=0, at_most=1)
    samples, steps = given.pop("samples", SAMPLES), given.pop("steps", STEPS)
    check_number("samples", samples, whole=True, at_least=1, at_most=100)
    check_number("steps", steps, whole=True, at_least=1, at_most=1_000_000)
    plan, run = stored_plan(given.pop("run"), **given)
    from tfcmc.experiment import finetune  # loads TensorFlow: only now

    finetune.finetune(plan, run, shares, samples=samples, steps=steps)


if __name__ == "__main__":
    command_line.run(main)
