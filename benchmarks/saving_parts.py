"""Training steps and saves in turns, each timed by itself.

    python -m benchmarks.saving_parts

`benchmarks.saving` runs it.
"""

import pathlib
import statistics
import tempfile
import time

from benchmarks import child
from benchmarks.step_parts import model_and_batch
from tfcmc.foundation.lazy import tf
from tfcmc.runs.folder import Run
from tfcmc.training.checkpoints import Checkpoints
from tfcmc.training.saving import SaveCheckpoint, SaveHistory

STEPS = 20  # between two saves


def measure(model, batch, folder, seconds):
    """Trains and saves in turns.

    Args:
        model: The compiled model.
        batch: What it trains on.
        folder: Path of an empty folder.
        seconds: How long to go on.

    Returns:
        `(a step, a save)`: medians, in seconds.
    """
    history = SaveHistory(Run(folder), [])
    save = SaveCheckpoint(
        Checkpoints(folder),
        history,
        identity={},
        steps_per_epoch=STEPS,
        due=lambda: False,
        told=lambda: None,
    )
    save.set_model(model)
    step = tf.function(model.train_step)
    for _ in range(3):
        step(batch)
    steps, saves = [], []
    start = time.perf_counter()
    while not saves or time.perf_counter() - start < seconds:
        for _ in range(STEPS):
            before = time.perf_counter()
            step(batch)["loss"].numpy()
            steps.append(time.perf_counter() - before)
        before = time.perf_counter()
        save.on_epoch_end(len(saves))
        saves.append(time.perf_counter() - before)
    return statistics.median(steps), statistics.median(saves)


def main(argv=None):
    """Reads the command line, measures and prints a line of JSON."""
    parser = child.make_parser(__doc__)
    parser.add_argument("--negatives", default="batch")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--pictures", type=int, default=40_000)
    parser.add_argument("--folder", default=".")
    given = parser.parse_args(argv)
    child.keep_to_cores(given.threads)
    child.set_tensorflow_threads(given.threads)
    settings = {
        "loss": "nce",
        "negatives": given.negatives,
        "batch_size": given.batch_size,
    }
    _, model, batch = model_and_batch(settings, given.pictures)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = pathlib.Path(name)
        step, save = measure(model, batch, folder, given.seconds)
        (path, *_) = folder.glob("step-*.npz")
        size = path.stat().st_size
    child.report(step=step, save=save, megabytes=size / 1e6)


if __name__ == "__main__":
    main()
