"""What alignment and uniformity take, beside PyTorch's and the limit.

    python -m benchmarks.metrics

Uniformity over all pairs of 100,000 vectors of 384 numbers, exactly; beside
it, for as many vectors as fit, `torch.pdist` as in Wang and Isola's own code,
which holds the distances of all pairs. The limit is what the machine takes to
multiply matrices: products of all pairs at the rate of its best product.
tfcmc computes each pair once, so that "of the rate" is given for the n^2
products that a plain X X^T takes, and for the n (n + 1) / 2 different ones.
Memory is the peak of a process above its input. PyTorch is the extra [bench];
without it only tfcmc is measured.
"""

from benchmarks import machine, measuring
from benchmarks.measuring import Case
from tfcmc.cli import command_line
from tfcmc.foundation.errors import check_number

MODULE = "benchmarks.vectors"
MOST_MEGABYTES, SHARE = 500, 0.5
GIGA = 1e9
PDIST_MEGABYTES = 10_000  # PyTorch's pairs are left out where they take more


def cases(given):
    """Lists the cases.

    Args:
        given: The settings.

    Returns:
        Dict of `(what, count)` to its `Case`; the matrix product's count is
        its side.
    """
    wanted = [("product", given["product"])]
    for count in sorted({given["small"], given["count"]}):
        wanted += [("uniformity", count), ("alignment", count)]
        if measuring.has("torch"):
            wanted.append(("torch_alignment", count))
            if _pdist_megabytes(count) <= PDIST_MEGABYTES:
                wanted.append(("torch_uniformity", count))
    found = {}
    for what, count in wanted:
        dim = count if what == "product" else given["dim"]
        seconds = f"--seconds={given['seconds']}"
        words = (what, count, f"--dim={dim}", seconds)
        found[what, count] = Case(f"{what}, {count:,}", MODULE, words)
    return found


def _pdist_megabytes(count):
    """Two numbers of 4 bytes a pair: the distance, and what becomes of it."""
    return 4 * count * (count - 1) / 1e6


def rate_of(found):
    """Returns the machine's rate of multiplication, in operations a second.

    Args:
        found: Dict of `(what, count)` to what was measured.

    Returns:
        The best of all rounds: a limit is no median.
    """
    ((_, side), rounds) = next(
        item for item in found.items() if item[0][0] == "product"
    )
    return 2 * side**3 / min(measured["seconds"] for measured in rounds)


def shares(found, count, dim):
    """Holds the uniformity of many vectors against the machine's rate.

    Args:
        found: Dict of `(what, count)` to what was measured.
        count: Vectors.
        dim: Numbers a vector.

    Returns:
        `(all, different)`: the share of the rate, counting the products of
        all n^2 pairs, and of the n (n + 1) / 2 different ones.
    """
    seconds = measuring.summary(found["uniformity", count], "seconds")[0]
    done = 2 * dim * count / seconds / rate_of(found)
    return done * count, done * (count + 1) / 2


def show(found, given):
    """Prints the table, and what was wanted.

    Args:
        found: Dict of `(what, count)` to what was measured.
        given: The settings.
    """
    head = ["measurement", "n", "seconds (low to high)", "MB", "value"]
    rows = []
    for (what, count), rounds in found.items():
        if what == "product":
            continue
        seconds = measuring.summary(rounds, "seconds")
        rows.append(
            [
                what.replace("torch_", "PyTorch's "),
                f"{count:,}",
                measuring.spread(seconds, ".3g"),
                f"{measuring.summary(rounds, 'megabytes')[0]:,.0f}",
                f"{rounds[0]['value']:.6f}",
            ]
        )
    print(f"\n{measuring.table(head, rows)}\n")
    side = given["product"]
    print(
        f"matrix product {side:,} x {side:,} x {side:,}: "
        f"{rate_of(found) / GIGA:,.0f} Gflop/s, the limit"
    )
    _show_targets(found, given)


def _show_targets(found, given):
    """Prints whether what was wanted came out."""
    count = given["count"]
    all_pairs, different = shares(found, count, given["dim"])
    name = f"uniformity, {count:,}"
    print(
        measuring.verdict(
            f"{name}: of the rate, products of all pairs", all_pairs, SHARE
        )
    )
    print(
        measuring.verdict(
            f"{name}: of the rate, each pair once", different, SHARE
        )
    )
    print(
        measuring.verdict(
            f"{name}: MB above its input",
            measuring.summary(found["uniformity", count], "megabytes")[0],
            MOST_MEGABYTES,
            at_least=False,
        )
    )


def make_parser():
    """Returns the parser of this command."""
    parser = command_line.make_parser("benchmarks.metrics", __doc__)
    measuring.add_common(parser)
    measuring.add_numbers(
        parser,
        ("count", 100_000, "vectors"),
        ("small", 10_000, "vectors of the comparison with PyTorch"),
        ("dim", 384, "numbers a vector"),
        ("product", 4096, "side of the matrices whose product is the limit"),
    )
    measuring.add_seconds(parser)
    return parser


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = command_line.parse(make_parser(), argv)
    measuring.check_common(given)
    check_number("seconds", given["seconds"], above=0)
    for name in ("count", "small", "dim", "product"):
        check_number(name, given[name], whole=True, at_least=2)
    print(machine.describe(given["threads"]))
    if not measuring.has("torch"):
        print("PyTorch is not installed (the extra [bench]): tfcmc alone.")
    show(measuring.in_turns_by_key(cases(given), given), given)


if __name__ == "__main__":
    command_line.run(main)
