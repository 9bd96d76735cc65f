"""Says what the encoders of a run save in labels: the few-label curve."""

from tfcmc.cli import command_line
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import check_number
from tfcmc.report.few_labels import Curve

SHARES = (0.01, 0.1, 1.0)
SAMPLES, STEPS = 3, 500


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("trainers.finetune", manual)
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="SHARE",
        type=command_line.reader("--labels", float),
        help="shares of the labelled train part, above 0 and at most 1 "
        f"(default: {' '.join(map(str, SHARES))})",
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
    return parser


def run(given: dict) -> Curve:
    """Measures what is not known yet."""
    given = dict(given)
    shares = given.pop("labels", SHARES)
    for share in shares:
        check_number("labels", share, above=0, at_most=1)
    samples, steps = given.pop("samples", SAMPLES), given.pop("steps", STEPS)
    check_number("samples", samples, whole=True, at_least=1, at_most=100)
    check_number("steps", steps, whole=True, at_least=1, at_most=1_000_000)
    # A search's trials were judged on the pictures that are fitted on here.
    plan, run = stored_plan(given.pop("run"), judge_on="test", **given)
    from tfcmc.experiment import finetune  # loads TensorFlow: only now

    return finetune.finetune(plan, run, shares, samples=samples, steps=steps)
