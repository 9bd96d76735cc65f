"""Any image-classification dataset prepared by TensorFlow Datasets."""

import contextlib
import dataclasses
import functools
import hashlib
import itertools
import json
import logging
import os

import numpy as np

from tfcmc.data.base import DEFAULT_SIDE, SOURCES
from tfcmc.data.images import Encoded
from tfcmc.data.kept import recall, remember
from tfcmc.data.overlap import DIGEST
from tfcmc.data.progress import Progress
from tfcmc.data.record_files import Records
from tfcmc.data.splits import Splits, Stored, source_of
from tfcmc.data.streamed import check_whole
from tfcmc.data.tfds_folders import check, folder_of, is_name, newest, versions
from tfcmc.foundation.errors import UsageError, must, reason_of, shown
from tfcmc.foundation.lazy import LazyModule, tf

tfds = LazyModule("tensorflow_datasets", needs_tensorflow=True)

BATCH = 256
KIND = "prepared"
KEPT = {"stamp": np.uint8, "labels": np.int64, "digests": np.uint8}
OWN = "tensorflow_datasets.core.features."
TO_BE_WHOLE = (
    'square, or the dataset prepared with file_format="array_record", or '
    "packed by `tfcmc data --pack`"
)
NAMING = ("pythonClassName", "type")  # of now, and of older versions


def fetch(name, data_dir):
    """Downloads a dataset and prepares it, where it is not there."""
    folder = folder_of(data_dir)
    if not is_name(name) or versions(name, data_dir):
        return
    print(f"tfds:{name} is fetched by TensorFlow Datasets, to {folder}")
    try:
        tfds.builder(name, data_dir=str(folder)).download_and_prepare()
    except Exception as error:
        # Unknown names, the network, checksums, the disk, a library that one
        # dataset needs: each is told in its own way.
        raise UsageError(
            f"`data` must be prepared, or a dataset that TensorFlow Datasets "
            f"can fetch. Received: {name!r}\n({reason_of(error)})"
        ) from error


@SOURCES.register(
    "tfds",
    takes_argument=True,
    extra={
        "epochs": 20,
        "encoded": True,
        "check": check,
        "fetch": fetch,
        "check_whole": check_whole,
        "files": True,
    },
)
def prepared(reading, name):
    """Reads a prepared dataset by its name, without a download.

    What its splits are for, `source_of` says. Pictures are decoded and scaled
    as image files in a folder are. Prepared as ArrayRecord, those that do not
    fit in memory are read where they lie, in any order.

    The name is as `tfds.load` takes it: NAME, NAME/CONFIG, NAME:VERSION or
    NAME/CONFIG:VERSION, in `data_dir`, TFDS_DATA_DIR or
    ~/tensorflow_datasets.

    Raises:
        UsageError: if it is not prepared there, is no such dataset, or is
            damaged.
    """
    folder, notes = newest(name, reading.data_dir)
    try:
        _check_classes(folder)
        with _silent():
            splits = _splits(tfds.builder_from_directory(str(folder)))
            if reading.whole and splits.stored is None:
                if reading.learns:
                    raise must("crop-from", TO_BE_WHOLE, "whole")
                reading = dataclasses.replace(reading, whole=False)
            source = source_of(splits, reading)
    except (UsageError, MemoryError):
        raise
    except Exception as error:
        # A damaged folder fails as JSON, protobuf, TFRecord or TensorFlow
        # sees it.
        raise UsageError(
            f"`data` must be a whole dataset as TensorFlow Datasets prepares "
            f"it. Received: {str(folder)!r}\n({reason_of(error)})"
        ) from error
    return dataclasses.replace(source, notes=(*notes, *source.notes))


@contextlib.contextmanager
def _silent():
    """Keeps off the screen what it says to those who develop it."""
    logger = logging.getLogger("absl")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _check_classes(folder):
    """Refuses features of classes that are not TensorFlow Datasets' own."""
    # It imports whatever module stands there.
    written = json.loads((folder / "features.json").read_text("utf-8"))
    for name in _classes(written):
        if not name.startswith(OWN):
            raise UsageError(
                f"`data` must be a dataset whose features are TensorFlow "
                f"Datasets' own. Received: {shown(name)} in "
                f"{str(folder / 'features.json')!r}"
            )


def _classes(written):
    """Yields the names of classes at any depth of a features.json."""
    if isinstance(written, list):
        for inner in written:
            yield from _classes(inner)
    elif isinstance(written, dict):
        for key, inner in written.items():
            if key in NAMING and isinstance(inner, str):
                yield inner
            yield from _classes(inner)


