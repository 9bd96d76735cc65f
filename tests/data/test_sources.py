"""What every data source must hold: one tiny dataset, written for each."""

import numpy as np
import pytest
from PIL import Image

from tests.dirty.binaries import unpack
from tests.dirty.case import all_of, by_content, noise, source_of
from tfcmc.data import SOURCES
from tfcmc.data.memory import hold
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import pack
from tfcmc.experiment.recipe import make_plan

SIDE = 96
CLASS_NAMES = ("ant", "bee", "cow")
COUNTS = {"unlabeled": 9, "train": 6, "test": 5}


@pytest.fixture(scope="module")
def parts():
    """Random pictures and labels of each part."""
    return {
        part: (noise(count, count, SIDE, SIDE, 3), np.arange(count) % 3)
        for part, count in COUNTS.items()
    }


def write_npz(folder, parts, prepare_dataset):
    arrays = {f"x_{part}": x for part, (x, _) in parts.items()}
    arrays |= {f"y_{p}": parts[p][1] for p in ("train", "test")}
    np.savez(folder / "a.npz", **arrays, class_names=np.array(CLASS_NAMES))
    return f"npz:{folder / 'a.npz'}", None


def write_folder(folder, parts, prepare_dataset):
    for part, (pictures, labels) in parts.items():
        for number, label in enumerate(labels):
            inner = "" if part == "unlabeled" else CLASS_NAMES[label]
            place = folder / part / inner
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pictures[number]).save(place / f"{number:03d}.png")
    return f"folder:{folder}", None


def write_classes(folder, parts, prepare_dataset):
    for part in ("train", "test"):
        pictures, labels = parts[part]
        for number, label in enumerate(labels):
            place = folder / CLASS_NAMES[label]
            place.mkdir(parents=True, exist_ok=True)
            name = f"{part}-{number}.png"
            Image.fromarray(pictures[number]).save(place / name)
    return f"classes:{folder}", None


def write_tfds(folder, parts, prepare_dataset):
    prepare_dataset(folder, "tiny", parts, CLASS_NAMES, side=SIDE)
    return "tfds:tiny", folder


def hold_arrays(folder, parts, prepare_dataset):
    arrays = {f"x_{part}": x for part, (x, _) in parts.items()}
    arrays |= {f"y_{p}": parts[p][1] for p in ("train", "test")}
    KEPT.append(hold(arrays | {"class_names": np.array(CLASS_NAMES)}))
    return KEPT[-1].spec, None


def write_stl10(folder, parts, prepare_dataset):
    files = {}
    for part, (pictures, labels) in parts.items():
        files[f"{part}_X"] = pictures.transpose(0, 3, 2, 1).tobytes()
        files[f"{part}_y"] = (labels + 1).astype(np.uint8).tobytes()
    del files["unlabeled_y"]
    return "stl10", unpack(folder, **files)


def write_hf(folder, parts, prepare_dataset):
    datasets = pytest.importorskip("datasets")
    names = datasets.ClassLabel(names=list(CLASS_NAMES))
    features = datasets.Features(image=datasets.Image(), label=names)
    found = {}
    for part, (pictures, labels) in parts.items():
        known = [None if part == "unlabeled" else int(y) for y in labels]
        columns = {"image": list(pictures), "label": known}
        found[part] = datasets.Dataset.from_dict(columns, features)
    datasets.DatasetDict(found).save_to_disk(str(folder / "saved"))
    return f"hf:{folder / 'saved'}", None


def pack_records(folder, parts, prepare_dataset):
    spec, _ = write_folder(folder / "before", parts, prepare_dataset)
    pack(make_plan(make_config({"data": spec})), folder / "packed")
    return f"records:{folder / 'packed'}", None


KEPT = []  # what nobody holds is gone
WRITERS = {
    "classes": write_classes,
    "folder": write_folder,
    "hf": write_hf,
    "memory": hold_arrays,
    "npz": write_npz,
    "records": pack_records,
    "shapes": lambda *_: ("shapes(size=100)", None),
    "stl10": write_stl10,
    "tfds": write_tfds,
}


def test_every_source_is_here():
    """A source joins these tests by a writer of tiny data for it."""
    assert sorted(WRITERS) == SOURCES.names()


@pytest.fixture(params=SOURCES.names())
def read(request, parts, tmp_path, prepare_dataset):
    """A function that reads the tiny dataset of a source."""
    spec, data_dir = WRITERS[request.param](tmp_path, parts, prepare_dataset)

    def reader(**settings):
        return source_of(spec, data_dir, **settings)

    reader.name = request.param
    return reader


def test_roles(read, parts):
    """Each part is where it belongs, labels in step with pictures."""
    source = read()
    assert source.unseen or read.name == "classes"
    for split in (source.probe_train, source.test):
        assert len(split.pictures) == len(split.labels)
        assert split.labels.dtype == np.int64
        assert split.labels.min() >= 0
        assert split.labels.max() < len(source.class_names)
    if read.name in ("shapes", "classes"):
        return  # whose parts are their own
    want = by_content(parts["unlabeled"][0])
    assert by_content(all_of(source.pretrain)) == want
    for part, split in (("train", source.probe_train), ("test", source.test)):
        got = by_content(all_of(split.pictures), split.labels)
        assert got == by_content(*parts[part])


def test_reading_again_is_equal(read, monkeypatch, tmp_path):
    """The order too, on which training counts; in memory, or from a file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept, again, streamed = read(), read(), read(memory_limit=0)
    assert not hasattr(streamed.pretrain, "array")
    numbers = np.array([3, 0, 3, 7])
    np.testing.assert_array_equal(
        kept.pretrain.read(numbers), streamed.pretrain.read(numbers)
    )
    for role in ("pretrain", "probe_train", "test"):
        first, *others = (
            all_of(getattr(part, "pictures", part))
            for part in (getattr(x, role) for x in (kept, again, streamed))
        )
        for other in others:
            np.testing.assert_array_equal(first, other)


def test_another_side(read):
    """Pictures are kept at the side that the user asks for."""
    source = read(side=48)
    assert source.pretrain.side == 48
    assert all_of(source.pretrain).shape[1:] == (48, 48, 3)
    assert source.test.pictures.read([0]).shape == (1, 48, 48, 3)
