"""The embed command."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from tfcmc.experiment.stage import Stage, load_encoders, read_source

from tfcmc.cli import command_line
from tfcmc.data.images import read
from tfcmc.data.pictures import ArrayPictures
from tfcmc.evaluation.features import encode
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
    plan, run = stored_plan(run_folder)
    stage = Stage(plan, pictures.side)
    return encode(stage.reader(load_encoders(plan, run)), pictures)


def refused(capsys, *words):
    """What the user is told; nothing else is printed to stderr."""
    with pytest.raises(SystemExit) as left:
        command_line.run(lambda: embed.main([str(word) for word in words]))
    assert left.value.code == 2
    text = capsys.readouterr().err.strip()
    assert len(text.splitlines()) <= 2
    return text


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
    np.testing.assert_allclose(found["features"], want.both(), atol=1e-5)
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
        features = features_of(trained[0], split.pictures).both()
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


def test_bad_images(trained, album, tmp_path, capsys):
    """One stops the work and leaves no file, or is left out and counted."""
    (album / "a" / "broken.png").write_bytes(b"\x89PNG but no more")
    out = tmp_path / "out.npz"
    words = [trained[0], f"--data=folder:{album}", f"--out={out}"]
    assert "broken.png" in refused(capsys, *words)
    assert [p.name for p in tmp_path.iterdir()] == ["album"]
    embed.main([*map(str, words), "--on-bad-image=skip"])
    assert "1 image could not be read" in capsys.readouterr().out
    found = np.load(out)
    assert len(found["name"]) == len(found["features"]) == 300
    for path in album.rglob("*.png"):
        path.write_bytes(b"")
    out.unlink()
    text = refused(capsys, *words, "--on-bad-image=skip")
    assert "images that can be read" in text
    assert not out.exists()


def test_mistakes(trained, tmp_path, capsys):
    """All are told before any picture is read."""
    out = f"--out={tmp_path / 'out.npz'}"
    run = trained[0]
    assert "ending in" in refused(capsys, run, "--out=out.txt")
    assert "--out" in refused(capsys, run)
    assert "config.json" in refused(capsys, tmp_path, out)
    assert "/nowhere" in refused(capsys, run, "--data=folder:/nowhere", out)
    text = refused(capsys, run, out, "--on-bad-image=ignore")
    assert "'stop', 'skip'" in text
    empty = tmp_path / "empty"
    empty.mkdir()
    text = refused(capsys, run, f"--data=folder:{empty}", out)
    assert "a folder with images" in text
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("damage", ["cut", "missing", "swapped"])
def test_damaged_encoders(damage, trained, tmp_path, capsys):
    """They are named: not whole, not there, or those of another view."""
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    path = run / "encoders" / "ab.keras"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "missing":
        path.unlink()
    else:
        shutil.copy(run / "encoders" / "L.keras", path)
    text = refused(capsys, run, f"--out={tmp_path / 'out.npz'}")
    assert "ab.keras" in text
    assert not (tmp_path / "out.npz").exists()


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
