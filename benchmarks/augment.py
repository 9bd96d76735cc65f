"""What distorting the views of RGB takes, beside Keras's own layers.

    python -m benchmarks.augment

Images/s of one view under each published row of distortions, from pictures of
the view's side: their draws on the host and the compiled operation. Beside it
Keras's layers of the same names in the same order, as a graph, and with all
after the resizing, which XLA cannot compile, compiled; the faster one counts.
They compute other distortions: docs/augmentations.md tells which.
"""

import functools

import numpy as np

from benchmarks import child, machine, measuring
from benchmarks.measuring import Case, Option
from tfcmc.cli import command_line
from tfcmc.foundation.draws import DISTORTIONS, uniforms
from tfcmc.foundation.lazy import keras, tf
from tfcmc.foundation.registry import Number
from tfcmc.views.augment import DRAWS, ROWS, distort

OURS, LAYERS, COMPILED = "tfcmc", "graph", "XLA"
WAYS = (OURS, LAYERS, COMPILED)
AT_LEAST = 1.0  # times the faster of Keras's


def measure(*, name, view, side, batch_size, seconds, threads) -> dict:
    """Measures one view of one row: each way's thousands of images/s.

    All ways in one process, call by call in turns: what compiling takes would
    otherwise keep them minutes apart.
    """
    child.set_tensorflow_threads(threads)
    row = ROWS[name][view]
    shape = (batch_size, side, side, 3)
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    pictures = tf.constant(pictures)
    calls = {OURS: _ours(row, side)}
    calls |= {way: _layers(row, side, way) for way in (LAYERS, COMPILED)}
    calls = {
        way: functools.partial(call, pictures) for way, call in calls.items()
    }
    for call in [*calls.values()] * 3:
        call()
    taken = child.in_rounds(calls, seconds)
    return {way: batch_size / each / 1000 for way, each in taken.items()}


def _ours(row, side):
    """Draws and distorts."""
    compiled = tf.function(
        lambda pictures, u: distort(pictures, u, row, side), jit_compile=True
    )

    def call(pictures):
        numbers = np.arange(len(pictures))
        u = uniforms(0, DISTORTIONS, 0, numbers, 1, DRAWS)[:, 0]
        return compiled(pictures, tf.constant(u)).numpy()

    return call


def _layers(row, side, way):
    """Calls Keras's layers."""
    placed, coloured = map(keras.Sequential, layers_of(row, side))
    colours = tf.function(
        lambda pictures: coloured(pictures, training=True),
        jit_compile=way == COMPILED,
    )
    graph = tf.function(
        lambda pictures: colours(placed(pictures, training=True))
    )
    return lambda pictures: graph(pictures).numpy()


def layers_of(row, side: int):
    """Makes Keras's layers of the same names, strengths as they take them.

    Returns:
        Two lists: up to the resizing, and after it.
    """
    layers = keras.layers
    cut = max(round(side * ((row.area_low + row.area_high) / 2) ** 0.5), 1)
    placed = [
        layers.Rescaling(1 / 255),
        layers.RandomCrop(cut, cut),
        layers.Resizing(
            side, side, interpolation=row.interpolation, antialias=True
        ),
    ]
    steps = [layers.RandomFlip("horizontal")] if row.flip else []
    range_ = {"value_range": (0.0, 1.0)}
    colours = []
    if row.jitter:
        colours.append(
            layers.RandomColorJitter(
                brightness_factor=row.brightness,
                contrast_factor=(row.contrast, row.contrast),
                saturation_factor=(0.1, 0.9),
                hue_factor=row.hue,
                **range_,
            )
        )
    if row.grey:
        colours.append(layers.RandomGrayscale(row.grey))
    steps += reversed(colours) if row.grey_first else colours
    if row.blur:
        reach = side // 20 if row.kernel == "tenth" else 6
        steps.append(
            layers.RandomGaussianBlur(
                row.blur, 2 * reach + 1, (0.1, 1.0), **range_
            )
        )
    if row.solarise:
        steps.append(layers.Solarization(**range_))
    return placed, steps


def cases(given: dict) -> dict:
    """Lists `(row, view, side)` to `Case`."""
    common = {key: given[key] for key in ("batch_size", "seconds")}
    return {
        (name, view, side): Case(
            f"{name}, view {view + 1}, {side}",
            "benchmarks.augment",
            {"name": name, "view": view, "side": side, **common},
        )
        for name in given["rows"]
        for view in map(ROWS[name].index, dict.fromkeys(ROWS[name]))
        for side in given["sides"]
    }


def show(found: dict) -> None:
    """Prints the table, and what was wanted."""
    rows, least = [], float("inf")
    for (name, view, side), rounds in found.items():
        medians = {way: measuring.summary(rounds, way)[0] for way in WAYS}
        faster = max((LAYERS, COMPILED), key=medians.get)
        ratios = [{"ratio": each[OURS] / each[faster]} for each in rounds]
        times = measuring.summary(ratios, "ratio")
        least = min(least, times[0])
        several = len(dict.fromkeys(ROWS[name])) > 1
        shown = [measuring.summary(rounds, way) for way in (OURS, faster)]
        rows.append(
            [
                f"{name}, {view + 1}" if several else name,
                str(side),
                *(measuring.spread(numbers, ".3g") for numbers in shown),
                faster,
                measuring.spread(times, ".3g"),
            ]
        )
    head = ["1000 images/s", "side", OURS, "Keras's layers", "as", "ratio"]
    print(f"\n{measuring.table(head, rows)}\n")
    print(measuring.verdict("the least ratio", least, AT_LEAST))


def _add_rows(parser):
    names = [name for name in ROWS if name != "none"]
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=names,
        default=names,
        metavar="NAME",
        help=f"which (default: {' '.join(names)})",
    )


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = measuring.read(
        "benchmarks.augment",
        __doc__,
        argv,
        _add_rows,
        rounds=measuring.ROUNDS,
        threads=measuring.THREADS,
        sides=Option(
            (32, 64, 96), "of the views", Number(at_least=8, whole=True)
        ),
        batch_size=measuring.BATCH,
        seconds=measuring.seconds(1.0, "of each measurement when it is warm"),
    )
    print(machine.describe(given["threads"]))
    rounds, threads = given["rounds"], given["threads"]
    show(measuring.in_turns(cases(given), rounds=rounds, threads=threads))


if __name__ == "__main__":
    command_line.run(main)
