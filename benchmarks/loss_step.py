"""One loss, forward and backward, over random embeddings: time and memory.

    python -m benchmarks.loss_step softmax blocks 8192

`blocks` is how tfcmc averages a loss, never holding all similarities;
`naive` is the same formula on the whole matrix, as one writes it down.
`benchmarks.losses` runs it.
"""

from benchmarks import child
from tfcmc.foundation.lazy import tf
from tfcmc.losses import LOSSES, Term
from tfcmc.losses.layer import Loss
from tfcmc.losses.vectors import normalise

NAIVE, BLOCKS = "naive", "blocks"


def embeddings(count, dim):
    """Makes two views of random pictures that are somewhat alike.

    Args:
        count: Pictures.
        dim: Numbers a vector.

    Returns:
        Unit vectors, twice `[count, dim]`.
    """
    first = normalise(tf.random.stateless_normal([count, dim], [1, 2]))
    noise = normalise(tf.random.stateless_normal([count, dim], [3, 4]))
    return first, normalise(first + 0.5 * noise)


def make_step(spec, way):
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


def measure(spec, way, count, dim, seconds):
    """Measures a loss.

    Args:
        spec: Of the loss.
        way: `NAIVE` or `BLOCKS`.
        count: Pictures.
        dim: Numbers a vector.
        seconds: How long to go on after the warm-up.

    Returns:
        Dict: the mean loss, the gradients' lengths, the seconds a step and
        the megabytes of a step above its inputs.
    """
    anchor, candidates = embeddings(count, dim)
    step = make_step(spec, way)
    step.get_concrete_function(anchor, candidates)
    megabytes, (mean, *gradients) = child.megabytes_of(
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


def main(argv=None):
    """Reads the command line, measures and prints a line of JSON."""
    parser = child.make_parser(__doc__)
    parser.add_argument("loss")
    parser.add_argument("way", choices=(NAIVE, BLOCKS))
    parser.add_argument("count", type=int)
    parser.add_argument("--dim", type=int, default=128)
    given = parser.parse_args(argv)
    child.keep_to_cores(given.threads)
    child.set_tensorflow_threads(given.threads)
    child.report(
        **measure(given.loss, given.way, given.count, given.dim, given.seconds)
    )


if __name__ == "__main__":
    main()
