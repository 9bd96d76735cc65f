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
from benchmarks.measuring import Case, Option
from tfcmc.cli import command_line
from tfcmc.foundation.registry import Number

MODULE = "benchmarks.vectors"
MOST_MEGABYTES, SHARE = 500, 0.5
GIGA = 1e9
PDIST_MEGABYTES = 10_000  # PyTorch's pairs are left out where they take more
SEVERAL = Number(at_least=2, whole=True)


def cases(given: dict) -> dict:
    """Lists `(what, count)` to `Case`; of a product the count is the side."""
    wanted = [("product", given["product"])]
    for count in sorted({given["small"], given["count"]}):
        wanted += [("uniformity", count), ("alignment", count)]
        if measuring.has("torch"):
            wanted.append(("torch_alignment", count))
            if _pdist_megabytes(count) <= PDIST_MEGABYTES:
                wanted.append(("torch_uniformity", count))
    found = {}
    for what, count in wanted:
        settings = {
            "what": what,
            "count": count,
            "dim": count if what == "product" else given["dim"],
            "seconds": given["seconds"],
        }
        found[what, count] = Case(f"{what}, {count:,}", MODULE, settings)
    return found


def _pdist_megabytes(count):
    """Two numbers of 4 bytes a pair: the distance, and what becomes of it."""
    return 4 * count * (count - 1) / 1e6


def rate_of(found: dict) -> float:
    """Returns the machine's rate of multiplication, in operations a second.

    The best of all rounds: a limit is no median.
    """
    ((_, side), rounds) = next(
        item for item in found.items() if item[0][0] == "product"
    )
    return 2 * side**3 / min(measured["seconds"] for measured in rounds)


def shares(found: dict, count: int, dim: int) -> tuple:
    """Holds the uniformity of many vectors against the machine's rate.

    Returns:
        `(all, different)`: the share of the rate, counting the products of
        all n^2 pairs, and of the n (n + 1) / 2 different ones.
    """
    seconds = measuring.summary(found["uniformity", count], "seconds")[0]
    done = 2 * dim * count / seconds / rate_of(found)
    return done * count, done * (count + 1) / 2


def show(found: dict, given: dict) -> None:
    """Prints the table of `(what, count)`s, and what was wanted."""
    head = ["measurement", "n", "seconds (low to high)", "MB", "value"]
    rows = [
        [
            what.replace("torch_", "PyTorch's "),
            f"{count:,}",
            measuring.spread(measuring.summary(rounds, "seconds"), ".3g"),
            f"{measuring.summary(rounds, 'megabytes')[0]:,.0f}",
            f"{rounds[0]['value']:.6f}",
        ]
        for (what, count), rounds in found.items()
        if what != "product"
    ]
    print(f"\n{measuring.table(head, rows)}\n")
    side, count = given["product"], given["count"]
    print(
        f"matrix product {side:,} x {side:,} x {side:,}: "
        f"{rate_of(found) / GIGA:,.0f} Gflop/s, the limit"
    )
    all_pairs, different = shares(found, count, given["dim"])
    memory = measuring.summary(found["uniformity", count], "megabytes")[0]
    for told, value, bound, at_least in (
        ("of the rate, products of all pairs", all_pairs, SHARE, True),
        ("of the rate, each pair once", different, SHARE, True),
        ("MB above its input", memory, MOST_MEGABYTES, False),
    ):
        name = f"uniformity, {count:,}: {told}"
        print(measuring.verdict(name, value, bound, at_least=at_least))


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.metrics",
        __doc__,
        argv,
        rounds=measuring.ROUNDS,
        threads=measuring.THREADS,
        count=Option(100_000, "vectors", SEVERAL),
        small=Option(10_000, "vectors beside PyTorch", SEVERAL),
        dim=Option(384, "numbers a vector", SEVERAL),
        product=Option(4096, "side of the matrices multiplied", SEVERAL),
        seconds=measuring.seconds(2.0, "of each measurement when it is warm"),
    )
    print(machine.describe(given["threads"]))
    if not measuring.has("torch"):
        print("PyTorch is not installed (the extra [bench]): tfcmc alone.")
    rounds, threads = given["rounds"], given["threads"]
    show(
        measuring.in_turns(cases(given), rounds=rounds, threads=threads), given
    )


if __name__ == "__main__":
    command_line.run(main)
