"""Methods step by step, and their images/s, beside plain PyTorch.

    python -m benchmarks.methods

trains SimCLR, MoCo for small pictures and BYOL for ten steps, the whole course
of the learning rate, by tfcmc and by a script of plain PyTorch, from the same
weights and on the same views, and prints the loss of every step. With
--seconds it then trains on the ready views of one batch again and again, in
turns with PyTorch in all its settings, which is judged by its best: the extra
[bench].
"""

import pathlib
import tempfile

from benchmarks import machine, measuring
from benchmarks.measuring import Case, Option
from benchmarks.throughput import TIMES, torch_settings
from tfcmc.cli import command_line
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import Number

METHODS = ("simclr", "moco_cifar", "byol")
APART, FASTER = 1e-3, 1.2
RATE = "images_per_second"
# In float32 rounding decides which of the ReLUs at zero pass gradients on, and
# in ten of SimCLR's long steps that moves losses by 0.005.
EXACT = "float64"
QUEUE = 4  # batches, so that it comes round


def settings_of(method: str, given: dict) -> dict:
    """Returns the settings of a small network trained by a preset."""
    batch = given["batch_size"]
    own = {
        # The authors' for pictures of this size.
        "simclr": {
            "views": "rgb(augment=simclr, strength=0.5, blur=0.0)",
            "loss": "nt_xent(temperature=0.5)",
        },
        "moco_cifar": {"negatives": f"queue(size={QUEUE * batch})"},
    }
    return {
        "preset": method,
        "encoder": f"resnet(depth=18, width={given['width']}, stem=cifar)",
        "side": given["side"],
        "batch_size": batch,
        **own.get(method, {}),
    }


def compare(method: str, given: dict, folder) -> tuple:
    """Trains by both, and prints a line a step.

    Returns:
        `(largest relative difference, recipe)`.
    """
    ours = measuring.measure(
        Case(
            f"{method}, tfcmc",
            "benchmarks.tfcmc_methods",
            {
                "folder": str(folder),
                "method": method,
                "settings": settings_of(method, given) | {"precision": EXACT},
                "steps": given["steps"],
            },
        ),
        given["threads"],
    )
    recipe = ours["recipe"]
    theirs = measuring.measure(
        Case(
            f"{method}, PyTorch",
            "benchmarks.torch_methods",
            {"folder": str(folder), "recipe": recipe, "steps": given["steps"]},
        ),
        given["threads"],
    )
    rows, apart = [], []
    pairs = zip(ours["losses"], theirs["losses"], strict=True)
    for step, (one, other) in enumerate(pairs):
        apart.append(abs(one - other) / abs(other))
        rows.append(
            [str(step), f"{one:.6f}", f"{other:.6f}", f"{apart[-1]:.1e}"]
        )
    head = [f"{method}, step", "tfcmc", "PyTorch", "relative"]
    print(f"\n{measuring.table(head, rows)}", flush=True)
    return max(apart), recipe


def speed_cases(method, given, folder, recipe) -> dict:
    """Returns ours and PyTorch's in all its settings, by their names."""
    ours = {
        "pictures": str(folder / "pictures.npy"),
        "settings": settings_of(method, given),
        "seconds": given["seconds"],
        "ready_views": True,
    }
    found = {"tfcmc": Case(method, "benchmarks.tfcmc_recipe", ours)}
    theirs = {
        "folder": str(folder),
        "recipe": recipe | {"precision": "float32"},
        "seconds": given["seconds"],
    }
    for setting, own in torch_settings(given["threads"]):
        found[f"PyTorch, {setting}"] = Case(
            f"{method}, PyTorch, {setting}",
            "benchmarks.torch_methods",
            theirs | own,
        )
    return found


def show_speed(method: str, found: dict) -> tuple:
    """Prints the rates; returns the best of PyTorch, and ours over it."""
    rows = []
    for name, rounds in found.items():
        times = measuring.ratio(found["tfcmc"], rounds, RATE)
        rows.append(
            [
                name,
                measuring.spread(measuring.summary(rounds, RATE), ",.0f"),
                measuring.spread(times, ".2f") if name != "tfcmc" else "",
            ]
        )
    head = [method, "images/s (low to high)", TIMES]
    print(f"\n{measuring.table(head, rows)}", flush=True)
    best = max(
        (name for name in found if name != "tfcmc"),
        key=lambda name: measuring.summary(found[name], RATE)[0],
    )
    return best, measuring.ratio(found["tfcmc"], found[best], RATE)[0]


def _add_words(parser):
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=METHODS,
        help=f"which (default: {' '.join(METHODS)})",
    )


def main(argv=None):
    """Reads the command line, compares and prints."""
    given = measuring.read(
        "benchmarks.methods",
        __doc__,
        argv,
        _add_words,
        rounds=measuring.ROUNDS,
        threads=measuring.THREADS,
        seconds=Option(
            0.0,
            "that each measurement of images/s takes; 0 for none",
            Number(at_least=0),
        ),
        steps=Option(10, "of each training", Number(at_least=1, whole=True)),
        batch_size=Option(64, "pictures a step", Number(at_least=16)),
        side=Option(32, "of the views, in pixels", Number(at_least=16)),
        width=Option(0.25, "of the ResNet-18", Number(above=0, at_most=4)),
    )
    if not measuring.has("torch"):
        raise UsageError("PyTorch is not installed: the extra [bench]")
    print(machine.describe(given["threads"]))
    verdicts = []
    for method in given["methods"]:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            apart, recipe = compare(method, given, folder)
            told = f"{method}: largest relative difference of a loss"
            verdicts.append(
                measuring.verdict(told, apart, APART, at_least=False)
            )
            if not given["seconds"]:
                continue
            found = measuring.in_turns(
                speed_cases(method, given, folder, recipe),
                rounds=given["rounds"],
                threads=given["threads"],
            )
            best, times = show_speed(method, found)
            told = f"{method}: tfcmc / {best}"
            verdicts.append(measuring.verdict(told, times, FASTER))
    print("\n" + "\n".join(verdicts))


if __name__ == "__main__":
    command_line.run(main)
