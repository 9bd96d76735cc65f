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
from benchmarks.loss_step import BLOCKS, NAIVE
from benchmarks.measuring import Case
from tfcmc.cli import command_line
from tfcmc.foundation.errors import check_number
from tfcmc.losses import LOSSES

SPECS = ("softmax", "nce", "triplet", "spring")
NAIVE_COUNTS, LARGE_COUNTS = (2048, 8192), (32_768,)
MOST_MEGABYTES, MOST_TIMES = 600, 1.3
NANO = 1e9


def cases(given):
    """Lists the cases, the two ways of one size in turns.

    Args:
        given: The settings.

    Returns:
        Dict of `(spec, count, way)` to its `Case`.
    """
    found = {}
    for spec in given["losses"]:
        for count in sorted({*given["naive"], *given["large"]}):
            for way in (NAIVE, BLOCKS):
                if way == NAIVE and count not in given["naive"]:
                    continue
                words = (spec, way, count, f"--dim={given['dim']}")
                seconds = f"--seconds={given['seconds']}"
                found[spec, count, way] = Case(
                    f"{spec}, {count:,}, {way}",
                    "benchmarks.loss_step",
                    (*words, seconds),
                )
    return found


def show(found):
    """Prints the table and, where measured, what was wanted.

    Args:
        found: Dict of `(spec, count, way)` to what was measured, a dict a
            round.
    """
    head = ["loss", "N", "way", "ns/pair (low to high)", "MB above inputs"]
    rows = []
    for (spec, count, way), rounds in found.items():
        times = [NANO * numbers for numbers in _a_pair(rounds, count)]
        memory = measuring.summary(rounds, "megabytes")[0]
        rows.append(
            [
                spec,
                f"{count:,}",
                way,
                measuring.spread(times, ".2f"),
                f"{memory:,.0f}",
            ]
        )
    print(f"\n{measuring.table(head, rows)}\n")
    for line in verdicts(found):
        print(line)


def verdicts(found):
    """Yields what was wanted of each loss's largest sizes, as lines.

    Args:
        found: As for `show`.
    """
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


def _a_pair(rounds, count):
    return [
        number / count**2 for number in measuring.summary(rounds, "seconds")
    ]


def make_parser():
    """Returns the parser of this command."""
    parser = command_line.make_parser("benchmarks.losses", __doc__)
    measuring.add_common(parser)
    parser.add_argument(
        "--losses",
        nargs="+",
        default=list(SPECS),
        metavar="SPEC",
        help=f"which (default: {' '.join(SPECS)})",
    )
    for name, counts, told in (
        ("naive", NAIVE_COUNTS, "sizes done both ways"),
        ("large", LARGE_COUNTS, "sizes done in blocks alone"),
    ):
        parser.add_argument(
            f"--{name}",
            type=int,
            nargs="*",
            default=list(counts),
            metavar="N",
            help=f"{told} (default: {' '.join(map(str, counts))})",
        )
    parser.add_argument(
        "--dim", type=int, default=128, metavar="INT", help="(default: 128)"
    )
    measuring.add_seconds(parser)
    return parser


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = command_line.parse(make_parser(), argv)
    measuring.check_common(given)
    check_number("seconds", given["seconds"], above=0)
    check_number("dim", given["dim"], whole=True, at_least=1)
    for count in (*given["naive"], *given["large"]):
        check_number("N", count, whole=True, at_least=2)
    for spec in given["losses"]:
        LOSSES.lookup(spec)  # a mistake is told before anything is measured
    print(machine.describe(given["threads"]))
    show(measuring.in_turns_by_key(cases(given), given))


if __name__ == "__main__":
    command_line.run(main)
