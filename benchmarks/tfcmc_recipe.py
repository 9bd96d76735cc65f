"""The recipe as tfcmc trains it, and its images/s.

    python -m benchmarks.tfcmc_recipe PICTURES.npy

trains on an array [count, side, side, 3] of bytes by the path of
`trainers.pretrain`, without what happens between epochs. With `--from-file`
the pictures are read as those are that do not fit in memory. `--one-batch`
leaves out the reading, `--ready-views` colours and boxes besides.
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
    """Stops a training when the time is up, and counts its images.

    Args:
        model: The model that trains.
        batch_size: Images a step.
        seconds: How long to go on after the warm-up.
        warm_up: Steps that are not counted.
    """

    def __init__(self, model, *, batch_size, seconds, warm_up):
        self.rate = None
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
            self._start = now
        if self._start is None or now - self._start < self._seconds:
            return
        steps = step + 1 - self._warm_up
        self.rate = steps * self._batch_size / (now - self._start)
        self.loss = float(logs["loss"])
        self._model.stop_training = True


def train(pictures, config, *, one_batch, ready_views, seconds, warm_up):
    """Trains and counts.

    Args:
        pictures: Pictures, as in `tfcmc.data.pictures`.
        config: A `PretrainConfig`.
        one_batch: Whether to train on the first batch again and again.
        ready_views: Whether that batch's views are made once, beforehand.
        seconds: How long to go on after the warm-up.
        warm_up: Steps that are not counted.

    Returns:
        A `Clock` that has run.
    """
    plan = make_plan(config)
    architecture = Architecture(plan, pictures.side)
    stream = architecture.stream(pictures)
    if ready_views:
        ready = architecture.views.convert(*stream.batch(0)[:2])
        architecture.views = dataclasses.replace(
            architecture.views, convert=lambda pictures, draws: ready
        )
    model = compiled(
        plan,
        architecture,
        architecture.branches(),
        pictures,
        stream.steps_per_epoch,
    )
    dataset = (
        tf.data.Dataset.from_tensors(stream.batch(0)).repeat()
        if one_batch
        else stream.dataset(0, STEPS)
    )
    clock = Clock(
        model,
        batch_size=config.batch_size,
        seconds=seconds,
        warm_up=warm_up,
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


def main(argv=None):
    """Reads the command line, trains and prints a line of JSON."""
    parser = child.make_parser(__doc__)
    parser.add_argument("pictures")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--warm-up", type=int, default=10)
    parser.add_argument("--shared", action="store_true")
    parser.add_argument("--one-batch", action="store_true")
    parser.add_argument("--ready-views", action="store_true")
    parser.add_argument("--from-file", action="store_true")
    parser.add_argument("--precision", default="float32")
    given = parser.parse_args(argv)
    child.keep_to_cores(given.threads)
    child.set_tensorflow_threads(given.threads)
    config = make_config(
        {
            "batch_size": given.batch_size,
            "geometry": "shared" if given.shared else "independent",
            "precision": given.precision,
        }
    )
    pictures = ArrayPictures(np.load(given.pictures))
    if given.from_file:
        batches = in_batches(pictures, 1024)
        pictures = keep(batches, pictures.side, len(pictures), Room(0))
    clock = train(
        pictures,
        config,
        one_batch=given.one_batch or given.ready_views,
        ready_views=given.ready_views,
        seconds=given.seconds,
        warm_up=given.warm_up,
    )
    child.report(
        images_per_second=clock.rate,
        loss=clock.loss,
        first_step=clock.first - given.started,
    )


if __name__ == "__main__":
    main()
