"""The embed command."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tfcmc.data.images import read
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import stored_plan
from trainers import embed


@pytest.fixture
def album(tmp_path, rng):
    """A folder of 300 pictures of several sizes, in folders of any name."""
    root = tmp_path / "album"
    for number in range(300):
        place = root / ["", "test/cat", "train/cat", "a/b c"][number % 4]
        place.mkdir(parents=True, exist_ok=True)
        sides = (40 + number % 7, 60 + number % 5, 3)
        pixels = rng.integers(0, 256, sides, np.uint8)
        Image.fromarray(pixels).save(place / f"{number:03}.png")
    return root


def features_of(run_folder, pictures):
    """What the run's encoders make of pictures, by another way."""
    architecture, branches = open_trained(*stored_plan(run_folder))
    return architecture.reader(branches).encode(pictures)


def test_a_folder(trained, album, tmp_path, capsys):
    """Every picture beneath it, by name, at the side of the run's pictures."""
    out = tmp_path / "out.npz"
    embed.main(
        [str(trained[0]), f"--data=folder:{album}", f"--out={out}"]
        + ["--embeddings"]
    )
    found = np.load(out)
    names = sorted(str(p.relative_to(album)) for p in album.rglob("*.png"))
    assert sorted(found["name"]) == names
    assert set(found) == {"name", "features", "embeddings_L", "embeddings_ab"}
    pictures = np.stack([read(album / name, 64) for name in found["name"]])
    want = features_of(trained[0], ArrayPictures(pictures))
    np.testing.assert_allclose(found["features"], want.joined(), atol=1e-5)
    for name, array in zip(("L", "ab"), want.embeddings, strict=True):
        np.testing.assert_allclose(
            found[f"embeddings_{name}"], array, atol=1e-5
        )
    assert "300 pictures, read at 64x64" in capsys.readouterr().out


def test_the_runs_own_data(trained, tmp_path):
    """All parts, with their classes; no picture twice."""
    out = tmp_path / "out.npz"
    embed.main([str(trained[0]), f"--out={out}"])
    found = np.load(out)
    source = read_source(stored_plan(trained[0])[0])
    assert len(found["features"]) == 480
    for part, split in (("train", source.probe_train), ("test", source.test)):
        rows = np.flatnonzero(found["part"] == part)
        assert found["number"][rows].tolist() == list(range(160))
        want = [source.class_names[label] for label in split.labels]
        assert found["class"][rows].tolist() == want
        features = features_of(trained[0], split.pictures).joined()
        np.testing.assert_allclose(
            found["features"][rows], features, atol=1e-5
        )
    assert set(found["class"][found["part"] == "pretrain"]) == {""}


def test_train_part_that_is_learnt_from(trained, tmp_path, rng):
    """Where train is what is learnt from, it comes once."""
    arrays = tmp_path / "in.npz"
    np.savez(
        arrays,
        x_train=rng.integers(0, 256, (6, 50, 50, 3), np.uint8),
        y_train=np.arange(6) % 2,
        x_test=rng.integers(0, 256, (4, 50, 50, 3), np.uint8),
        y_test=np.arange(4) % 2,
    )
    out = tmp_path / "out.csv"
    embed.main([str(trained[0]), f"--data=npz:{arrays}", f"--out={out}"])
    rows = [line.split(",")[:3] for line in out.read_text().splitlines()]
    assert rows[:3] == [
        ["part", "number", "class"], ["train", "0", "0"], ["train", "1", "1"]
    ]  # fmt: skip
    assert len(rows) == 11


def test_bad_images(trained, album, tmp_path, capsys, refused):
    """One stops the work and leaves no file, or is left out and counted."""
    (album / "a" / "broken.png").write_bytes(b"\x89PNG but no more")
    out = tmp_path / "out.npz"
    words = [str(trained[0]), f"--data=folder:{album}", f"--out={out}"]
    skip = "--on-bad-image=skip"
    assert "broken.png" in refused(embed.main, *words)
    assert [p.name for p in tmp_path.iterdir()] == ["album"]
    embed.main([*words, skip])
    assert "1 image could not be read" in capsys.readouterr().out
    found = np.load(out)
    assert len(found["name"]) == len(found["features"]) == 300
    for path in album.rglob("*.png"):
        path.write_bytes(b"")
    out.unlink()
    text = refused(embed.main, *words, skip)
    assert "images that can be read" in text
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out=out.txt"], "ending in"),
        ([], "--out"),
        (["--out=out.npz", "--data=folder:/nowhere"], "/nowhere"),
        (["--out=out.npz", "--on-bad-image=ignore"], "'stop', 'skip'"),
        (["--out=out.npz", "--data=folder:."], "a folder with images"),
    ],
)
def test_mistakes(words, told, trained, tmp_path, monkeypatch, refused):
    """All are told before any picture is read."""
    monkeypatch.chdir(tmp_path)
    assert told in refused(embed.main, trained[0], *words)
    assert not list(tmp_path.iterdir())


def test_data_that_are_gone(trained, album, tmp_path):
    """Other pictures are embedded by a run whose own are not there."""
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    config = json.loads((run / "config.json").read_text())
    config["data"] = "npz:/nowhere.npz"
    (run / "config.json").write_text(json.dumps(config))
    out = tmp_path / "out.npz"
    embed.main([str(run), f"--data=folder:{album}", f"--out={out}"])
    assert len(np.load(out)["features"]) == 300
