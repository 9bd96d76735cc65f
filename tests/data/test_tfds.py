"""Datasets as TensorFlow Datasets prepares them."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import all_of, by_content, noise, source_of
from tfcmc.data.tfds_folders import check, newest, versions
from tfcmc.foundation.errors import UsageError

NAMES = ("ant", "bee", "cow")
THERE = ("tiny/1.9.0", "tiny/1.10.0", "tiny/incomplete.A_2.0.0", "big/1.0.0")
THERE += ("wide/low/1.0.0", "wide/low/2.0.0", "wide/high/1.0.0", "one/a/3.0.0")


def read(folder, spec="tfds:tiny", **settings):
    return source_of(spec, folder, **settings)


def labelled(seed, count):
    """Random pictures with labels that go round."""
    return noise(seed, count, 12, 12, 3), np.arange(count) % 3


@pytest.fixture
def there(tmp_path):
    """A folder of several versions and configs, all of them empty."""
    for place in THERE:
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "dataset_info.json").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("tiny", "1.9.0 1.10.0"),
        ("tiny:1.9.0", "1.9.0"),
        ("tiny:1.*.*", "1.9.0 1.10.0"),
        ("tiny:*.10.*", "1.10.0"),
        ("wide/low", "1.0.0 2.0.0"),
        ("wide/low:1.0.0", "1.0.0"),
        ("one", "3.0.0"),
        ("one:3.0.0", "3.0.0"),
        ("tiny:2.0.0", ""),
        ("tin", ""),
        ("../" * 3, ""),
    ],
)
def test_versions(there, name, found):
    """Ordered as versions, and named as `tfds.load` takes them."""
    folders = versions(name, there)
    assert [folder.name for folder in folders] == found.split()


def test_the_newest_version_is_said(there):
    """Where there is a choice."""
    folder, notes = newest("tiny", there)
    assert folder == there / "tiny" / "1.10.0"
    assert notes == ("version 1.10.0 is read, the newest of 1.9.0, 1.10.0",)
    assert newest("tiny:1.9.0", there) == (there / "tiny" / "1.9.0", ())


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("tinny", "Did you mean tiny.*\nKnown: big, one/a, tiny, wide/high"),
        ("tiny:1.8.0", "Did you mean tiny:1.*\nKnown: tiny:1.10.0, tiny:1.9"),
        ("wide", "one of wide/high, wide/low. Received: 'wide'"),
    ],
)
def test_not_prepared(there, name, match):
    """The error lists what is there, with the nearest name."""
    with pytest.raises(UsageError, match=match):
        check(name, there)


def test_where_nobody_lives(there, monkeypatch, homeless):
    """TFDS's own variable names the folder; without a home one must."""
    with pytest.raises(UsageError, match="`data-dir`.*~/tensorflow_datasets"):
        check("big", None)
    monkeypatch.setenv("TFDS_DATA_DIR", str(there))
    check("big", None)


@pytest.mark.parametrize(
    ("labels", "judged", "notes"),
    [
        # ImageNet's protocol: nobody has the labels of the test part.
        ({"test": -1, "validation": 2}, "validation",
         ["probes are judged on the split validation: test has no labels",
          "splits that are not read: test"]),
        ({"validation": 2}, "validation",
         ["probes are judged on the split validation: there is no test"]),
        ({"validation": 2, "test": 1}, "test",
         ["splits that are not read: validation"]),
        ({"test": 1}, "test", []),
        ({"test": -1}, None,
         ["the probe is skipped: it needs labels in train and in test"]),
    ],
)  # fmt: skip
def test_judged_split(tmp_path, prepare_dataset, labels, judged, notes):
    """Judged on test, or on validation where only that has labels."""
    splits = {"train": labelled(1, 6)}
    for seed, (name, label) in enumerate(labels.items(), 2):
        splits[name] = noise(seed, 4, 12, 12, 3), [label] * 4
    prepare_dataset(tmp_path, "tiny", splits, NAMES)
    source = read(tmp_path, side=12)
    assert list(source.notes) == notes
    assert source.pretrain is source.probe_train.pictures
    assert source.unseen is False
    if judged is None:
        assert source.test is None
        return
    assert source.test.labels.tolist() == [labels[judged]] * 4
    want = by_content(splits[judged][0])
    assert by_content(all_of(source.test.pictures)) == want


def test_numbers_for_labels(tmp_path, prepare_dataset):
    """Labels that are no classes of TFDS's are named by their numbers."""
    splits = {n: labelled(1, 6) for n in ("train", "test")}
    prepare_dataset(tmp_path, "tiny", splits, None)
    source = read(tmp_path)
    assert source.class_names == ("0", "1", "2")
    assert np.bincount(source.test.labels).tolist() == [2, 2, 2]
    splits["train"] = splits["train"][0], [100_000] * 6
    prepare_dataset(tmp_path, "many", splits, None)
    with pytest.raises(UsageError, match="below 100,000.*100000 in the split"):
        read(tmp_path, "tfds:many")


@pytest.mark.parametrize("side", [24, 40, 100])
def test_equal_to_a_folder(tmp_path, prepare_dataset, side):
    """The same files in a folder of images are the same bytes."""
    (tmp_path / "images").mkdir()
    paths = []
    for number, picture in enumerate(noise(5, 6, 40, 57, 3)):
        smooth = Image.fromarray(picture).resize((57, 40), box=(0, 0, 9, 7))
        kind = ("jpg", "png")[number % 2]
        paths.append(tmp_path / "images" / f"{number}.{kind}")
        smooth.save(paths[-1])
    labels = [0] * len(paths)
    prepare_dataset(
        tmp_path, "tiny", {"train": (list(map(str, paths)), labels)}, NAMES
    )
    ours, theirs = (
        by_content(all_of(read(*where, side=side).pretrain))
        for where in ((None, f"folder:{tmp_path / 'images'}"), (tmp_path,))
    )
    assert theirs == ours


def test_photographs(photographs):
    """Real prepared photographs come in their published numbers."""
    source = read(photographs, "tfds:photos10", side=8)
    parts = source.pretrain, source.probe_train.labels, source.test.labels
    assert list(map(len, parts)) == [40_000, 5_000, 8_000]
    np.testing.assert_allclose(np.bincount(parts[2]) / 8_000, 0.1)


@pytest.mark.parametrize("key", ["pythonClassName", "type"])
def test_no_strangers_class_is_imported(
    key, tmp_path, prepare_dataset, monkeypatch
):
    """TFDS would import the module that a prepared dataset names."""
    prepare_dataset(tmp_path, "tiny", {"train": labelled(1, 6)}, NAMES)
    monkeypatch.syspath_prepend(tmp_path)
    marker = tmp_path / "ran"
    code = f"open({str(marker)!r}, 'w')\nclass Image: pass\n"
    (tmp_path / "stranger.py").write_text(code)
    (path,) = tmp_path.glob("tiny/*/features.json")
    written = json.loads(path.read_text())
    features = written["featuresDict"]["features"]["image"]
    features.pop("pythonClassName")
    features[key] = "stranger.Image"
    path.write_text(json.dumps(written))
    with pytest.raises(UsageError, match="own. Received: 'stranger.Image'"):
        read(tmp_path)
    assert not marker.exists()
