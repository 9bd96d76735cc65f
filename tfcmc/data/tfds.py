"""Any image-classification dataset prepared by TensorFlow Datasets."""

import contextlib
import dataclasses
import functools
import itertools
import json
import logging

import numpy as np

from tfcmc.data.base import DEFAULT_SIDE, SOURCES
from tfcmc.data.images import Encoded
from tfcmc.data.splits import Splits, source_of
from tfcmc.data.tfds_folders import check, folder_of, is_name, newest, versions
from tfcmc.foundation.errors import UsageError, reason_of, shown
from tfcmc.foundation.lazy import LazyModule

tfds = LazyModule("tensorflow_datasets", needs_tensorflow=True)

BATCH = 256
OWN = "tensorflow_datasets.core.features."
NAMING = ("pythonClassName", "type")  # of now, and of older versions


def fetch(name, data_dir):
    """Downloads a dataset and prepares it, where it is not there.

    Raises:
        UsageError: if TensorFlow Datasets cannot.
    """
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
    extra={"epochs": 20, "encoded": True, "check": check, "fetch": fetch},
)
def prepared(reading, name):
    """Reads a prepared dataset by its name, without a download.

    What its splits are for, `source_of` says. Pictures are decoded and scaled
    as image files in a folder are.

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
            builder = tfds.builder_from_directory(str(folder))
            source = source_of(_splits(builder), reading)
    except UsageError:
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
    """Refuses features of classes that are not TensorFlow Datasets' own.

    It imports whatever module stands there.
    """
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
    return Splits(
        name=info.name,
        counts={
            name: split.num_examples
            for name, split in info.splits.items()
            if split.num_examples
        },
        encoded=functools.partial(_encoded, builder),
        labels="label" in info.features,
        has_labels=functools.partial(_has_labels, builder),
        class_names=tuple(names or ()),
        side=_own_side(info.features["image"].shape),
    )


def _has_labels(builder, split):
    """Says whether no label of a split is -1; no picture is decoded."""
    batches = _examples(builder, split, ["label"])
    return all(np.all(batch["label"] >= 0) for batch in batches)


def _examples(builder, split, names):
    """Returns batches of features; pictures are left encoded."""
    features = builder.info.features
    encoded = {"image": tfds.decode.SkipDecoding()}
    examples = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(
            {name: features[name] for name in names},
            {name: encoded[name] for name in names if name in encoded},
        ),
    )
    return examples.batch(BATCH).prefetch(2).as_numpy_iterator()


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


def _encoded(builder, split):
    """Yields pictures as they are stored, each with its label or -1."""
    names = [n for n in ("image", "label") if n in builder.info.features]
    number = itertools.count()
    # A batch at a time, since TensorFlow takes longer to hand out a picture
    # than Pillow to decode it.
    for batch in _examples(builder, split, names):
        images = batch["image"]
        labels = batch.get("label", itertools.repeat(-1, len(images)))
        for image, label in zip(images, labels, strict=True):
            yield Encoded(f"{split}, picture {next(number)}", image), label
