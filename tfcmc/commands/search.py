"""Searches for a loss's own options, choosing without the test part."""

from tfcmc.cli import command_line
from tfcmc.experiment.config import PretrainConfig
from tfcmc.searches import study
from tfcmc.searches.records import LABEL_FREE, LABELLED, OBJECTIVES, TUNERS

OWN = ("run_dir", "judge_on", "evaluate")  # settings that are not the user's


def make_parser(manual: str | None = None) -> command_line.Parser:
    """Returns the parser of its options."""
    parser = command_line.make_parser("tuning.search", manual)
    whole = {
        "trials": f"how many, at most (default: {study.TRIALS})",
        "jobs": "trials at once, each on its share of the cores (default: 1)",
    }
    for name, told in whole.items():
        parser.add_argument(
            f"--{name}",
            metavar="INT",
            type=command_line.reader(f"--{name}", int),
            help=told,
        )
    parser.add_argument(
        "--space", metavar="SPACE", help="what is searched (see above)"
    )
    parser.add_argument(
        "--tuner",
        metavar="STR",
        help=f"{', '.join(TUNERS)} (default: bayesian)",
    )
    parser.add_argument(
        "--objective",
        metavar="STR",
        help=f"{', '.join(OBJECTIVES)}; all but {', '.join(LABELLED)} need "
        f"no labels (default: {LABELLED[0]}, or {LABEL_FREE[0]} where there "
        f"are no labels)",
    )
    parser.add_argument(
        "--run-dir",
        metavar="DIR",
        help="folder for all (default: runs/tune-DATA-LOSS)",
    )
    command_line.add_settings(parser, PretrainConfig, but=OWN)
    return parser
