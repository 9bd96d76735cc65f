"""Writes a run as one model, bytes of pictures to features."""

import pathlib

from tfcmc.cli import command_line
from tfcmc.experiment.recipe import stored_plan
from tfcmc.runs.outputs import check_output
from tfcmc.using.formats import FORMATS, check_format, parse_size, place_of

FORMAT = "keras"


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("trainers.export", manual)
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--format",
        metavar="|".join(FORMATS),
        help=f"what to write (default: {FORMAT})",
    )
    parser.add_argument(
        "--size",
        metavar="HEIGHTxWIDTH",
        help="of the pictures that it takes, in pixels; without it, any",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="where to; without it, export/features.* in the run folder",
    )
    return parser


def run(given: dict) -> pathlib.Path:
    """Exports.

    Returns:
        Path of the model.
    """
    name = given.get("format", FORMAT)
    kind = check_format(name)
    size = parse_size(given["size"]) if "size" in given else None
    plan, run = stored_plan(given["run"], check_data=False)
    out = place_of(run, kind, given.get("out"))
    check_output(out, plan, run)
    from tfcmc.using import export  # loads TensorFlow: only now

    export.export(plan, run, name, out, size)
    return out
