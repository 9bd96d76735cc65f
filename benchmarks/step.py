"""Where the time of one training step goes.

    python -m benchmarks.step

Each part of the step is compiled and run by itself on the same batch: the
colours, the boxes, both encoders forward, and with their gradients, the
whole step's loss and gradients, Adam, and the step. Beside it the rate at
which the encoders compute, and the rate at which this machine multiplies
large matrices, which is the limit. Parts run one after the other in rounds;
the table shows medians.
"""

from benchmarks import machine, measuring
from benchmarks.measuring import Case
from tfcmc.cli import command_line
from tfcmc.experiment.config import PRECISIONS
from tfcmc.foundation.errors import check_number

BACKWARD = "encoders, forward and backward"
GIGA = 1e9


def show(found, batch_size):
    """Prints the table, and the rates.

    Args:
        found: What `benchmarks.step_parts` measured.
        batch_size: Pictures.
    """
    taken = dict(found["taken"])
    limit = found["product"] / taken.pop("product") / GIGA
    rows = [
        [name, f"{1000 * seconds:.1f}", f"{batch_size / seconds:,.0f}"]
        for name, seconds in taken.items()
    ]
    print(f"\n{measuring.table(['part', 'ms', 'images/s'], rows)}\n")
    done = found["encoders"] / GIGA
    print(
        f"encoders: {done:.2f} Gflop at {done / taken[BACKWARD]:,.0f} Gflop/s"
    )
    print(f"product of large matrices: {limit:,.0f} Gflop/s, the limit")


def make_parser():
    """Returns the parser of this command."""
    parser = command_line.make_parser("benchmarks.step", __doc__)
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help=f"of the encoders' arithmetic (default: {PRECISIONS[0]})",
    )
    measuring.add_numbers(
        parser,
        ("seconds", 20.0, "that the rounds take, at least"),
        ("batch-size", 128, "pictures a step"),
        ("threads", measuring.available(), "cores and threads"),
    )
    return parser


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = command_line.parse(make_parser(), argv)
    measuring.check_threads(given)
    check_number("seconds", given["seconds"], above=0)
    check_number("batch-size", given["batch_size"], whole=True, at_least=2)
    print(machine.describe(given["threads"]))
    words = measuring.words_of(given, "seconds", "precision", "batch_size")
    case = Case("step", "benchmarks.step_parts", words)
    show(measuring.measure(case, given["threads"]), given["batch_size"])


if __name__ == "__main__":
    command_line.run(main)