def _splits(builder):
    """The splits of a dataset that there are pictures in."""
    info = builder.info
    _check_features(info)
    names = getattr(dict(info.features.items()).get("label"), "names", None)
    at_random = info.file_format is tfds.core.FileFormat.ARRAY_RECORD
    read = _in_place if at_random else _in_order
    stored = functools.cache(functools.partial(_stored, builder))

    def has_labels(split):
        if not at_random:
            found = _in_order(builder, split, names=("label",))
            return all(np.all(labels >= 0) for _, labels in found)
        # All of it is read once, and nothing of what has none at the start.
        _, first = next(_in_place(builder, split))
        return np.all(first >= 0) and np.all(stored(split).labels >= 0)

    return Splits(
        name=info.name,
        counts={
            name: split.num_examples
            for name, split in info.splits.items()
            if split.num_examples
        },
        encoded=lambda split: _encoded(split, read(builder, split)),
        labels="label" in info.features,
        has_labels=has_labels,
        class_names=tuple(names or ()),
        side=_own_side(info.features["image"].shape),
        stored=stored if at_random else None,
    )


def _in_order(builder, split, names=("image", "label")):
    """Yields batches of image files, as they are stored, and of labels."""
    # Files are None where they are not among the names, and not read then.
    features = builder.info.features
    encoded = {"image": tfds.decode.SkipDecoding()}
    names = [name for name in names if name in features]
    examples = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(
            {name: features[name] for name in names},
            {name: encoded[name] for name in names if name in encoded},
        ),
    )
    # A batch at a time, since TensorFlow takes longer to hand out a picture
    # than Pillow to decode it.
    for batch in examples.batch(BATCH).prefetch(2).as_numpy_iterator():
        none = np.full(len(batch[names[0]]), -1)
        yield batch.get("image"), batch.get("label", none)


def _in_place(builder, split):
    """Yields likewise what is prepared as ArrayRecord."""
    records = _records(builder, split)
    for start in range(0, len(records), BATCH):
        numbers = range(start, min(start + BATCH, len(records)))
        examples = list(map(_features, records.read(numbers)))
        yield (
            list(map(_image, examples)),
            np.array(list(map(_label, examples))),
        )


def _records(builder, split):
    info = builder.info.splits[split]
    return Records(
        info.filepaths,
        info.shard_lengths,
        image=lambda record: _image(_features(record)),
    )


def _features(record):
    return tf.train.Example.FromString(record).features.feature


def _image(features):
    return features["image"].bytes_list.value[0]


def _label(features):
    """The label of an example; -1 where it has none."""
    values = features["label"].int64_list.value if "label" in features else ()
    return values[0] if values else -1


def _stored(builder, split):
    """Opens a split; all of it is read once, and what it holds kept."""
    info = builder.info.splits[split]
    stamp = hashlib.sha256()
    for path in map(os.fspath, info.filepaths):
        status = os.stat(path)
        stamp.update(f"{path} {status.st_size} {status.st_mtime_ns}".encode())
    stamp = np.frombuffer(stamp.digest(), np.uint8)
    place = os.path.join(builder.data_path, split)
    found = recall(KIND, place, KEPT)
    notes = ()
    if found is None or not np.array_equal(found["stamp"], stamp):
        found = {"stamp": stamp} | _look_at(builder, split)
        remember(KIND, place, found)
        told = f"{len(found['labels']):,} of {split} were read, once"
        notes = (f"{told}: the next start reads none, unless they change",)
    return Stored(
        _records(builder, split),
        found["labels"],
        found["digests"].tobytes(),
        notes,
    )


def _look_at(builder, split):
    """Reads the labels of a split, and what its image files are known by."""
    progress = Progress(
        "pictures looked at", builder.info.splits[split].num_examples
    )
    labels, digests = [], bytearray()
    for images, found in _in_place(builder, split):
        labels.append(found)
        for image in images:
            digests += hashlib.sha256(image).digest()[:DIGEST]
        progress.add(len(images))
    return {
        "labels": np.concatenate(labels).astype(np.int64),
        "digests": np.frombuffer(digests, np.uint8),
    }


def _check_features(info):
    features = info.features
    if "image" not in features:
        raise UsageError(
            f"`data` must be a dataset with the feature image. "
            f"Received: {info.name!r}, with {sorted(features)}"
        )
    image, label = features["image"], dict(features.items()).get("label")
    pictures = (
        isinstance(image, tfds.features.Image)
        and image.np_dtype == np.uint8
        and image.shape[-1] in (1, 3)
    )
    numbers = label is None or (
        label.shape == () and np.dtype(label.np_dtype).kind in "iu"
    )
    if not pictures or not numbers:
        raise UsageError(
            f"`data` must have grey or RGB images of uint8, and a whole number"
            f" each for a label. Received: {info.name!r}, with {shown(image)}"
            f" and {shown(label)}"
        )


def _own_side(shape):
    height, width = shape[:2]
    return height if height == width and height else DEFAULT_SIDE


def _encoded(split, batches):
    """Yields image files, each with its label or -1."""
    number = itertools.count()
    for images, labels in batches:
        for image, label in zip(images, labels, strict=True):
            yield Encoded(f"{split}, picture {next(number)}", image), label
