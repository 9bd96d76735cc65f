"""Judges the encoders of a run folder again."""

from tfcmc.cli import command_line
from tfcmc.experiment.config import JUDGED, JUDGING, PretrainConfig
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import must
from tfcmc.runs.folder import Run
from tfcmc.runs.record import CONSTANTS

ASKED = (*CONSTANTS, "evaluate")


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("trainers.evaluate", manual)
    parser.add_argument("run", help="the run folder")
    command_line.add_data(
        parser,
        "where the run's pictures are now, or others to judge on (default: "
        "where they were)",
    )
    command_line.add_settings(
        parser,
        PretrainConfig,
        only=ASKED,
        defaults=dict.fromkeys(CONSTANTS, "the run's"),
        helps={"evaluate": JUDGED},
    )
    return parser


def run(given: dict) -> Run:
    """Judges.

    Returns:
        The `Run` that the verdict is written to: one in a folder of the run's
        for other pictures than its own.

    Raises:
        UsageError: if nothing is to be judged, or as
            `tfcmc.experiment.pretrain.evaluate`.
    """
    given = dict(given)
    asked = {name: given.pop(name) for name in ASKED if name in given}
    if asked.get("evaluate") == "none":
        raise must("evaluate", JUDGING, "none")
    plan, run = stored_plan(given.pop("run"), **given)
    named = "data" in given
    from tfcmc.experiment import pretrain  # loads TensorFlow: only now

    return pretrain.evaluate(plan, run, named=named, **asked)
