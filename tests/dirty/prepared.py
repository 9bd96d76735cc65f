"""Prepared datasets that are damaged, or are none."""

import json

from tests.dirty.case import Case, edited, half, same, source_of

TRAIN = "tiny-train.tfrecord-00000-of-00001"
FEATURES = "features.json"


def _read(folder, spec="tiny"):
    return source_of(f"tfds:{spec}", folder)


def _damaged(file, change, check=None):
    """A file of the dataset with its bytes changed, or without it."""
    make = edited(file, change, "tiny/1.0.0")
    return Case(make, _read, check, needs="prepared")


def _named(spec):
    def act(folder):
        return _read(folder, spec)

    return Case(same, act, needs="prepared")


def _nowhere(data):
    spec = data.replace("DIR", "~nosuchuser/x")
    return f"a home folder of nobody: {spec}", Case(
        same, lambda made: source_of(spec, "~nosuchuser/x")
    )


def _flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]


def _renamed(name):
    """Calls a feature by another name."""

    def change(data):
        found = json.loads(data)
        features = found["featuresDict"]["features"]
        features["name"] = features.pop(name)
        return json.dumps(found).encode()

    return change


def _unlabelled(source):
    assert len(source.pretrain) == 6
    assert source.probe_train is None
    assert source.test is None
    told = [note.partition(":")[0] for note in source.notes]
    assert told == ["the probe is skipped", "splits that are not read"]


PREPARED = {
    **dict(map(_nowhere, ("tfds:tiny", "stl10", "folder:DIR", "npz:DIR"))),
    "a prepared dataset whose dataset_info.json is no JSON":
        _damaged("dataset_info.json", half),
    "a prepared dataset without features.json": _damaged(FEATURES, None),
    "a prepared dataset whose features.json is empty":
        _damaged(FEATURES, b""),
    "a prepared dataset without its train pictures": _damaged(TRAIN, None),
    "a prepared dataset cut short": _damaged(TRAIN, lambda d: d[:-100]),
    "a prepared dataset with a wrong byte": _damaged(TRAIN, _flip),
    "a prepared dataset without a byte": _damaged(TRAIN, b""),
    "a prepared dataset without labels":
        _damaged(FEATURES, _renamed("label"), _unlabelled),
    "a prepared dataset without images":
        _damaged(FEATURES, _renamed("image")),
    "a prepared dataset of images with transparency":
        _damaged(FEATURES, lambda d: d.replace(b'"3"', b'"4"')),
    "a path for a prepared dataset": _named("/etc"),
    "a pattern for a prepared dataset": _named("t*"),
    "two dots for a prepared dataset": _named("../prepared/tiny"),
}  # fmt: skip
