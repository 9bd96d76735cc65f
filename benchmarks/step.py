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

BACKWARD = "encoders, forward and backward"
GIGA = 1e9


def show(found: dict, batch_size: int) -> None:
    """Prints what `benchmarks.step_parts` measured, and the rates."""
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


def add_precision(parser):
    """Adds the precision of the encoders' arithmetic."""
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help=f"of the encoders' arithmetic (default: {PRECISIONS[0]})",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.step",
        __doc__,
        argv,
        add_precision,
        seconds=measuring.seconds(20.0, "that the rounds take"),
        batch_size=measuring.BATCH,
        threads=measuring.THREADS,
    )
    print(machine.describe(given["threads"]))
    threads = given.pop("threads")
    case = Case("step", "benchmarks.step_parts", given)
    show(measuring.measure(case, threads), given["batch_size"])


if __name__ == "__main__":
    command_line.run(main)
