"""Loss and gradients of one batch, whole or in pieces.

`benchmarks.microbatch` runs it.
"""

import numpy as np

from benchmarks import child
from benchmarks.step_parts import model_and_batch
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.memory import megabytes_of


def measure(
    *,
    file,
    microbatch,
    batch_size,
    group,
    side,
    encoder,
    precision,
    seconds,
    threads,
) -> dict:
    """Measures one size of pieces.

    Args:
        file: What the gradients are written to, as `.npy`.
        microbatch: Pictures a piece.
        batch_size: Pictures a step.
        group: Pictures that have their batch statistics together.
        side: Of the views, in pixels.
        encoder: Spec of the encoders.
        precision: Of their arithmetic.
        seconds: How long to go on after the first step.
        threads: For TensorFlow.

    Returns:
        The `seconds` of a step, and the `megabytes` that memory rose by.
    """
    child.set_tensorflow_threads(threads)
    settings = {
        "encoder": encoder,
        "batch_norm": f"split(groups={batch_size // group})",
        "batch_size": batch_size,
        "microbatch": microbatch,
        "precision": precision,
        "side": side,
    }
    _, model, batch = model_and_batch(settings, batch_size)
    step = tf.function(lambda: model.differentiate(batch)[1])

    def work():
        gradients = [np.ravel(each) for each in step()]
        np.save(file, np.concatenate(gradients))
        return child.seconds_a_call(step, seconds)

    megabytes, taken = megabytes_of(work)
    return {"seconds": taken, "megabytes": megabytes}
