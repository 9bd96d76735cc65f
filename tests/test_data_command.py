"""What a data spec is said to hold."""

import types

import numpy as np
import pytest

from tests.dirty.case import noise
from tfcmc.data import tfds
from tfcmc.data.tfds_folders import versions
from tfcmc.experiment import data as experiment
from trainers import data


def test_what_is_there(tmp_path, capsys):
    """Parts, sizes, classes and notes, by hand."""
    y = np.array([0, 0, 1])
    arrays = {
        "x_train": noise(1, 3, 12, 12, 3),
        "y_train": y,
        "x_test": noise(2, 4, 12, 12, 3),
        "y_test": np.array([1, 0, 1, 1]),
        "class_names": np.array(["ant", "bee"]),
    }
    arrays["x_train"][1] = 7
    arrays["x_test"][0] = arrays["x_train"][0]
    np.savez(tmp_path / "a.npz", **arrays)
    data.main([f"npz:{tmp_path / 'a.npz'}"])
    lines = capsys.readouterr().out.splitlines()
    told = [line.split() for line in lines]
    assert told[1][:4] == ["part", "pictures", "size", "of"]
    assert told[2][:6] == ["train", "3", "12x12", "1", "to", "2"]
    assert lines[2].endswith("to learn from, and to fit probes on")
    assert told[3][:6] == ["test", "4", "12x12", "1", "to", "3"]
    assert lines[3].endswith("to test on")
    assert told[5:8] == [
        ["class", "train", "test"], ["ant", "2", "1"], ["bee", "1", "3"]
    ]  # fmt: skip
    notes = " ".join(lines[8:])
    assert "1 of 4 test pictures stands in train too" in notes
    assert "1 of 3 are grey" in notes


def test_packed_is_looked_through_within_the_limit(tmp_path, monkeypatch):
    """What is said of the packed pictures is read as the others were."""
    arrays = {"x_unlabeled": noise(1, 3, 12, 12, 3)}
    np.savez(tmp_path / "a.npz", **arrays)
    read, limits = experiment.look_through, []

    def noted(plan):
        limits.append(plan.config.memory_limit)
        return read(plan)

    monkeypatch.setattr(experiment, "look_through", noted)
    words = [f"--pack={tmp_path / 'packed'}", "--memory-limit=0.125"]
    data.main([f"npz:{tmp_path / 'a.npz'}", *words])
    assert limits == [0.125]


def test_fetched_where_it_is_not(
    tmp_path, prepare_dataset, monkeypatch, capsys, refused
):
    """By TensorFlow Datasets, once; what it cannot fetch is told."""
    splits = {
        "train": (noise(1, 4, 12, 12, 3), [0, 1, 0, 1]),
        "test": (noise(2, 2, 12, 12, 3), [0, 1]),
    }
    asked = []

    def builder(name, data_dir):
        asked.append((name, data_dir))
        if name != "tiny":
            raise ConnectionError("no network\nand more of it")

        def prepare():
            prepare_dataset(tmp_path, "tiny", splits, ("ant", "bee"))

        return types.SimpleNamespace(download_and_prepare=prepare)

    monkeypatch.setattr(tfds.tfds, "builder", builder)
    words = f"--data-dir={tmp_path}", "--picture-side=12"
    for _ in range(2):
        data.main(["tfds:tiny", *words])
        assert "ant" in capsys.readouterr().out
    assert asked == [("tiny", str(tmp_path))]
    assert versions("tiny", tmp_path)
    text = refused(data.main, "tfds:other", *words)
    assert "can fetch. Received: 'other'" in text and "(no network)" in text
    assert "prepared dataset" in refused(data.main, "tfds:../x", *words)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("folder:/nowhere", "an existing folder. Received: '/nowhere'"),
        ("shapes(size=0)", "`size` must be"),
        ("none", "Unknown data: 'none'"),
    ],
)
def test_mistakes(spec, told, refused):
    """Are told as those of `pretrain` are."""
    assert told in refused(data.main, spec)
