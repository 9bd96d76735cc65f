"""Training steps and saves in turns, each timed by itself.

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


def in_turns(model, batch, folder, seconds):
    """Trains and saves in turns, in an empty folder, for some seconds.

    Returns:
        `(a step, a save)`: medians, in seconds.
    """
    history = SaveHistory(Run(folder), [])
    save = SaveCheckpoint(
        Checkpoints(folder),
        history,
        identity={},
        steps_per_epoch=STEPS,
        last_step=STEPS,
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


def measure(
    *, negatives, batch_size, pictures, folder, seconds, threads
) -> dict:
    """Measures a training.

    Args:
        negatives: Their spec.
        batch_size: Pictures a step.
        pictures: An epoch, and in the bank.
        folder: On the disk to save to.
        seconds: How long to go on.
        threads: For TensorFlow.

    Returns:
        The seconds of a step and of a save, and a checkpoint's megabytes.
    """
    child.set_tensorflow_threads(threads)
    settings = {"negatives": negatives, "batch_size": batch_size}
    _, model, batch = model_and_batch(settings | {"loss": "nce"}, pictures)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = pathlib.Path(name)
        step, save = in_turns(model, batch, place, seconds)
        (path, *_) = place.glob("step-*.npz")
        size = path.stat().st_size
    return {"step": step, "save": save, "megabytes": size / 1e6}
