"""What a large batch takes in memory and time, whole and in pieces.

    python -m benchmarks.microbatch

Loss and gradients of one batch, compiled, in a process of its own for each
size of pieces. Batch statistics are those of as many pictures as the smallest
piece has, and so the same whole and in pieces. How far gradients are from
those of the whole batch is |g - h| / |h|.
"""

import pathlib
import tempfile

import numpy as np

from benchmarks import machine, measuring
from benchmarks.measuring import Case, Option
from benchmarks.step import add_precision
from tfcmc.cli import command_line
from tfcmc.foundation.errors import must
from tfcmc.foundation.registry import Number

APART = 1e-5  # at most
ENCODER = "resnet(width=0.125, stem=cifar)"


def show(found: dict, apart: dict, batch_size: int) -> None:
    """Prints the table, and what was wanted."""
    rows = []
    for size, rounds in found.items():
        seconds = measuring.spread(measuring.summary(rounds, "seconds"), ".3g")
        times = measuring.ratio(rounds, found[batch_size], "seconds")
        peak = measuring.summary(rounds, "megabytes")[0]
        told = [f"{apart[size]:.1e}", f"{peak:,.0f}", seconds]
        times = measuring.spread(times, ".3g")
        rows.append([f"{size:,}", *told, times])
    head = ["a piece", "gradients", "MB", "seconds a step", "times the whole"]
    print(f"\n{measuring.table(head, rows)}\n")
    name = "gradients, beside the whole"
    farthest = max(apart.values())
    print(measuring.verdict(name, farthest, APART, at_least=False))


def _add_words(parser):
    add_precision(parser)
    parser.add_argument(
        "--encoder",
        default=ENCODER,
        metavar="SPEC",
        help=f"the encoders (default: {ENCODER})",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.microbatch",
        __doc__,
        argv,
        _add_words,
        rounds=Option(1, "how often each size is measured"),
        threads=measuring.THREADS,
        batch_size=Option(4096, "pictures a step", Number(at_least=4)),
        pieces=Option((1024, 256), "pictures a piece", Number(at_least=2)),
        side=Option(32, "of the views", Number(at_least=8)),
        seconds=measuring.seconds(1.0, "of each measurement when it is warm"),
    )
    batch_size, sizes = given["batch_size"], given.pop("pieces")
    group = min(sizes)
    for size in sizes:
        if batch_size % size or size % group or size == batch_size:
            raise must(
                "pieces", "divisors of the batch, by the smallest", sizes
            )
    print(machine.describe(given["threads"]))
    rounds, threads = given.pop("rounds"), given.pop("threads")
    with tempfile.TemporaryDirectory() as folder:
        files = {
            size: str(pathlib.Path(folder) / f"{size}.npy")
            for size in (batch_size, *sizes)
        }
        cases = {
            size: Case(
                f"pieces of {size:,}",
                "benchmarks.microbatch_step",
                given | {"microbatch": size, "group": group, "file": file},
            )
            for size, file in files.items()
        }
        found = measuring.in_turns(cases, rounds=rounds, threads=threads)
        gradients = {size: np.load(file) for size, file in files.items()}
    whole = gradients.pop(batch_size)
    length = np.linalg.norm(whole)
    apart = {
        size: float(np.linalg.norm(each - whole) / length)
        for size, each in gradients.items()
    }
    show(found, {batch_size: 0.0} | apart, batch_size)


if __name__ == "__main__":
    command_line.run(main)
