"""Embeddings for TensorBoard's projector, with labels and thumbnails.

Keras's TensorBoard callback offers the projector only the layers of a model.
The plugin itself shows any vectors: it reads `projector_config.pbtxt` in the
folder of a TensorBoard run, which is one that holds an event file, and the
files named in it, relative to it.
"""

import contextlib
import math
import pathlib

import numpy as np

from tfcmc.foundation.atomic import whole, write_whole
from tfcmc.foundation.lazy import LazyModule
from tfcmc.foundation.text import plain_text

Image = LazyModule("PIL.Image")
config_pb2 = LazyModule("tensorboard.plugins.projector.projector_config_pb2")
text_format = LazyModule("google.protobuf.text_format")

CONFIG = "projector_config.pbtxt"  # the name that the plugin looks for
TILE = 48  # side that is enough for a thumbnail
# A table of the plugin has no quotes: what separates its cells is spelt out.
ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"})


def write_projector(
    folder, encoded, names, labels, class_names, pictures, where=None
):
    """Writes what the projector shows of a run: each view, and both.

    The config goes first and comes last, so that it never names files of
    another writing.

    Args:
        folder: The folder of the TensorBoard run.
        encoded: `Encoded` pictures: the embeddings of each view are shown,
            and the features of both.
        names: The name of each view.
        labels: `[count]`, or None.
        class_names: One name a label.
        pictures: The same pictures, as in `tfcmc.data.pictures`.
        where: What names each picture, such as its file; by default its
            number.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).unlink(missing_ok=True)
    vectors = dict(zip(names, encoded.embeddings, strict=True))
    vectors["both"] = encoded.joined()
    sprite, tile = draw_sprite(pictures)
    with whole(folder / "sprite.png") as aside:
        save_sprite(sprite, aside)
    where = range(len(pictures)) if where is None else where
    lines = _metadata(where, labels, class_names)
    write_whole(folder / "metadata.tsv", "\n".join(lines) + "\n")
    config = config_pb2.ProjectorConfig()
    for name, array in vectors.items():
        entry = config.embeddings.add(
            tensor_name=name,
            tensor_path=write_tensor(folder, name, array),
            tensor_shape=array.shape,
            metadata_path="metadata.tsv",
        )
        entry.sprite.image_path = "sprite.png"
        entry.sprite.single_image_dim.extend([tile, tile])
    write_whole(folder / CONFIG, text_format.MessageToString(config))


def draw_sprite(pictures):
    """Draws thumbnails side by side in one image, row by row.

    The grid is square even where its last rows stay empty: TensorBoard's
    shader divides by the columns for the row. It takes 8,192 pixels a side:
    170 tiles a row.

    Args:
        pictures: Pictures, as in `tfcmc.data.pictures`; one or more, and all
            of them fit in memory.

    Returns:
        `(sprite, tile)`: `[side, side, 3]`, uint8, and a tile's side, no
        larger than its picture's.
    """
    count = len(pictures)
    columns, tile = math.ceil(math.sqrt(count)), min(pictures.side, TILE)
    grid = np.zeros([columns * columns, tile, tile, 3], np.uint8)
    grid[:count] = [
        Image.fromarray(each).resize((tile, tile), Image.Resampling.LANCZOS)
        for each in pictures.read(np.arange(count))
    ]
    rows = grid.reshape(columns, columns, tile, tile, 3).swapaxes(1, 2)
    return rows.reshape(columns * tile, columns * tile, 3), tile


def save_sprite(sprite, path):
    """Writes a sprite as PNG."""
    # Stronger compression takes several times as long and saves little.
    Image.fromarray(sprite).save(path, format="png", compress_level=1)


def _metadata(where, labels, class_names):
    """Returns a line a point, beneath a line of titles of two columns."""
    names = [_cell(str(each)) for each in where]
    # The plugin would take a title of one column for a point.
    if labels is None:
        return names
    kinds = [_cell(class_names[label]) for label in labels]
    lines = zip(["class", *kinds], ["picture", *names], strict=True)
    return ["\t".join(line) for line in lines]


def write_tensor(folder: pathlib.Path, name: str, array) -> str:
    """Writes vectors in a form that the plugin reads.

    It takes a file for text unless its first line is no UTF-8, and only then
    for float32 in binary, which is smaller and loads faster. Vectors whose
    bytes happen to be text, such as zeros, are therefore written as such.

    Returns:
        The file's name.
    """
    data = np.ascontiguousarray(array, "<f4").tobytes()
    file = f"{name}.bytes"
    with contextlib.suppress(UnicodeDecodeError):
        data.partition(b"\n")[0].decode("utf-8")
        # Nine digits give every float32 back.
        lines = ("\t".join(f"{n:.9g}" for n in row) for row in array.tolist())
        file, data = f"{name}.tsv", "\n".join([*lines, ""])
    write_whole(folder / file, data)
    return file


def _cell(name):
    # The plugin leaves out lines that are blank, and the rest would slip.
    return plain_text(name).translate(ESCAPES).strip() or "-"
