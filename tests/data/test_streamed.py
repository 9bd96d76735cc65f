"""A folder that does not fit in memory, and the listing of its files."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import all_of, noise, source_of
from tfcmc.data import listing
from tfcmc.data.file_list import FileList, joined
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import pack
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import UsageError
from trainers import data, pretrain

ONCE = "16 files were read, once: the next start reads what has changed"


@pytest.fixture(autouse=True)
def cache(cached):
    """The folder of listings."""
    return cached / "folders"


@pytest.fixture
def photos(tmp_path):
    """A folder of 16 pictures of two classes, changed an hour ago."""
    for number in range(16):
        part = "test" if number % 4 == 0 else "train"
        place = tmp_path / "photos" / part / ("ant", "bee")[number // 8]
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{number:02d}.png"
        Image.fromarray(noise(number, 20, 17 + number, 3)).save(path)
        aged(path)
    return tmp_path / "photos"


def aged(path):
    """Sets a file's time of change to an hour before it."""
    changed = path.stat().st_mtime - 3600
    os.utime(path, (changed, changed))


def streamed(folder, **settings):
    return source_of(f"folder:{folder}", memory_limit=0, side=9, **settings)


def test_the_same_pictures(photos, tmp_path):
    """As kept in memory; known as their records are, wherever they lie."""
    kept, got = source_of(f"folder:{photos}", side=9), streamed(photos)
    assert got.class_names == kept.class_names == ("ant", "bee")
    assert got.notes[-1] == ONCE
    for one, other in zip(got.parts(), kept.parts(), strict=True):
        np.testing.assert_array_equal(all_of(one[1]), all_of(other[1]))
        np.testing.assert_array_equal(one[2], other[2])
    pack(make_plan(make_config({"data": f"folder:{photos}"})), tmp_path / "r")
    packed = source_of(f"records:{tmp_path / 'r'}", side=9)
    assert packed.described == got.described
    shutil.copytree(photos, tmp_path / "elsewhere")
    assert streamed(tmp_path / "elsewhere").described == got.described


def test_what_changed_is_read(photos, cache):
    """And nothing else; what is gone is forgotten."""
    first = streamed(photos)
    (photos / "train/ant/01.png").touch()  # as fresh as to change unseen
    for _ in range(2):
        again = streamed(photos)
        told = "16 files were looked at, and 1 read, new or changed"
        assert again.notes[-1] == told
        assert again.described == first.described
    aged(photos / "train/ant/01.png")
    streamed(photos)
    assert "and 0 read" in streamed(photos).notes[-1]
    content = (photos / "train/ant/02.png").read_bytes()
    (photos / "train/ant/03.png").write_bytes(content)
    (photos / "test/bee/08.png").unlink()
    other = streamed(photos)
    assert "and 1 read" in other.notes[-1]
    assert other.notes[-1].startswith("15 files")
    train, test = first.described["train"], other.described["train"]
    assert train["sha256"] != test["sha256"]
    shutil.copy(photos / "train/ant/02.png", photos / "test/bee/x.png")
    assert streamed(photos).notes[-1].startswith("1 of 4 test pictures stands")
    (path,) = cache.iterdir()
    assert len(np.load(path)["files"]) == 14  # two are too fresh


def test_stopped_and_damaged(photos, cache, capsys, monkeypatch):
    """What was read is kept; a listing that is no use is made anew, told."""
    monkeypatch.setattr(listing, "CHUNK", 1)
    bad = photos / "train/bee/15.png"
    content = bad.read_bytes()
    bad.write_bytes(b"")
    with pytest.raises(UsageError, match="15.png': the file is empty"):
        streamed(photos)
    bad.write_bytes(content)
    aged(bad)
    read = int(streamed(photos).notes[-1].split()[6])
    assert 1 <= read < 16
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    for damaged in (b"", whole[:-9], whole.replace(whole[300:303], b"abc")):
        path.write_bytes(damaged)
        note_once.cache_clear()
        assert streamed(photos).notes[-1] == ONCE
        assert "cannot be read (" in capsys.readouterr().out
        assert path.read_bytes() == whole
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("no folder")
    assert streamed(photos).notes[-1] == ONCE
    assert "cannot be kept (" in capsys.readouterr().out


def test_gone_on_with(photos, tmp_path, refused, capsys, plain_views, eager):
    """By records of the same files, not where pictures are known otherwise.

    A bad file is found in the middle; another stands in its place.
    """
    shutil.copy(photos / "train/ant/02.png", photos / "train/ant/01.png")
    (photos / "train/bee/14.png").write_bytes(b"no picture")
    words = [
        "--batch-size=5",
        "--evaluate=none",
        "--views=rgb(augment=none)",
        "--side=32",
    ]
    words += [f"--run-dir={tmp_path / 'run'}", "--encoder=paper(width=0.3)"]
    words += ["--schedule=constant", "--picture-side=32"]
    small = [f"--data=folder:{photos}", "--memory-limit=1e-9", *words]
    told = refused(pretrain.main, *small, "--epochs=1")
    assert told.startswith("`data` must have only images that can be read")
    assert "14.png': not an image" in told
    looking = f"folder:{photos}", "--memory-limit=1e-9"
    assert refused(data.main, *looking) == told
    pretrain.main([*small, "--epochs=1", "--on-bad-image=skip"])
    captured = capsys.readouterr()
    assert captured.err.count("14.png'") == 1
    assert "bee/13.png' in its place" in captured.err
    shutil.copy(photos / "train/bee/13.png", photos / "train/bee/14.png")
    words += ["--epochs=2", f"--data=folder:{photos}"]
    told = refused(pretrain.main, *words)
    assert "known by their files and not by their pixels" in told
    told = refused(pretrain.main, *words, "--memory-limit=1e-9")
    assert "as many pictures to learn from, but others" in told


def test_file_list(tmp_path):
    """Paths as they were, odd names too; keys tell each from all others."""
    names = ["a.png", "é.jpg", os.fsdecode(b"\xff.png")]
    lists = [
        FileList(tmp_path / "one", names),
        FileList(tmp_path / "empty", []),
        FileList(f"{tmp_path}/two/in", names[:2]),
    ]
    files = joined(lists)
    want = [str(tmp_path / "one" / name) for name in names]
    want += [str(tmp_path / "two/in" / name) for name in names[:2]]
    assert list(files) == want and len(files) == 5
    assert files.files([4, 0]) == [want[4], want[0]]
    keys = files.keys(tmp_path)
    assert len(set(keys.tolist())) == 5
    moved = FileList("/elsewhere/one", names).keys("/elsewhere")
    assert moved.tolist() == keys[:3].tolist()
