"""Decoding, and a training on what is decoded, as tfcmc does it.

`benchmarks.decoding` runs it in a process of its own.
"""

import concurrent.futures
import io
import pathlib
import time

import numpy as np

from benchmarks import child
from benchmarks.tfcmc_recipe import STEPS, train
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.train import compiled
from tfcmc.foundation.lazy import LazyModule, tf

Image = LazyModule("PIL.Image")
simplejpeg = LazyModule("simplejpeg")

BATCH = 64  # pictures decoded at a time


def measure(
    *,
    folder,
    what,
    seconds,
    threads,
    side=64,
    settings=None,
    one_batch=False,
    warm_up=3,
) -> dict:
    """Measures one of the parts.

    Args:
        folder: With `images` and `records`.
        what: "Pillow", "simplejpeg", "squares", "views" or "training".
        seconds: How long to go on after the warm-up.
        threads: That decode, and TensorFlow's.
        side: Of the squares, or of the views.
        settings: Of the training, name to value.
        one_batch: Whether to train on the first batch again and again.
        warm_up: Steps that are not counted.

    Returns:
        Images a second, and milliseconds of the user's processor time a
        picture, of all threads.
    """
    folder = pathlib.Path(folder)
    if what in ("Pillow", "simplejpeg"):
        return _alone(what, folder / "images", seconds, threads)
    child.set_tensorflow_threads(threads)
    given = {
        "data": f"records:{folder / 'records'}",
        "picture_side": 96,
        "crop_from": "whole",
        "side": side,
        "views": "rgb(augment=moco_v2)",
        **(settings or {}),
    }
    plan = make_plan(make_config(given))
    pictures = read_source(plan).pretrain
    architecture = Architecture(plan, pictures.side)
    stream = architecture.stream(pictures)
    if what == "squares":
        rng = np.random.default_rng(0)
        return _repeated(
            lambda: pictures.read(rng.integers(0, len(pictures), BATCH)),
            seconds,
        )
    if what == "views":
        steps = iter(range(STEPS))
        return _repeated(
            lambda: stream.batch(next(steps)), seconds, plan.config.batch_size
        )
    branches, steps = architecture.branches(), stream.steps_per_epoch
    model = compiled(plan, architecture, branches, pictures, steps)
    dataset = stream.dataset(0, STEPS)
    if one_batch:
        dataset = tf.data.Dataset.from_tensors(stream.batch(0)).repeat()
    clock = train(model, dataset, plan.config.batch_size, seconds, warm_up)
    return {"images_per_second": clock.rate, "milliseconds": clock.cpu}


def _alone(what, images, seconds, threads):
    """Decodes files that are in memory, by a library alone."""
    files = [path.read_bytes() for path in images.rglob("*.jpg")]
    decode = {
        "Pillow": lambda content: Image.open(io.BytesIO(content)).load(),
        "simplejpeg": lambda content: simplejpeg.decode_jpeg(content),
    }[what]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:

        def batch():
            for _ in pool.map(decode, files[:BATCH]):
                pass

        return _repeated(batch, seconds)


def _repeated(batch, seconds, size=BATCH):
    """Calls what decodes a batch, once to warm up, until the time is up."""
    batch()
    start, cpu, count = time.perf_counter(), child.user_seconds(), 0
    while time.perf_counter() - start < seconds:
        batch()
        count += size
    return {
        "images_per_second": count / (time.perf_counter() - start),
        "milliseconds": 1000 * (child.user_seconds() - cpu) / count,
    }
