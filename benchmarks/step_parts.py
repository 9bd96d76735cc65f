"""The parts of one training step, each timed by itself.

`benchmarks.step` runs it.
"""

import math

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


def parts_of(precision: str, batch_size: int) -> tuple:
    """Makes the parts of a step, to be called.

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


def model_and_batch(settings: dict, examples: int) -> tuple:
    """Makes a model that can train, and random pictures to train it on.

    Args:
        settings: Of the run, name to value.
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
    the first layer does not need. All layers are convolutions.
    """
    layers = [layer for layer in encoder.layers if layer.weights]
    return sum(
        2
        * math.prod(layer.output.shape[1:-1])
        * math.prod(layer.kernel.shape)
        * (3 if number else 2)
        for number, layer in enumerate(layers)
    )


def measure(*, precision, batch_size, seconds, threads) -> dict:
    """Measures the parts of a step.

    Args:
        precision: Of the encoders' arithmetic.
        batch_size: Pictures.
        seconds: How long to go on after the warm-up.
        threads: For TensorFlow.

    Returns:
        The seconds taken by each part and by a product of large matrices, and
        how many operations the encoders and that product take.
    """
    child.set_tensorflow_threads(threads)
    parts, operations = parts_of(precision, batch_size)
    square = tf.random.stateless_normal([PRODUCT, PRODUCT], [1, 2])
    parts["product"] = tf.function(lambda: tf.matmul(square, square))
    for part in [*parts.values()] * 3:
        part()
    return {
        "taken": child.in_rounds(parts, seconds),
        "encoders": operations,
        "product": 2 * PRODUCT**3,
    }
