"""Prepared datasets that are damaged, or are none."""

import json

from tests.dirty.case import ANY, Case, source_of

WHOLE = "`data` must be a whole dataset as TensorFlow Datasets prepares it. "
WHOLE += f"Received: '{ANY}/tiny/1.0.0'\n({ANY})"
NONE = f"Unknown prepared dataset in {ANY}"
TRAIN = "tiny-train.tfrecord-00000-of-00001"


def _damaged(name, file, change, gets=WHOLE):
    """A file of the dataset with its bytes changed, or without it."""

    def make(folder):
        path = folder / "tiny" / "1.0.0" / file
        data = change(path.read_bytes())
        path.unlink()
        if data is not None:
            path.write_bytes(data)
        return folder, "tiny"

    return Case(name, make, gets, _read, needs="prepared")


def _named(name, spec):
    gets = f"{NONE}\nKnown: tiny."
    return Case(name, lambda f: (f, spec), gets, _read, needs="prepared")


def _read(made):
    folder, name = made
    return source_of(f"tfds:{name}", folder)


def _flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]


def _fewer_classes(data):
    """Leaves one class of three, as if the others had been added later."""
    found = json.loads(data)
    label = found["featuresDict"]["features"]["label"]
    label["classLabel"]["numClasses"] = "1"
    return json.dumps(found).encode()


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


def _grey_alpha(data):
    return data.replace(b'"3"', b'"4"')


def _nowhere(data):
    spec = data.replace("DIR", "~nosuchuser/x")
    return Case(
        f"a home folder of nobody: {spec}",
        lambda folder: None,
        f"`{'data' if spec != data else 'data-dir'}` must be a path whose ~ "
        "is a home folder known here (./~ is a file's own name). "
        "Received: '~nosuchuser/x'",
        lambda made: source_of(spec, "~nosuchuser/x"),
    )


PREPARED = [
    *map(_nowhere, ("tfds:tiny", "stl10", "folder:DIR", "npz:DIR")),
    _damaged("a prepared dataset whose dataset_info.json is no JSON",
             "dataset_info.json", lambda d: d[: len(d) // 2]),
    _damaged("a prepared dataset without features.json",
             "features.json", lambda d: None),
    _damaged("a prepared dataset whose features.json is empty",
             "features.json", lambda d: b""),
    _damaged("a prepared dataset without its train pictures",
             TRAIN, lambda d: None),
    _damaged("a prepared dataset cut short", TRAIN, lambda d: d[:-100]),
    _damaged("a prepared dataset with a wrong byte", TRAIN, _flip),
    _damaged("a prepared dataset without a byte", TRAIN, lambda d: b""),
    Case("a prepared dataset without labels",
         _damaged("", "features.json", _renamed("label")).make,
         "the pictures; the probe is skipped", _read, _unlabelled,
         needs="prepared"),
    _damaged("a prepared dataset without images",
             "features.json", _renamed("image"),
             "`data` must be a dataset with the feature image. "
             "Received: 'tiny', with ['label', 'name']"),
    _damaged("a prepared dataset of images with transparency",
             "features.json", _grey_alpha,
             "`data` must have grey or RGB images of uint8, and a whole number"
             f" each for a label. Received: 'tiny', with {ANY}"),
    _named("a path for a prepared dataset", "/etc"),
    _named("a pattern for a prepared dataset", "t*"),
    _named("two dots for a prepared dataset", "../prepared/tiny"),
]  # fmt: skip
