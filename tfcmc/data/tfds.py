"""Any image-classification dataset prepared by TensorFlow Datasets."""

import dataclasses
import itertools
import json

import numpy as np

from tfcmc.data.base import (
    DEFAULT_SIDE,
    MOST_CLASSES,
    SOURCES,
    UNLABELLED,
    make_source,
)
from tfcmc.data.decode import read_parts
from tfcmc.data.images import Encoded
from tfcmc.data.tfds_folders import check, newest
from tfcmc.foundation.errors import UsageError, reason_of, shown
from tfcmc.foundation.lazy import LazyModule

tfds = LazyModule("tensorflow_datasets", needs_tensorflow=True)

BATCH = 256
OWN = "tensorflow_datasets.core.features."
NAMING = ("pythonClassName", "type")  # of now, and of older versions
JUDGED = ("test", "validation")  # the first with labels is judged on
NO_LABELS = "the probe is skipped: it needs labels in train and in test"


@SOURCES.register(
    "tfds", takes_argument=True, extra={"epochs": 20, "check": check}
)
def prepared(reading, name):
    """Reads a prepared dataset by its name, without a download.

    A split called unlabeled or unlabelled is learnt from; without one, the
    train split without its labels. Probes are fitted on train and judged on
    test, or on validation where there is no test split with labels. Pictures
    are decoded and scaled as image files in a folder are.

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
        source = _source(reading, tfds.builder_from_directory(str(folder)))
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


def _source(reading, builder):
    info = builder.info
    _check_features(info)
    there = [name for name, split in info.splits.items() if split.num_examples]
    learnt = next((n for n in (*UNLABELLED, "train") if n in there), None)
    if learnt is None:
        raise UsageError(
            f"`data` must have a split called train or unlabeled. "
            f"Received: {info.name!r}, with {sorted(info.splits)}"
        )
    judged = _judged(builder, there)
    labelled = ("train", judged) if "label" in info.features else ()
    wanted = [n for n in dict.fromkeys([learnt, *labelled]) if n in there]
    found, marks, told = read_parts(
        {name: _encoded(builder, name) for name in wanted},
        {name: info.splits[name].num_examples for name in wanted},
        reading.side or _own_side(info.features["image"].shape),
        reading,
    )
    parts = {"train": "train", "test": judged}
    known = {name: _labels(marks[name], name, info) for name in wanted}
    known = {name: y for name, y in known.items() if y is not None}
    labels = {part: known[n] for part, n in parts.items() if n in known}
    if learnt != "train":
        parts["pretrain"] = learnt
    notes = [*_notes(there, wanted, len(labels) == 2 and judged), *told]
    pictures = {p: found[name] for p, name in parts.items() if name in found}
    return make_source(pictures, labels, _class_names(info, labels), notes)


def _judged(builder, there):
    """Returns the split to judge on: where there is a choice, with labels."""
    found = [name for name in JUDGED if name in there]
    if len(found) > 1 and "label" in builder.info.features:
        found = [name for name in found if _has_labels(builder, name)]
    return found[0] if found else None


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


def _notes(there, wanted, judged):
    """Says what was chosen of a dataset's splits, one line each."""
    if not judged:
        yield NO_LABELS
    elif judged != "test":
        why = "test has no labels" if "test" in there else "there is no test"
        yield f"probes are judged on the split {judged}: {why}"
    if left := sorted(set(there) - set(wanted)):
        yield f"splits that are not read: {', '.join(left)}"


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


def _labels(labels, split, info):
    """Returns labels as an array, or None where pictures have none."""
    labels = np.array(labels, np.int64)
    if labels.min() < 0:
        return None
    names = getattr(info.features["label"], "names", None)
    most = len(names) if names else MOST_CLASSES
    if labels.max() >= most:
        raise UsageError(
            f"`data` must have labels below {most:,}, the number of its "
            f"classes. Received: {labels.max()} in the split {split} of "
            f"{info.name!r}"
        )
    return labels


def _class_names(info, labels):
    """Returns the names of the classes, or their numbers."""
    if not labels:
        return ()
    names = getattr(info.features["label"], "names", None)
    most = max(int(each.max()) for each in labels.values())
    return names or map(str, range(most + 1))
