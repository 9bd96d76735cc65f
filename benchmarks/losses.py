"""What a loss over many candidates takes, beside the naive one.

    python -m benchmarks.losses

Forward and backward of each loss's mean from one view to the other, over
random unit vectors. "naive" holds the matrix of all similarities, as the
formula is written down; "blocks" is how tfcmc trains. Time a pair of anchor
and candidate, the median of the rounds; memory is the peak of a process above
what it held before its first step, embeddings included. The sizes of
`--naive` are done both ways, those of `--large` in blocks alone.
"""

import statistics

from benchmarks import machine, measuring
from benchmarks.measuring import Case, Option
from tfcmc.cli import command_line
from tfcmc.foundation.registry import Number
from tfcmc.losses import LOSSES

NAIVE, BLOCKS = "naive", "blocks"
SPECS = ("softmax", "nce", "triplet", "spring")
MOST_MEGABYTES, MOST_TIMES = 600, 1.3
NANO = 1e9
SIZE = Number(at_least=2, whole=True)


def cases(given: dict) -> dict:
    """Lists `(spec, count, way)` to `Case`, the ways of a size in turns."""
    wanted = [
        (spec, count, way)
        for spec in given["losses"]
        for count in sorted({*given["naive"], *given["large"]})
        for way in (NAIVE, BLOCKS)
        if way == BLOCKS or count in given["naive"]
    ]
    common = {name: given[name] for name in ("dim", "seconds")}
    return {
        (spec, count, way): Case(
            f"{spec}, {count:,}, {way}",
            "benchmarks.loss_step",
            {"loss": spec, "count": count, "way": way, **common},
        )
        for spec, count, way in wanted
    }


def show(found: dict) -> None:
    """Prints the table and what was wanted, of `(spec, count, way)`s."""
    head = ["loss", "N", "way", "ns/pair (low to high)", "MB above inputs"]
    rows = []
    for (spec, count, way), rounds in found.items():
        times = [
            NANO * seconds / count**2
            for seconds in measuring.summary(rounds, "seconds")
        ]
        memory = measuring.summary(rounds, "megabytes")[0]
        time = measuring.spread(times, ".2f")
        rows.append([spec, f"{count:,}", way, time, f"{memory:,.0f}"])
    print(f"\n{measuring.table(head, rows)}\n")
    print(*verdicts(found), sep="\n")


def verdicts(found: dict):
    """Yields what was wanted of each loss's largest sizes, as lines."""
    for spec in dict.fromkeys(spec for spec, _, _ in found):
        blocks, naive = (
            max((n for s, n, w in found if s == spec and w == way), default=0)
            for way in (BLOCKS, NAIVE)
        )
        large = found[spec, blocks, BLOCKS]
        yield measuring.verdict(
            f"{spec}, {blocks:,}: MB above inputs",
            measuring.summary(large, "megabytes")[0],
            MOST_MEGABYTES,
            at_least=False,
        )
        if not naive:
            continue
        small = found[spec, naive, NAIVE]
        yield measuring.verdict(
            f"{spec}, {blocks:,} in blocks / {naive:,} naive: time a pair",
            statistics.median(
                (one["seconds"] / blocks**2) / (other["seconds"] / naive**2)
                for one, other in zip(large, small, strict=True)
            ),
            MOST_TIMES,
            at_least=False,
        )


def _add_losses(parser):
    parser.add_argument(
        "--losses",
        nargs="+",
        default=list(SPECS),
        metavar="SPEC",
        help=f"which (default: {' '.join(SPECS)})",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.losses",
        __doc__,
        argv,
        _add_losses,
        rounds=measuring.ROUNDS,
        threads=measuring.THREADS,
        naive=Option((2048, 8192), "sizes done both ways", SIZE),
        large=Option((32_768,), "sizes done in blocks alone", SIZE),
        dim=Option(128, "numbers a vector"),
        seconds=measuring.seconds(2.0, "of each measurement when it is warm"),
    )
    for spec in given["losses"]:
        LOSSES.lookup(spec)  # a mistake is told before anything is measured
    print(machine.describe(given["threads"]))
    rounds, threads = given["rounds"], given["threads"]
    show(measuring.in_turns(cases(given), rounds=rounds, threads=threads))


if __name__ == "__main__":
    command_line.run(main)
