"""One measurement over many random vectors: time, memory, the number itself.

`uniformity` and `alignment` are tfcmc's; `torch_uniformity` and
`torch_alignment` are Wang and Isola's own lines of PyTorch; `product` is a
product of square matrices in TensorFlow, at the best the machine does.
`benchmarks.metrics` runs it.
"""

import time

import numpy as np

from benchmarks import child
from tfcmc.evaluation import metrics
from tfcmc.foundation.lazy import LazyModule, tf
from tfcmc.foundation.memory import megabytes_of

WARM = 10.0  # seconds after which a call needs no warm-up
torch = LazyModule("torch")


def make_vectors(count, dim, seed):
    """Makes `[count, dim]`, not of unit length and not around zero."""
    vectors = np.random.default_rng(seed).standard_normal(
        (count, dim), np.float32
    )
    vectors += 0.02
    return vectors


def uniformity(count, dim):
    """tfcmc's uniformity, to be called."""
    vectors = make_vectors(count, dim, 0)
    return lambda: metrics.uniformity(vectors)


def alignment(count, dim):
    """tfcmc's alignment, to be called."""
    first, second = (make_vectors(count, dim, seed) for seed in (0, 1))
    return lambda: metrics.alignment(first, second)


def torch_uniformity(count, dim):
    """Returns `uniform_loss` of Wang and Isola 2020, to be called.

    It holds the distance of every pair: 4 bytes each, and as many again for
    what is computed of it.
    """
    vectors = _unit(make_vectors(count, dim, 0))
    return lambda: float(
        torch.pdist(vectors, p=2).pow(2).mul(-2).exp().mean().log()
    )


def torch_alignment(count, dim):
    """Returns `align_loss` of Wang and Isola 2020, to be called."""
    first, second = (_unit(make_vectors(count, dim, s)) for s in (0, 1))
    return lambda: float((first - second).norm(p=2, dim=1).pow(2).mean())


def product(count, dim):
    """Returns a product of `[count, dim]` by `[dim, count]`, to be called."""
    left = tf.constant(make_vectors(count, dim, 0))
    right = tf.constant(make_vectors(dim, count, 1))
    multiply = tf.function(tf.matmul)
    return lambda: float(multiply(left, right)[0, 0])


WHAT = {
    function.__name__: function
    for function in (
        uniformity,
        alignment,
        torch_uniformity,
        torch_alignment,
        product,
    )
}


def measure(*, what, count, dim, seconds, threads) -> dict:
    """Measures one of `WHAT`.

    Args:
        what: Its name.
        count: Vectors.
        dim: Numbers a vector.
        seconds: How long to go on after the warm-up.
        threads: For the library that computes it.

    Returns:
        Its value, the seconds a call and the megabytes of a call above its
        input.
    """
    if what.startswith("torch"):
        torch.set_num_threads(threads)
    else:
        child.set_tensorflow_threads(threads)
    # What loads or compiles at the first call is no part of the memory.
    WHAT[what](2, dim)()
    call = WHAT[what](count, dim)
    start = time.perf_counter()
    megabytes, value = megabytes_of(call)
    taken = time.perf_counter() - start
    # The first call warms up, save where it takes so long that that drowns.
    if taken < max(seconds, WARM):
        taken = child.seconds_a_call(call, seconds)
    return {"value": value, "megabytes": megabytes, "seconds": taken}


def _unit(vectors):
    return torch.nn.functional.normalize(torch.from_numpy(vectors), dim=1)
