"""How many images a second are trained on, beside a plain PyTorch recipe.

    python -m benchmarks.throughput

The same recipe on both sides: random crops and flips of their own for each
view, CIE Lab, the paper's two encoders, batches of 128, the softmax loss in
both directions, Adam. "End to end" trains on pictures in memory; "compute
only" on the views of one batch again and again, which leaves out reading,
crops and colours. These are a part of tfcmc's training step; "one batch" is
that whole step without the reading.
PyTorch is shown in all its settings and judged by its best. It is the extra
[bench]; without it only tfcmc is measured. The first step is counted from the
start of the process: what one waits for.
"""

import pathlib
import tempfile

import numpy as np

from benchmarks import machine, measuring
from benchmarks.measuring import Case
from tfcmc.cli import command_line
from tfcmc.experiment.config import GEOMETRIES, PRECISIONS, make_config
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import check_number

REFERENCE = ("torch", "skimage")  # what the script imports
OURS, OURS_COMPUTE = "tfcmc", "tfcmc, ready views"
OURS_ONE_BATCH = "tfcmc, one batch, colours and boxes"
OUR_WHOLE = {OURS: (), "tfcmc, pictures in a file": ("--from-file",)}
OUR_COMPUTE = {
    OURS_COMPUTE: ("--ready-views",),
    OURS_ONE_BATCH: ("--one-batch",),
}
END_TO_END, COMPUTE_ONLY, SHARE = 2.5, 1.3, 0.9
RATE, FIRST = "images_per_second", "first_step"
TIMES = "tfcmc / this"


def cases(given, path):
    """Lists the alternatives: the one compared first, then our other one.

    Args:
        given: The settings.
        path: The file of pictures.

    Returns:
        `(end to end, compute only)`: two lists of `Case`.
    """
    words = (
        path,
        f"--batch-size={given['batch_size']}",
        f"--seconds={given['seconds']}",
        *(["--shared"] if given["geometry"] == "shared" else []),
    )
    precision = f"--precision={given['precision']}"
    whole, compute = (
        [
            Case(name, "benchmarks.tfcmc_recipe", (*words, precision, *own))
            for name, own in settings.items()
        ]
        for settings in (OUR_WHOLE, OUR_COMPUTE)
    )
    if not all(map(measuring.has, REFERENCE)):
        return whole, compute
    if given["precision"] == "bfloat16":
        words = (*words, "--bfloat16")
    for setting, switches in torch_settings(given["threads"]):
        whole += [
            Case(
                f"PyTorch, workers={workers}, {setting}",
                "benchmarks.torch_recipe",
                (*words, f"--workers={workers}", *switches),
            )
            for workers in given["workers"]
        ]
        compute.append(
            Case(
                f"PyTorch, one batch, {setting}",
                "benchmarks.torch_recipe",
                (*words, "--one-batch", *switches),
            )
        )
    return whole, compute


def torch_settings(threads):
    """Yields `(name, options)` of every setting that PyTorch is tried in.

    With all threads, and with one: threads that wait for each other take
    cores from the workers that read.

    Args:
        threads: Cores that it has.
    """
    for compute in sorted({1, threads}):
        name = f"{compute} thread" + "s" * (compute > 1)
        options = (f"--compute-threads={compute}",)
        yield name, options
        yield f"{name}, channels_last", (*options, "--channels-last")


def save_pictures(given, path):
    """Writes the pictures to train on, for all alternatives alike.

    Args:
        given: The settings.
        path: Where to, an `.npy` file.
    """
    if "data" in given:
        names = ("data", "data_dir")
        config = make_config({n: given[n] for n in names if n in given})
        pictures = read_source(make_plan(config)).pretrain
        count = min(given["pictures"], len(pictures))
        np.save(path, pictures.read(np.arange(count)))
        return
    shape = (given["pictures"], given["side"], given["side"], 3)
    generator = np.random.default_rng(0)
    np.save(path, generator.integers(0, 256, shape, dtype=np.uint8))


def show(found, parts):
    """Prints the tables of both parts, and what was wanted.

    Args:
        found: What `measuring.in_turns` returned.
        parts: Title of a part to its cases, ours first.
    """
    fastest = {}
    for title, listed in parts.items():
        ours, *others = [case.name for case in listed]
        theirs = [name for name in others if not name.startswith(OURS)]
        rows = []
        for case in listed:
            rate = measuring.summary(found[case.name], RATE)
            times = ""
            if case.name != ours:
                times = measuring.spread(
                    measuring.ratio(found[ours], found[case.name], RATE), ".2f"
                )
            wait = measuring.summary(found[case.name], FIRST)
            rows.append(
                [
                    case.name,
                    measuring.spread(rate, ",.0f"),
                    times,
                    f"{wait[0]:.1f}",
                ]
            )
        head = [title, "images/s (low to high)", TIMES, "first step, s"]
        print(f"\n{measuring.table(head, rows)}")
        fastest[title] = max(
            theirs,
            key=lambda name: measuring.summary(found[name], RATE)[0],
            default=None,
        )
    print()
    _show_targets(found, *fastest.values())


def _show_targets(found, whole, compute):
    """Prints whether what was wanted came out."""
    for name, above, below, target in (
        (f"end to end / {whole}", OURS, whole, END_TO_END),
        (f"ready views / {compute}", OURS_COMPUTE, compute, COMPUTE_ONLY),
        ("end to end / one batch", OURS, OURS_ONE_BATCH, SHARE),
    ):
        if below is not None:
            ratio = measuring.ratio(found[above], found[below], RATE)[0]
            print(measuring.verdict(name, ratio, target))


def make_parser():
    """Returns the parser of this command."""
    parser = command_line.make_parser("benchmarks.throughput", __doc__)
    measuring.add_common(parser)
    command_line.add_data(
        parser, "spec of pictures to train on (default: random ones)"
    )
    measuring.add_numbers(
        parser,
        ("seconds", 8.0, "that each measurement takes, at least"),
        ("pictures", 40_000, "how many, at most"),
        ("side", 64, "of random pictures, in pixels"),
        ("batch-size", 128, "pictures a step"),
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help="of the encoders' arithmetic on both sides (default: "
        f"{PRECISIONS[0]})",
    )
    parser.add_argument(
        "--geometry",
        choices=GEOMETRIES,
        default=GEOMETRIES[0],
        help="whether views are cut apart, or both from one place (default: "
        f"{GEOMETRIES[0]})",
    )
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=[0, 1, 2],
        metavar="INT",
        help="of PyTorch's DataLoader, each tried (default: 0 1 2)",
    )
    return parser


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = command_line.parse(make_parser(), argv)
    measuring.check_common(given)
    check_number("seconds", given["seconds"], above=0)
    check_number("side", given["side"], whole=True, at_least=8)
    check_number("batch-size", given["batch_size"], whole=True, at_least=2)
    check_number(
        "pictures",
        given["pictures"],
        whole=True,
        at_least=given["batch_size"],
    )
    for workers in given["workers"]:
        check_number("workers", workers, whole=True, at_least=0)
    print(machine.describe(given["threads"]))
    if not all(map(measuring.has, REFERENCE)):
        print(
            "PyTorch is not installed, or scikit-image is not (the extra "
            "[bench]): tfcmc alone."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "pictures.npy"
        save_pictures(given, path)
        whole, compute = cases(given, path)
        found = measuring.in_turns(
            [*whole, *compute],
            rounds=given["rounds"],
            threads=given["threads"],
        )
    show(found, {"end to end": whole, "compute only": compute})


if __name__ == "__main__":
    command_line.run(main)
