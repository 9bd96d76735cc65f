"""Datasets of Hugging Face's, as `save_to_disk` leaves them."""

import importlib.metadata

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import all_of, noise, source_of
from tfcmc.data import hf
from tfcmc.foundation.errors import UsageError

datasets = pytest.importorskip("datasets")
NAMES = ("ant", "bee")


def save(folder, parts, *, image="image", **columns):
    """Saves splits, a dict of name to pictures and lists of labels."""
    features = datasets.Features({image: datasets.Image(), **columns})
    found = {
        split: datasets.Dataset.from_dict(
            {image: list(pictures), **labels}, features=features
        )
        for split, (pictures, labels) in parts.items()
    }
    datasets.DatasetDict(found).save_to_disk(str(folder))


@pytest.fixture
def folder(tmp_path):
    """Three splits of pictures with two kinds of classes."""
    classes = datasets.ClassLabel(names=NAMES)
    parts = {
        split: (
            noise(seed, count, 9, 12, 3),
            {"fine": [0, 1] * (count // 2), "coarse": [1] * count},
        )
        for seed, (split, count) in enumerate(
            {"train": 6, "valid": 2, "test": 4}.items()
        )
    }
    save(tmp_path / "saved", parts, image="img", fine=classes, coarse=classes)
    return tmp_path / "saved"


def test_splits_and_columns(folder):
    """The one column of images, and the named one of classes."""
    source = source_of(f"hf:{folder}?label=fine", side=9)
    assert source.class_names == NAMES
    assert source.pretrain is source.probe_train.pictures
    np.testing.assert_array_equal(
        all_of(source.test.pictures), noise(2, 4, 9, 12, 3)[:, :, 1:10]
    )
    assert source.probe_train.labels.tolist() == [0, 1] * 3
    assert source.notes == ("splits that are not read: validation",)
    coarse = source_of(f"hf:{folder}?label=coarse", side=9)
    assert coarse.test.labels.tolist() == [1] * 4


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "?label=fine or ?label=coarse"),
        ("?label=img", "Unknown column of the label: 'img'"),
        ("?label=fine&image=fine", "Unknown column of the image: 'fine'"),
        ("?labels=fine", "Did you mean label?"),
    ],
)
def test_columns_that_are_none(folder, query, told):
    """Each is told with those that there are."""
    with pytest.raises(UsageError) as raised:
        source_of(f"hf:{folder}{query}")
    assert told in str(raised.value)


def test_odd_datasets(tmp_path):
    """Whole numbers are labels, None is none; one split is learnt from."""
    pictures, number = noise(0, 4, 9, 9, 3), datasets.Value("int64")
    labels = {"train": [2, 0, 1, 2], "test": [None] * 4, "dev": [0, 1, 2, 0]}
    parts = {name: (pictures, {"label": y}) for name, y in labels.items()}
    save(tmp_path / "a", parts, label=number)
    source = source_of(f"hf:{tmp_path / 'a'}", side=9)
    assert source.class_names == ("0", "1", "2")
    assert source.test.labels.tolist() == [0, 1, 2, 0]
    # Of two that would have one name, each keeps its own.
    parts["validation"] = (pictures, {"label": [2, 2, 1, 0]})
    save(tmp_path / "c", parts, label=number)
    both = source_of(f"hf:{tmp_path / 'c'}", side=9)
    assert both.test.labels.tolist() == [2, 2, 1, 0]
    assert both.notes[-1] == "splits that are not read: dev, test"
    parts = {"train": ([None, *pictures[1:]], {"label": [0] * 4})}
    save(tmp_path / "d", parts, label=number)
    with pytest.raises(UsageError, match="picture 0': there is no picture"):
        source_of(f"hf:{tmp_path / 'd'}", side=9)
    parts = {"train": (pictures, {"kind": [0, 1, 2, 0]})}
    save(tmp_path / "b", parts, kind=number)
    alone = source_of(f"hf:{tmp_path / 'b' / 'train'}", side=9)
    assert alone.probe_train is None and len(alone.pretrain) == 4
    assert alone.notes[0].endswith("a column of them is named by ?label=kind")
    with pytest.raises(UsageError, match="Known: kind"):
        source_of(f"hf:{tmp_path / 'b'}?label=kinds")


@pytest.mark.parametrize("first", [True, False])
def test_a_split_without_labels(tmp_path, first):
    """It is learnt from, wherever it stands; the others have theirs."""
    pictures, classes = noise(0, 4, 9, 9, 3), datasets.ClassLabel(names=NAMES)
    features = datasets.Features({"image": datasets.Image(), "label": classes})
    labelled = datasets.Dataset.from_dict(
        {"image": list(pictures), "label": [0, 1, 1, 0]}, features=features
    )
    alone = labelled.select(range(3)).remove_columns("label")
    parts = [("train", labelled), ("test", labelled), ("unlabeled", alone)]
    found = dict(parts[::-1] if first else parts)
    datasets.DatasetDict(found).save_to_disk(str(tmp_path / "a"))
    source = source_of(f"hf:{tmp_path / 'a'}")
    assert source.labelled and source.class_names == NAMES
    assert source.unseen and len(source.pretrain) == 3
    # Small squares of one size stay as they are.
    assert source.pretrain.side == 9 and source.notes == ()
    np.testing.assert_array_equal(all_of(source.pretrain), pictures[:3])


def test_nothing_of_theirs_is_run(tmp_path, monkeypatch):
    """A script is refused, and a saved folder's paths are not followed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    (tmp_path / "mine.py").write_text("open('run', 'w')\n")
    with pytest.raises(UsageError, match="scripts are no longer supported"):
        source_of("hf:mine.py")
    assert not (tmp_path / "run").exists()


def test_paths_are_not_followed(folder, tmp_path, monkeypatch):
    """A saved folder may name any file of the machine."""
    secret = tmp_path / "secret.png"
    Image.fromarray(noise(0, 1, 9, 9, 3)[0]).save(secret)
    features = datasets.Features({"image": datasets.Image()})
    rows = datasets.Dataset.from_dict({"image": [str(secret)]}, features)
    monkeypatch.setattr(hf.datasets, "load_from_disk", lambda _: rows)
    with pytest.raises(UsageError, match="train, picture 0"):
        source_of(f"hf:{folder}")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda f: (f / "dataset_dict.json").write_text("{"), "reads"),
        (lambda f: next(f.glob("train/*.arrow")).write_bytes(b"a"), "reads"),
        (lambda f: (f / "dataset_dict.json").unlink(), "save_to_disk wrote"),
    ],
)
def test_damage(folder, damage, told):
    """Is told in two lines, whatever library meets it."""
    damage(folder)
    with pytest.raises(UsageError, match=told) as raised:
        source_of(f"hf:{folder}?label=fine")
    assert len(str(raised.value).splitlines()) <= 2


def test_without_the_library(folder, monkeypatch):
    """The extra is named; what is no folder and no name needs none."""

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(UsageError, match=r"pip install \"tfcmc\[hf\]\""):
        hf.check(str(folder), None)
    with pytest.raises(UsageError, match="hf:NAME, or hf:FOLDER"):
        hf.check("../nowhere/at all", None)


def test_reads(folder):
    """What lies in the folder is not to be written over."""
    inside = folder / "train" / "state.json"
    assert hf.reads(f"{folder}?label=fine", inside)
    assert not hf.reads(str(folder), folder.parent / "out.npz")
    assert not hf.reads("name/of-some", inside)
