"""Figures and the table of runs, as TensorBoard's image and HParams plugins
read them.

What is judged again takes the place of what was judged before: each function
writes one event file of a fixed name, where TensorFlow's own writer would
start another beside it and TensorBoard would show both.
"""

import pathlib
import struct
import time

from tfcmc.foundation.atomic import whole
from tfcmc.foundation.lazy import LazyModule, tf
from tfcmc.foundation.text import plain_text

event_pb2 = LazyModule("tensorboard.compat.proto.event_pb2")
summary_pb2 = LazyModule("tensorboard.compat.proto.summary_pb2")
tensor_util = LazyModule("tensorboard.util.tensor_util")
image_metadata = LazyModule("tensorboard.plugins.image.metadata")
scalar_metadata = LazyModule("tensorboard.plugins.scalar.metadata")
hparams_summary = LazyModule("tensorboard.plugins.hparams.summary_v2")

# TensorBoard takes a folder for a run when a file in it is called so.
EVENTS = "events.out.tfevents"
IMAGES = f"{EVENTS}.figures"
PNG = b"\x89PNG\r\n\x1a\n"


def write_images(folder, paths, *, step=0):
    """Writes figures for the Images tab, each under its file's stem.

    The PNG files go in as they are: nothing is decoded.

    Args:
        folder: The folder of the TensorBoard run.
        paths: PNG files.
        step: The epoch they show.
    """
    values = []
    for path in map(pathlib.Path, paths):
        png = path.read_bytes()
        if not png.startswith(PNG) or len(png) < 24:
            continue  # a user's own file, or what is left of one
        # A PNG's first chunk starts with its width and height.
        sides = struct.unpack(">II", png[16:24])
        values.append(
            summary_pb2.Summary.Value(
                tag=plain_text(path.stem),
                metadata=image_metadata.create_summary_metadata(None, None),
                tensor=tensor_util.make_tensor_proto(
                    [*(str(side).encode() for side in sides), png]
                ),
            )
        )
    _write(folder, IMAGES, values, step)


def write_hparams(folder, options, metrics, *, step=0):
    """Writes a run's row of the HParams table.

    The table's columns are those of all rows together, so runs of losses with
    other options stand in one. Its metrics are all scalars of the TensorBoard
    run: the folder should hold no curves.

    Args:
        folder: The folder of the TensorBoard run.
        options: Name to number, word or flag; None is written as a word.
        metrics: Name to number.
        step: The epoch they were measured after.
    """
    options = {name: _told(value) for name, value in options.items()}
    # No name of a trial: the row goes by the run's, and stays apart from a
    # run of the same options.
    row = hparams_summary.hparams_pb(options, trial_id="")
    values = list(row.value)
    for name, value in metrics.items():
        values.append(
            summary_pb2.Summary.Value(
                tag=name,
                metadata=scalar_metadata.create_summary_metadata(None, None),
                tensor=tensor_util.make_tensor_proto(float(value), "float32"),
            )
        )
    _write(folder, f"{EVENTS}.hparams", values, step)


def _told(option):
    """Returns an option as the plugin takes it: a number, a flag or text."""
    if option is None:
        return "none"
    if isinstance(option, bool | int | float):
        return option
    # The data's folder may have a name that is no text.
    return plain_text(str(option))


def _write(folder, name, values, step):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    now = time.time()
    events = [event_pb2.Event(wall_time=now, file_version="brain.Event:2")]
    events += [
        event_pb2.Event(
            wall_time=now,
            step=step,
            summary=summary_pb2.Summary(value=[value]),
        )
        for value in values
    ]
    with (
        whole(folder / name) as aside,
        tf.io.TFRecordWriter(str(aside)) as writer,
    ):
        for event in events:
            writer.write(event.SerializeToString())
