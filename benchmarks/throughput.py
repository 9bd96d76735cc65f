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
import statistics
import tempfile

import numpy as np

from benchmarks import machine, measuring
from benchmarks.measuring import Case, Option
from benchmarks.step import add_precision
from tfcmc.cli import command_line
from tfcmc.experiment.config import GEOMETRIES, make_config
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import check_number
from tfcmc.foundation.registry import Number

REFERENCE = ("torch", "skimage")  # what the script imports
OURS, OURS_COMPUTE = "tfcmc", "tfcmc, ready views"
OURS_ONE_BATCH = "tfcmc, one batch, colours and boxes"
OUR_WHOLE = {OURS: {}, "tfcmc, pictures in a file": {"from_file": True}}
OUR_COMPUTE = {
    OURS_COMPUTE: {"ready_views": True},
    OURS_ONE_BATCH: {"one_batch": True},
}
END_TO_END, COMPUTE_ONLY, SHARE = 2.5, 1.3, 0.9
RATE, FIRST = "images_per_second", "first_step"
TIMES = "tfcmc / this"


def cases(given: dict, path) -> tuple:
    """Lists the alternatives: the one compared first, then our other one.

    Returns:
        `(end to end, compute only)`: two lists of `Case`.
    """
    common = {"pictures": str(path), "seconds": given["seconds"]}
    names = ("batch_size", "geometry", "precision")
    ours = common | {"settings": {name: given[name] for name in names}}
    whole, compute = (
        [
            Case(name, "benchmarks.tfcmc_recipe", ours | own)
            for name, own in settings.items()
        ]
        for settings in (OUR_WHOLE, OUR_COMPUTE)
    )
    if not all(map(measuring.has, REFERENCE)):
        return whole, compute
    common |= {
        "batch_size": given["batch_size"],
        "bfloat16": given["precision"] == "bfloat16",
        "shared": given["geometry"] == "shared",
    }

    def theirs(name, **own):
        return Case(name, "benchmarks.torch_recipe", common | own)

    for setting, own in torch_settings(given["threads"]):
        for workers in given["workers"]:
            name = f"PyTorch, workers={workers}, {setting}"
            whole.append(theirs(name, workers=workers, **own))
        name = f"PyTorch, one batch, {setting}"
        compute.append(theirs(name, one_batch=True, **own))
    return whole, compute


def torch_settings(threads: int):
    """Yields `(name, settings)` of all that PyTorch is tried in.

    With all threads, and with one: threads that wait for each other take
    cores from the workers that read.
    """
    for compute in sorted({1, threads}):
        name = f"{compute} thread" + "s" * (compute > 1)
        settings = {"compute_threads": compute}
        yield name, settings
        yield f"{name}, channels_last", settings | {"channels_last": True}


def save_pictures(given: dict, path) -> None:
    """Writes the pictures to train on, an .npy file, for all alike."""
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


def show(found: dict, parts: dict) -> None:
    """Prints the tables of both parts, and what was wanted.

    Args:
        found: Name of a case to what was measured, a dict a round.
        parts: Title of a part to its cases, ours first.
    """
    fastest = []
    for title, listed in parts.items():
        ours, *others = [case.name for case in listed]
        rows = []
        for name in (ours, *others):
            times = measuring.ratio(found[ours], found[name], RATE)
            waits = [each[FIRST] - each["started"] for each in found[name]]
            rows.append(
                [
                    name,
                    measuring.spread(
                        measuring.summary(found[name], RATE), ",.0f"
                    ),
                    measuring.spread(times, ".2f") if name != ours else "",
                    f"{statistics.median(waits):.1f}",
                ]
            )
        head = [title, "images/s (low to high)", TIMES, "first step, s"]
        print(f"\n{measuring.table(head, rows)}")
        fastest.append(
            max(
                (name for name in others if not name.startswith(OURS)),
                key=lambda name: measuring.summary(found[name], RATE)[0],
                default=None,
            )
        )
    print()
    _show_targets(found, *fastest)


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


def _add_words(parser):
    command_line.add_data(
        parser, "spec of pictures to train on (default: random ones)"
    )
    add_precision(parser)
    parser.add_argument(
        "--geometry",
        choices=GEOMETRIES,
        default=GEOMETRIES[0],
        help="whether views are cut apart, or both from one place (default: "
        f"{GEOMETRIES[0]})",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.throughput",
        __doc__,
        argv,
        _add_words,
        rounds=measuring.ROUNDS,
        threads=measuring.THREADS,
        seconds=measuring.seconds(8.0, "that each measurement takes"),
        pictures=Option(40_000, "how many, at most"),
        side=Option(
            64, "of random pictures, in pixels", Number(at_least=8, whole=True)
        ),
        batch_size=measuring.BATCH,
        workers=Option(
            (0, 1, 2),
            "of PyTorch's DataLoader, each tried",
            Number(at_least=0, whole=True),
        ),
    )
    check_number("pictures", given["pictures"], at_least=given["batch_size"])
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
            {case.name: case for case in (*whole, *compute)},
            rounds=given["rounds"],
            threads=given["threads"],
        )
    show(found, {"end to end": whole, "compute only": compute})


if __name__ == "__main__":
    command_line.run(main)
