"""Where the time of one training step goes.

    python -m benchmarks.step

Each part of the step is compiled and run by itself on the same batch: the
colours, the boxes, both encoders forward, and with their gradients, the
whole step's loss and gradients, Adam, and the step. Beside it the rate at
which the encoders compute, and the rate at which this machine multiplies
large matrices, which is the limit. Parts run one after the other in rounds;
the table shows medians.
"""

import math
import statistics
import time

import numpy as np

from benchmarks import child, machine, measuring
from tfcmc.checks import check_number
from tfcmc.config import PRECISIONS, make_config
from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.stream import TrainingStream
from tfcmc.experiment import make_model
from tfcmc.lazy import tf
from tfcmc.plan import make_plan
from tfcmc.stage import Stage
from trainers import command_line

SIDE = 64
PRODUCT = 2048  # side of the matrices whose product is the limit
GIGA = 1e9


def parts_of(precision, batch_size):
    """Makes the parts of a step, to be called.

    Args:
        precision: Of the encoders' arithmetic.
        batch_size: Pictures.

    Returns:
        `(parts, operations)`: name to compiled function, and how many
        operations the encoders take forward and backward.
    """
    config = make_config({"precision": precision, "batch_size": batch_size})
    plan = make_plan(config)
    stage = Stage(plan, SIDE)
    pictures = np.random.default_rng(0).integers(
        0, 256, (batch_size, SIDE, SIDE, 3), np.uint8
    )
    stream = TrainingStream(
        ArrayPictures(pictures),
        stage.crop,
        batch_size=batch_size,
        seed=0,
        geometry=config.geometry,
        flip=config.flip,
    )
    encoders = stage.encoders()
    model = make_model(plan, stage, encoders, batch_size, 100)
    model.checkpoint()  # makes Adam's variables
    batch = [tf.constant(part) for part in stream.batch(0)]
    views = model.views(*batch[:2])

    def forward():
        return [
            encoder(view, training=True)
            for encoder, view in zip(encoders, views, strict=True)
        ]

    def backward():
        with tf.GradientTape() as tape:
            total = sum(
                tf.reduce_sum(tf.cast(output, tf.float32) ** 2)
                for output in forward()
            )
        return tape.gradient(total, model.trainable_variables)

    gradients = backward()

    def adam():
        model.optimizer.apply(gradients, model.trainable_variables)

    parts = {
        "colours": lambda: stage.views.convert(batch[0]),
        "colours and boxes": lambda: model.views(*batch[:2]),
        "encoders, forward": forward,
        "encoders, forward and backward": backward,
        "loss and gradients of the step": lambda: model.differentiate(batch),
        "Adam": adam,
        "the whole step": lambda: model.train_step(batch),
    }
    operations = batch_size * sum(map(operations_of, encoders))
    compiled = {name: tf.function(part) for name, part in parts.items()}
    return compiled, operations


def operations_of(encoder):
    """Counts an encoder's operations for one picture and its gradients.

    A multiplication and an addition for every weight at every place: once
    forward, once for the kernel's gradient and once for the input's, which
    the first layer does not need.

    Args:
        encoder: A `keras.Model` of convolutions.

    Returns:
        Whole number.
    """
    layers = [layer for layer in encoder.layers if layer.weights]
    return sum(
        2
        * math.prod(layer.output.shape[1:-1])
        * math.prod(layer.kernel.shape)
        * (3 if number else 2)
        for number, layer in enumerate(layers)
    )


def in_rounds(parts, seconds):
    """Times the parts in turns.

    Args:
        parts: Name to a compiled function.
        seconds: How long to go on.

    Returns:
        Name to the median of its calls, in seconds.
    """
    for part in parts.values():
        for _ in range(3):
            part()
    taken = {name: [] for name in parts}
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        for name, part in parts.items():
            before = time.perf_counter()
            part()
            taken[name].append(time.perf_counter() - before)
    return {name: statistics.median(times) for name, times in taken.items()}


def show(taken, operations, batch_size):
    """Prints the table, and the rates.

    Args:
        taken: Name to seconds, with "product" among them.
        operations: That the encoders take.
        batch_size: Pictures.
    """
    limit = 2 * PRODUCT**3 / taken.pop("product") / GIGA
    rows = [
        [name, f"{1000 * seconds:.1f}", f"{batch_size / seconds:,.0f}"]
        for name, seconds in taken.items()
    ]
    print(f"\n{measuring.table(['part', 'ms', 'images/s'], rows)}\n")
    rate = operations / taken["encoders, forward and backward"] / GIGA
    print(f"encoders: {operations / GIGA:.2f} Gflop at {rate:,.0f} Gflop/s")
    print(f"product of {PRODUCT:,} x {PRODUCT:,}: {limit:,.0f} Gflop/s")


def make_parser():
    """Returns the parser of this command."""
    parser = command_line.make_parser("benchmarks.step", __doc__)
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help=f"of the encoders' arithmetic (default: {PRECISIONS[0]})",
    )
    for name, kind, value, told in (
        ("seconds", float, 20.0, "that the rounds take, at least"),
        ("batch-size", int, 128, "pictures a step"),
        ("threads", int, measuring.available(), "cores and threads"),
    ):
        parser.add_argument(
            f"--{name}",
            type=kind,
            default=value,
            metavar=kind.__name__.upper(),
            help=f"{told} (default: {value})",
        )
    return parser


def main(argv=None):
    """Reads the command line, measures and prints."""
    given = command_line.parse(make_parser(), argv)
    size = given["batch_size"]
    measuring.check_threads(given)
    check_number("seconds", given["seconds"], above=0)
    check_number("batch-size", size, whole=True, at_least=2)
    print(machine.describe(given["threads"]))
    child.keep_to_cores(given["threads"])
    child.set_tensorflow_threads(given["threads"])
    parts, operations = parts_of(given["precision"], size)
    square = tf.random.stateless_normal([PRODUCT, PRODUCT], [1, 2])
    parts["product"] = tf.function(lambda: tf.matmul(square, square))
    show(in_rounds(parts, given["seconds"]), operations, size)


if __name__ == "__main__":
    command_line.run(main)
