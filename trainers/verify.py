"""Proves that several devices compute what one does, on your own machines.

    tfcmc verify --strategy=mirrored

compares, for every loss, one device with all GPUs of this machine: the loss
and its gradients on the same batch of few pictures. On a machine without a
second GPU, --replicas=2 cuts the CPU into two devices. On several machines
run it on each, with its TF_CONFIG, as a training; the chief prints.

One loss or method alone is compared with --loss=NAME or --preset=NAME. With
--microbatch=N a batch in pieces of N pictures is compared with the whole one.

Exit code 1 if any differs by more than 1e-5: the rounding of float32 is less.
"""

import functools
import sys

from tfcmc.cli import command_line, machines
from tfcmc.experiment.config import STRATEGIES, PretrainConfig
from tfcmc.experiment.verified import cases
from tfcmc.foundation.errors import check_choice, check_number
from tfcmc.runs.identity import alike

SETTINGS = (
    "preset",
    "loss",
    "negatives",
    "encoder",
    "batch_norm",
    "head",
    "predictor",
    "target",
    "pairs",
    "views",
    "side",
    "batch_size",
    "microbatch",
)
MOST = 64  # devices, each of which reads, computes and waits for all others
ADVICE = "Nothing is lost: start the command again on all machines."


def main(argv=None):
    """Reads the command line, compares, and prints a table."""
    parser = command_line.make_parser("trainers.verify", __doc__)
    parser.add_argument(
        "--strategy",
        default="auto",
        metavar="STR",
        help=f"{', '.join(STRATEGIES)}, as for a training (default: auto)",
    )
    parser.add_argument(
        "--replicas",
        type=command_line.reader("--replicas", int),
        metavar="INT",
        help="devices of this machine (default: all GPUs)",
    )
    command_line.add_settings(parser, PretrainConfig, only=SETTINGS)
    given = command_line.parse(parser, argv)
    settings = {name: given[name] for name in SETTINGS if name in given}
    if piece := settings.get("microbatch"):
        settings.setdefault("batch_size", 2 * piece)
    plans = cases(settings)  # tells mistakes now
    check_choice("strategy", given["strategy"], STRATEGIES)
    if "replicas" in given:
        check_number(
            "replicas", given["replicas"], whole=True, at_least=1, at_most=MOST
        )
    told = functools.partial(alike, settings, plans[0].code())
    with machines.all_present(given["strategy"], told, ADVICE):
        from tfcmc.experiment import equivalence  # loads TensorFlow: only now

        same = equivalence.prove(
            given["strategy"],
            given.get("replicas"),
            plans,
            settings.get("batch_size"),
        )
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    command_line.run(main)
