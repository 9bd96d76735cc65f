"""The recipe as tfcmc trains it, and its images/s.

On an array [count, side, side, 3] of bytes, by the path of
`trainers.pretrain`, without what happens between epochs.
`benchmarks.throughput` runs it.
"""

import dataclasses
import time

import numpy as np

from benchmarks import child
from tfcmc.data.pictures import ArrayPictures, in_batches, keep
from tfcmc.data.room import Room
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.train import compiled
from tfcmc.foundation.lazy import keras, tf

STEPS = 1_000_000  # more than any measurement takes


class Clock:
    """Stops a training when the time is up, and counts its images."""

    def __init__(self, model, *, batch_size, seconds, warm_up):
        self.rate = None
        self.cpu = None  # milliseconds of the user's, a picture
        self.loss = None
        self.first = None
        self._model = model
        self._batch_size = batch_size
        self._seconds = seconds
        self._warm_up = warm_up
        self._start = None

    def after_step(self, step, logs):
        """What Keras calls after every step, counted from 0."""
        now = time.perf_counter()
        if self.first is None:
            self.first = time.time()
        if step + 1 == self._warm_up:
            self._start, self._user = now, child.user_seconds()
        if self._start is None or now - self._start < self._seconds:
            return
        steps = step + 1 - self._warm_up
        count = steps * self._batch_size
        self.rate = count / (now - self._start)
        self.cpu = 1000 * (child.user_seconds() - self._user) / count
        self.loss = float(logs["loss"])
        self._model.stop_training = True


def train(model, dataset, batch_size, seconds, warm_up) -> Clock:
    """Trains until the time after the warm-up is over."""
    clock = Clock(
        model, batch_size=batch_size, seconds=seconds, warm_up=warm_up
    )
    model.fit(
        dataset,
        steps_per_epoch=STEPS,
        shuffle=False,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(on_train_batch_end=clock.after_step)
        ],
    )
    return clock


def measure(
    *,
    pictures,
    settings,
    seconds,
    threads,
    from_file=False,
    one_batch=False,
    ready_views=False,
    warm_up=10,
) -> dict:
    """Trains and counts.

    Args:
        pictures: Path of a .npy file.
        settings: Of the run, name to value.
        seconds: How long to go on after the warm-up.
        threads: For TensorFlow.
        from_file: Whether pictures are read as those are that do not fit in
            memory.
        one_batch: Whether to train on the first batch again and again, and
            leave out the reading.
        ready_views: Whether that batch's views are made once, beforehand, so
            that colours and boxes are left out besides.
        warm_up: Steps that are not counted.

    Returns:
        Images a second, the last loss, and when the first step was done, in
        seconds since 1970.
    """
    child.set_tensorflow_threads(threads)
    array = ArrayPictures(np.load(pictures))
    if from_file:
        batches = in_batches(array, 1024)
        array = keep(batches, array.side, len(array), Room(0))
    plan = make_plan(make_config(settings))
    architecture = Architecture(plan, array.side)
    stream = architecture.stream(array)
    if ready_views:
        ready = architecture.trained.convert(*stream.batch(0)[:2])
        architecture.trained = dataclasses.replace(
            architecture.trained, convert=lambda pictures, draws: ready
        )
    branches, steps = architecture.branches(), stream.steps_per_epoch
    model = compiled(plan, architecture, branches, array, steps)
    dataset = (
        tf.data.Dataset.from_tensors(stream.batch(0)).repeat()
        if one_batch or ready_views
        else stream.dataset(0, STEPS)
    )
    clock = train(model, dataset, plan.config.batch_size, seconds, warm_up)
    return {
        "images_per_second": clock.rate,
        "loss": clock.loss,
        "first_step": clock.first,
    }
