"""What a caller in Python gives as pictures, as arrays by their roles."""

import re

import numpy as np

from tfcmc.data.base import DEFAULT_SIDE, UNLABELLED
from tfcmc.data.images import resize
from tfcmc.data.validation import SPLIT_OFF, carve_validation
from tfcmc.foundation.errors import UsageError, must, reason_of, unknown
from tfcmc.foundation.lazy import tf

ROLES = (*UNLABELLED, "train", "test")
FORMS = (
    "a spec, pictures [count, height, width, 3] of uint8, (pictures, labels), "
    "a tf.data.Dataset of either, or a dict with unlabeled, train or test"
)
PACKAGES = "site-packages"  # where nobody's own code lies


def arrays_of(data, *, limit: int, side: int | None = None) -> tuple:
    """Reads what was given as pictures.

    Args:
        data: Pictures `[count, height, width, 3]`; `(pictures, labels)`;
            `((pictures, labels), (pictures, labels))` to train and to test
            on; a `tf.data.Dataset` of pictures or of `(picture, label)`, in
            batches or not; or a dict of these by their roles, "unlabeled",
            "train" and "test", with `class_names`, a name a label, where
            there are any.
        limit: Bytes of a dataset that are read into memory, at most.
        side: In pixels, to which a dataset's pictures are scaled; None for
            their own, or 96 where they differ.

    Returns:
        `(arrays, notes)`: as an .npz file has them, and what the user should
        know.

    Raises:
        UsageError: if it is none of these.
    """
    arrays, notes = {}, []
    for role, (pictures, labels) in _parts(data, limit, side).items():
        if labels is None and role in ("train", "test"):
            raise must("data", "(pictures, labels) in train and test", role)
        if labels is not None and role in UNLABELLED:
            raise must("data", f"pictures alone in {role}", "with labels")
        arrays[f"x_{role}"] = pictures
        if labels is not None:
            arrays[f"y_{role}"] = labels
    if isinstance(data, dict) and "class_names" in data:
        arrays["class_names"] = np.asarray(data["class_names"], dtype=str)
    if "y_train" in arrays and "x_test" not in arrays:
        arrays |= _split(arrays["x_train"], arrays["y_train"])
        notes.append(SPLIT_OFF)
    return arrays, notes


def _parts(data, limit, side):
    """Role to `(pictures, labels)`."""
    if isinstance(data, dict):
        for role in data:
            if role not in (*ROLES, "class_names"):
                raise unknown("role of `data`", role, ROLES)
        return {
            role: _part(part, limit, side)
            for role, part in data.items()
            if role != "class_names"
        }
    if _is_pair(data) and all(map(_is_pair, data)):  # as Keras's datasets
        parts = zip(("train", "test"), data, strict=True)
        return {role: _part(part, limit, side) for role, part in parts}
    pictures, labels = _part(data, limit, side)
    role = UNLABELLED[0] if labels is None else "train"
    return {role: (pictures, labels)}


def _is_pair(data):
    return isinstance(data, tuple | list) and len(data) == 2


def _part(data, limit, side):
    if hasattr(data, "element_spec"):
        return _dataset(data, limit, side)
    if _is_pair(data):
        return tuple(map(_array, data))
    return _array(data), None


def _array(data):
    if isinstance(data, np.ndarray):
        return data
    if not hasattr(data, "__array__") and not isinstance(data, tuple | list):
        raise must("data", FORMS, data)
    try:
        return np.asarray(data)
    except (TypeError, ValueError) as error:
        raise must("data", FORMS, f"{type(data).__name__} ({error})") from None


def _split(pictures, labels):
    """Parts labelled pictures into train and test."""
    count = len(pictures)
    if np.shape(labels) not in ((count,), (count, 1)):
        told = f"(pictures, labels) with a whole number a picture, {count:,}"
        raise must("data", told, f"labels {list(np.shape(labels))}")
    if not count:
        return {}  # what is wrong is told where arrays are checked
    flat = np.reshape(labels, -1)
    train, test = carve_validation(flat, 0)
    if not len(test):
        told = "(pictures, labels) with two of a class at least"
        raise must("data", told, f"{count:,} of {len(np.unique(flat)):,}")
    return {
        "x_train": pictures[train],
        "y_train": flat[train],
        "x_test": pictures[test],
        "y_test": flat[test],
    }


def _elements(dataset):
    """Yields what a dataset holds; what its own code raised is told."""
    try:
        yield from dataset.as_numpy_iterator()
    except tf.errors.OpError as error:
        # Before it a name of TensorFlow's; after its line Python's traceback.
        text = re.sub(r"^\{\{.*?\}\} ", "", str(error))
        places = re.findall(r'File "(.*)", line (\d+)', text)
        own = [":".join(each) for each in places if PACKAGES not in each[0]]
        where = f" ({own[-1]})" if own else ""
        raise must(
            "data",
            "a tf.data.Dataset that can be read",
            f"one that raised {reason_of(text)}{where}",
        ) from None


def _dataset(dataset, limit, side):
    """Reads a `tf.data.Dataset` into memory."""
    spec = dataset.element_spec
    labelled = isinstance(spec, tuple) and len(spec) == 2
    shape = getattr(spec[0] if labelled else spec, "shape", None)
    if shape is None or shape.rank not in (None, 3, 4):
        told = "a tf.data.Dataset of pictures or of (picture, label)"
        raise must("data", told, spec)
    if int(dataset.cardinality()) == -1:
        raise must("data", "a tf.data.Dataset that ends", "one without end")
    pictures, labels, size = [], [], 0
    for element in _elements(dataset):
        picture, label = element if labelled else (element, 0)
        if picture.ndim == 3:
            picture, label = picture[None], np.reshape(label, [1, -1])
        if picture.dtype != np.uint8 or picture.shape[3:] != (3,):
            found = f"{list(picture.shape[1:])} of {picture.dtype}"
            told = "a tf.data.Dataset of pictures [height, width, 3] of uint8"
            raise must("data", told, found)
        pictures.append(picture if side is None else resize(picture, side))
        labels.append(np.reshape(label, [len(np.atleast_1d(label)), -1]))
        size += pictures[-1].nbytes
        if size > limit:
            raise UsageError(
                f"`data` must be a tf.data.Dataset that fits in memory, "
                f"{limit / 2**30:.3g} GiB with this --memory-limit. Received: "
                f"more, in {sum(map(len, pictures)):,} pictures"
            )
    if not pictures:
        raise must("data", "a tf.data.Dataset of pictures", "none")
    if len({each.shape[1:] for each in pictures}) > 1:
        pictures = [resize(each, DEFAULT_SIDE) for each in pictures]
    labels = np.concatenate(labels) if labelled else None
    return np.concatenate(pictures), labels
