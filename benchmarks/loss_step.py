"""One loss, forward and backward, over random embeddings: time and memory.

`blocks` is how tfcmc averages a loss, never holding all similarities;
`naive` is the same formula on the whole matrix, as one writes it down.
`benchmarks.losses` runs it.
"""

from benchmarks import child
from benchmarks.losses import NAIVE
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.memory import megabytes_of
from tfcmc.losses import LOSSES, Term
from tfcmc.losses.layer import Loss
from tfcmc.losses.vectors import normalise


def embeddings(count: int, dim: int):
    """Makes unit vectors, twice `[count, dim]`, that are somewhat alike."""
    first = normalise(tf.random.stateless_normal([count, dim], [1, 2]))
    noise = normalise(tf.random.stateless_normal([count, dim], [3, 4]))
    return first, normalise(first + 0.5 * noise)


def make_step(spec: str, way: str):
    """Makes the compiled step.

    Args:
        spec: Of the loss.
        way: `NAIVE` or `BLOCKS`.

    Returns:
        A function `(anchor, candidates) -> (mean, gradient of the anchor,
        gradient of the candidates)`.
    """
    loss = Loss(LOSSES.lookup(spec))

    @tf.function
    def step(anchor, candidates):
        term = Term(anchor, candidates, tf.range(anchor.shape[0]))
        with tf.GradientTape() as tape:
            tape.watch([anchor, candidates])
            if way == NAIVE:
                mean = tf.reduce_mean(loss(term))
            else:
                mean = loss.mean(term)
        return mean, *tape.gradient(mean, [anchor, candidates])

    return step


def measure(*, loss, way, count, dim, seconds, threads) -> dict:
    """Measures a loss.

    Args:
        loss: Its spec.
        way: `NAIVE` or `BLOCKS`.
        count: Pictures.
        dim: Numbers a vector.
        seconds: How long to go on after the warm-up.
        threads: For TensorFlow.

    Returns:
        The mean loss, the gradients' lengths, the seconds a step and the
        megabytes of a step above its inputs.
    """
    child.set_tensorflow_threads(threads)
    anchor, candidates = embeddings(count, dim)
    step = make_step(loss, way)
    step.get_concrete_function(anchor, candidates)
    megabytes, (mean, *gradients) = megabytes_of(
        lambda: [part.numpy() for part in step(anchor, candidates)]
    )
    return {
        "loss": float(mean),
        "gradients": [float(tf.norm(part)) for part in gradients],
        "megabytes": megabytes,
        "seconds": child.seconds_a_call(
            lambda: step(anchor, candidates)[0].numpy(), seconds
        ),
    }
