"""Any image-classification dataset prepared by TensorFlow Datasets."""

import os
import pathlib
import re

import numpy as np

from tfcmc.checks import UsageError, reason_of, shown, unknown
from tfcmc.data.base import (
    DEFAULT_SIDE,
    SOURCES,
    UNLABELLED,
    Source,
    Split,
)
from tfcmc.data.pictures import common_limit, keep
from tfcmc.lazy import LazyModule, tf
from tfcmc.paths import expanded

tfds = LazyModule("tensorflow_datasets", needs_tensorflow=True)

BATCH = 256
# As TensorFlow Datasets names them: DATASET, or DATASET/CONFIG.
NAME = re.compile(r"[\w.+-]+(/[\w.+-]+)*")


def folder_of(data_dir):
    """Returns the folder of prepared datasets: the one given, or TFDS's own.

    Raises:
        UsageError: if it begins with a `~` that is no home folder.
    """
    # As TensorFlow Datasets itself has it.
    given = data_dir or os.environ.get("TFDS_DATA_DIR")
    return pathlib.Path(expanded("data-dir", given or "~/tensorflow_datasets"))


def versions(name, data_dir):
    """Returns the folders of a prepared dataset's versions, oldest first."""
    root = folder_of(data_dir)
    if not NAME.fullmatch(name) or ".." in name.split("/"):
        return []  # a pattern, or another folder
    found = sorted(root.glob(f"{name}/**/dataset_info.json"))
    return [path.parent for path in found]


def check(name, data_dir):
    """Raises a `UsageError` unless the dataset is prepared in the folder."""
    root = folder_of(data_dir)
    if not os.path.isdir(root):
        raise UsageError(
            f"`data-dir` must be a folder of prepared datasets. "
            f"Received: {str(root)!r}, which is not a folder"
        )
    if not versions(name, data_dir):
        known = {
            path.relative_to(root).parts[0]
            for path in root.glob("*/**/dataset_info.json")
        }
        raise unknown(f"prepared dataset in {root}", name, known)


@SOURCES.register(
    "tfds", takes_argument=True, extra={"epochs": 20, "check": check}
)
def prepared(reading, name):
    """Reads a prepared dataset by its name, without a download.

    A split called unlabeled or unlabelled is learnt from; without one, the
    train split without its labels. Probes are fitted on train and judged on
    test, or on validation where there is no test split.

    Args:
        reading: A `Reading`; `data_dir` holds the prepared datasets.
        name: The dataset's name, as `tfds.load` takes it.

    Returns:
        A `Source`.

    Raises:
        UsageError: if it is not prepared there, is no such dataset, or is
            damaged.
    """
    check(name, reading.data_dir)
    folder = versions(name, reading.data_dir)[-1]
    try:
        return _source(reading, name, tfds.builder_from_directory(str(folder)))
    except UsageError:
        raise
    except Exception as error:
        # A damaged folder fails as JSON, protobuf, TFRecord or TensorFlow
        # sees it.
        raise UsageError(
            f"`data` must be a whole dataset as TensorFlow Datasets prepares "
            f"it. Received: {str(folder)!r}\n({reason_of(error)})"
        ) from error


def _source(reading, name, builder):
    features = builder.info.features
    _check_features(name, features)
    side = reading.side or _own_side(features["image"].shape)
    wanted = [
        split
        for split in builder.info.splits
        if split in ("train", "test", "validation", *UNLABELLED)
    ]
    total = sum(builder.info.splits[split].num_examples for split in wanted)
    limit = common_limit(total, side, reading.memory_limit)
    splits = {split: _read(builder, split, side, limit) for split in wanted}
    unlabelled = next((s for s in UNLABELLED if s in splits), None)
    judged = "test" if "test" in splits else "validation"
    if unlabelled is None and "train" not in splits:
        raise UsageError(
            f"`data` must have a split called train or unlabeled. "
            f"Received: {name!r}, with {sorted(builder.info.splits)}"
        )
    return Source(
        pretrain=splits[unlabelled or "train"][0],
        probe_train=_split(splits, "train"),
        test=_split(splits, judged),
        class_names=tuple(features["label"].names),
        unseen=unlabelled is not None,
    )


def _check_features(name, features):
    if not {"image", "label"} <= set(features):
        raise UsageError(
            f"`data` must be an image-classification dataset with the "
            f"features image and label. Received: {name!r}, with "
            f"{sorted(features)}"
        )
    image, label = features["image"], features["label"]
    pictures = (
        isinstance(image, tfds.features.Image)
        and image.np_dtype == np.uint8
        and image.shape[-1] in (1, 3)
    )
    if not pictures or not isinstance(label, tfds.features.ClassLabel):
        raise UsageError(
            f"`data` must have grey or RGB images of uint8, and a class each. "
            f"Received: {name!r}, with {shown(image)} and {shown(label)}"
        )


def _own_side(shape):
    height, width = shape[:2]
    return height if height == width and height else DEFAULT_SIDE


def _split(splits, name):
    if name not in splits:
        return None
    pictures, labels = splits[name]
    return Split(pictures, labels) if np.all(labels >= 0) else None


def _read(builder, split, side, memory_limit):
    """Returns the pictures and the labels of a split."""
    labels = []

    def batches():
        data = builder.as_dataset(split=split, shuffle_files=False)
        data = data.map(
            lambda e: (fit(e["image"], side), e["label"]),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        for image, label in data.batch(BATCH).prefetch(2).as_numpy_iterator():
            labels.append(label)
            yield image

    expected = builder.info.splits[split].num_examples
    pictures = keep(batches(), side, expected, memory_limit)
    labels = np.concatenate(labels).astype(np.int64)
    names = builder.info.features["label"].names
    if labels.max() >= len(names):
        raise UsageError(
            f"`data` must have labels below {len(names)}, the number of its "
            f"classes. Received: {labels.max()} in the split {split} of "
            f"{builder.info.name!r}"
        )
    return pictures, labels


def fit(image, side):
    """Scales a picture's shorter side and cuts the middle square.

    Args:
        image: `[height, width, 1 or 3]`, uint8.
        side: Wanted side in pixels.

    Returns:
        `[side, side, 3]`, uint8.
    """
    if image.shape[-1] == 1:
        image = tf.image.grayscale_to_rgb(image)
    if tuple(image.shape[:2]) == (side, side):
        return image
    size = tf.shape(image)[:2]
    small = tf.reduce_min(size)
    image = tf.image.crop_to_bounding_box(
        image, (size[0] - small) // 2, (size[1] - small) // 2, small, small
    )
    image = tf.image.resize(image, [side, side], "area")
    return tf.cast(tf.round(image), tf.uint8)
