"""The parts of one training step, each timed by itself.

    python -m benchmarks.step_parts

`benchmarks.step` runs it.
"""

import math
import statistics
import time

import numpy as np

from benchmarks import child
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.train import compiled
from tfcmc.foundation.lazy import tf
from tfcmc.views import lab

SIDE = 64
PRODUCT = 2048  # side of the matrices whose product is the limit


def parts_of(precision, batch_size):
    """Makes the parts of a step, to be called.

    Args:
        precision: Of the encoders' arithmetic.
        batch_size: Pictures.

    Returns:
        `(parts, operations)`: name to compiled function, and how many
        operations the encoders take forward and backward.
    """
    settings = {"precision": precision, "batch_size": batch_size}
    convert, model, batch = model_and_batch(settings, batch_size)
    encoders = model.branches
    views = convert(*batch[:2])
    colours = tf.function(lab.convert, jit_compile=True)

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
        return tape.gradient(total, model.learnt)

    gradients = backward()

    def adam():
        model.optimizer.apply(gradients, model.learnt)

    parts = {
        "colours": lambda: colours(batch[0]),
        "colours and boxes": lambda: convert(*batch[:2]),
        "encoders, forward": forward,
        "encoders, forward and backward": backward,
        "loss and gradients of the step": lambda: model.differentiate(batch),
        "Adam": adam,
        "the whole step": lambda: model.train_step(batch),
    }
    operations = batch_size * sum(map(operations_of, encoders))
    return {
        name: tf.function(each) for name, each in parts.items()
    }, operations


def model_and_batch(settings, examples):
    """Makes a model that can train, and random pictures to train it on.

    Args:
        settings: Of the run, setting name to value.
        examples: Number of training pictures.

    Returns:
        `(convert, model, batch)`: `Views.convert`, the model with all
        variables, and the batch as tensors.
    """
    plan = make_plan(make_config(settings))
    architecture = Architecture(plan, SIDE)
    pictures = np.random.default_rng(0).integers(
        0, 256, (plan.config.batch_size, SIDE, SIDE, 3), np.uint8
    )
    stream = architecture.stream(ArrayPictures(pictures))
    branches = architecture.branches()
    model = compiled(plan, architecture, branches, range(examples), 100)
    model.state()  # makes Adam's variables
    batch = [tf.constant(part) for part in stream.batch(0)]
    return architecture.views.convert, model, batch


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


def main(argv=None):
    """Reads the command line, measures and prints a line of JSON."""
    parser = child.make_parser(__doc__)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--batch-size", type=int, default=128)
    given = parser.parse_args(argv)
    child.keep_to_cores(given.threads)
    child.set_tensorflow_threads(given.threads)
    parts, operations = parts_of(given.precision, given.batch_size)
    square = tf.random.stateless_normal([PRODUCT, PRODUCT], [1, 2])
    parts["product"] = tf.function(lambda: tf.matmul(square, square))
    child.report(
        taken=in_rounds(parts, given.seconds),
        encoders=operations,
        product=2 * PRODUCT**3,
    )


if __name__ == "__main__":
    main()
