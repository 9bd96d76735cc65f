"""What tfcmc's training reaches after each epoch, and in how many seconds.

By the path of `trainers.pretrain`. `benchmarks.accuracy` runs it.
"""

import time

import numpy as np

from benchmarks import child
from benchmarks.accuracy import PROBED, probed
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.train import compiled
from tfcmc.foundation.lazy import keras


def measure(*, pictures, train, labels, settings, epochs, threads) -> dict:
    """Trains for some epochs; the clock stands while features are probed.

    Args:
        pictures: Path of a .npy file, to learn from.
        train: Likewise, to fit probes on.
        labels: Likewise, of these.
        settings: Of the run, name to value.
        epochs: How many.
        threads: For TensorFlow.

    Returns:
        `seconds` and accuracies, in percent, at the end of each epoch.
    """
    child.set_tensorflow_threads(threads)
    array, judged = (
        ArrayPictures(np.load(path)) for path in (pictures, train)
    )
    labels = np.load(labels)
    plan = make_plan(make_config({"epochs": epochs} | settings))
    epochs = plan.config.epochs
    architecture = Architecture(plan, array.side)
    stream, branches = architecture.stream(array), architecture.branches()
    steps = stream.steps_per_epoch
    model = compiled(plan, architecture, branches, array, steps)
    reader = architecture.follower(branches)
    found = {"seconds": [], PROBED: []}
    spent, start = 0.0, None

    def begin(step, logs):
        nonlocal start
        # The first step compiles; PyTorch has nothing to.
        start = start or time.perf_counter()

    def end(epoch, logs):
        nonlocal spent, start
        spent += time.perf_counter() - start
        features = reader.encode(judged).joined()
        found["seconds"].append(spent)
        found[PROBED].append(probed(features, labels))
        start = time.perf_counter()

    model.fit(
        stream.dataset(0, epochs * steps),
        epochs=epochs,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(
                on_train_batch_end=begin, on_epoch_end=end
            )
        ],
    )
    return found
