"""Pictures packed into record files, and read from them."""

import json
import pathlib
import shutil
import types

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import all_of, noise, source_of
from tests.equal_runs import check_equal
from tfcmc.data import pack as packing
from tfcmc.data.digest import describe_data
from tfcmc.data.record_files import array_record
from tfcmc.data.walk import walk_parts
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import pack
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import UsageError
from trainers import data, pretrain

CLASSES = ("ant", "bee")


@pytest.fixture
def photos(tmp_path):
    """A folder of 16 odd pictures of two classes, and one that is none."""
    for part in ("train", "test"):
        for number in range(8):
            place = tmp_path / "photos" / part / CLASSES[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            seed = number + 8 * (part == "test" and number > 0)
            made = noise(seed, 20 + number, 17, 3)
            Image.fromarray(made).save(place / f"{number}.png")
    (place / "5.jpg").write_bytes(b"no picture")
    return tmp_path / "photos"


def packed(source, folder, **settings):
    """Packs a folder of photos, without what is none."""
    settings = {"data": f"folder:{source}", "on_bad_image": "skip"} | settings
    pack(make_plan(make_config(settings)), folder)
    return folder


def stopped_after(last):
    """Writes files whole, and is stopped after a name that `last` holds of."""

    def write(path, content):
        write_whole(path, content)
        if last(pathlib.Path(path).name):
            raise InterruptedError

    return write


@pytest.mark.parametrize("side", [None, 9])
def test_as_they_were_read(photos, tmp_path, side):
    """Labels, notes and pixels of the folder; and of pixels its digests."""
    folder = packed(photos, tmp_path / "packed", picture_side=side)
    want = source_of(f"folder:{photos}", side=9, on_bad_image="skip")
    for settings in ({}, {"memory_limit": 0}):
        got = source_of(f"records:{folder}", side=9, **settings)
        assert got.class_names == want.class_names == CLASSES
        *notes, overlap = got.notes
        assert tuple(notes) == want.notes and "'5.jpg'" in notes[0]
        assert overlap.startswith("1 of 8 test pictures stands in train")
        for one, other in zip(got.parts(), want.parts(), strict=True):
            assert one[0] == other[0]
            np.testing.assert_array_equal(all_of(one[1]), all_of(other[1]))
            np.testing.assert_array_equal(one[2], other[2])
        assert (got.described == describe_data(want)) == (side == 9)
    numbers = [5, 0, 5, 7]
    np.testing.assert_array_equal(
        got.test.pictures.read(numbers), want.test.pictures.read(numbers)
    )


def test_goes_on(photos, tmp_path, monkeypatch):
    """Stopped after any file of records it comes to the same files."""
    monkeypatch.setattr(packing, "SHARD_BYTES", 1)
    monkeypatch.setattr("tfcmc.data.decode.BATCH", 3)
    whole = packed(photos, tmp_path / "whole")
    stopped = stopped_after(lambda n: n.startswith(("train-", "test-")))
    monkeypatch.setattr(packing, "write_whole", stopped)
    times = 0
    while True:
        try:
            broken = packed(photos, tmp_path / "broken")
            break
        except InterruptedError:
            times += 1
    names = sorted(path.name for path in whole.iterdir())
    assert times == sum(name.endswith(".array_record") for name in names) == 6
    assert names == sorted(path.name for path in broken.iterdir())
    for name in names:
        if name != packing.BEGUN:
            found = (whole / name).read_bytes()
            assert (broken / name).read_bytes() == found


def test_goes_on_with_the_same_alone(photos, tmp_path, monkeypatch):
    """A class that came since would make others of the labels packed."""
    monkeypatch.setattr(packing, "SHARD_BYTES", 1)
    monkeypatch.setattr("tfcmc.data.decode.BATCH", 3)
    stopped = stopped_after(lambda name: name == "train-00001.json")
    with monkeypatch.context() as patch:
        patch.setattr(packing, "write_whole", stopped)
        with pytest.raises(InterruptedError):
            packed(photos, tmp_path / "broken")
    for part in ("train", "test"):
        (photos / part / "ape").mkdir()
        shutil.copy(photos / part / "ant/0.png", photos / part / "ape")
    told = "`pack` must be of data that are as they were when it was begun"
    with pytest.raises(UsageError, match=told):
        packed(photos, tmp_path / "broken")
    for part in ("train", "test"):
        (photos / part / "ape" / "0.png").unlink()
        (photos / part / "ape").rmdir()
    packed(photos, tmp_path / "broken")
    want = source_of(f"folder:{photos}", on_bad_image="skip")
    got = source_of(f"records:{tmp_path / 'broken'}")
    np.testing.assert_array_equal(
        got.probe_train.labels, want.probe_train.labels
    )


def test_arrays_go_on_as_they_were(tmp_path, monkeypatch):
    """Pixels or labels that are others than those packed are refused."""
    monkeypatch.setattr(packing, "SHARD_BYTES", 1)
    monkeypatch.setattr(packing, "BATCH", 3)
    path = tmp_path / "arrays.npz"
    images = np.stack([noise(n, 9, 9, 3) for n in range(8)])
    labels = np.arange(8) % 2

    def save(images=images, labels=labels):
        parts = {"x_train": images, "y_train": labels}
        np.savez(path, **parts, x_test=images, y_test=labels)
        return make_plan(make_config({"data": f"npz:{path}"}))

    stopped = stopped_after(lambda name: name.endswith("-00001.json"))
    with monkeypatch.context() as patch:
        patch.setattr(packing, "write_whole", stopped)
        with pytest.raises(InterruptedError):
            pack(save(), tmp_path / "packed")
    other = images.copy()
    other[4, 0, 0, 0] ^= 1
    for changed in ({"images": other}, {"labels": np.roll(labels, 1)}):
        with pytest.raises(UsageError, match="as they were when it was begun"):
            pack(save(**changed), tmp_path / "packed")
    with pytest.raises(UsageError, match="as they were when it was begun"):
        pack(save(images[:4], labels[:4]), tmp_path / "packed")
    pack(save(), tmp_path / "packed")
    got = source_of(f"records:{tmp_path / 'packed'}").probe_train
    np.testing.assert_array_equal(got.pictures.read(np.arange(8)), images)
    np.testing.assert_array_equal(got.labels, labels)


@pytest.mark.parametrize(
    ("told", "kind"),
    [("No space left on device; 3", OSError), ("else", RuntimeError)],
)
def test_a_full_disk_is_the_machines(
    photos, tmp_path, monkeypatch, told, kind
):
    """As Python would tell it, and not as the library does."""

    def full(*_):
        raise RuntimeError(f"write() failed: {told}")

    writer = types.SimpleNamespace(write=full, close=full)
    library = types.SimpleNamespace(ArrayRecordWriter=lambda *_: writer)
    monkeypatch.setattr(packing, "array_record", library)
    with pytest.raises(kind, match=told[:8]) as raised:
        packed(photos, tmp_path / "packed")
    if kind is OSError:
        assert raised.value.filename.endswith(".array_record")


@pytest.mark.parametrize("most", [None, 60])
def test_more_files_than_may_be_open(tmp_path, most, python):
    """As many as there are, where the machine lets them; else it is told."""
    paths = [str(tmp_path / str(number)) for number in range(80)]
    for number, path in enumerate(paths):
        writer = array_record.ArrayRecordWriter(path, packing.OPTIONS)
        writer.write(bytes([number]))
        writer.close()
    code = f"""
import resource
from tfcmc.data.record_files import Records
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (60, {most or "most"}))
records = Records({paths}, [1] * 80)
found = records.read(range(80))
print(sum(each[0] for each in found))
"""
    done = python("-c", code)
    if most is None:
        assert done.stdout.split() == [str(sum(range(80)))], done.stderr
    else:
        assert "OSError: [Errno 24] Too many open files" in done.stderr


def test_arrays_are_packed_as_pixels(tmp_path):
    """Of whatever source, by its own digest."""
    pack(make_plan(make_config({"data": "shapes(size=100)"})), tmp_path)
    want = source_of("shapes(size=100)")
    got = source_of(f"records:{tmp_path}")
    assert got.described == describe_data(want) and got.unseen
    np.testing.assert_array_equal(got.test.labels, want.test.labels)


def test_what_is_refused(photos, tmp_path, refused):
    """Another packing, what is not done, what is damaged, another side."""
    (tmp_path / "packed").mkdir()  # and begun, by one killed at once
    (tmp_path / "packed" / "partial-here-17-0a1b2c3d.json").write_text("{")
    folder = packed(photos, tmp_path / "packed", picture_side=9)
    words = [f"folder:{photos}", "--on-bad-image=skip"]
    with pytest.raises(UsageError, match="picture_side 9 and not 8"):
        packed(photos, folder, picture_side=8)
    with pytest.raises(UsageError, match="not done yet"):
        packed(photos, folder, picture_side=9)
    told = refused(data.main, *words, f"--pack={photos}")
    assert told.startswith("`pack` must be a new folder, or an empty one")
    told = refused(pretrain.main, f"--data=records:{photos}")
    assert "`data` must be records:FOLDER, with records.json in it" in told
    spec = f"records:{folder}"
    with pytest.raises(UsageError, match="must be 9, as they were packed"):
        source_of(spec, side=8)
    (path,) = folder.glob("train*.array_record")
    content = bytearray(path.read_bytes())
    index = content.index(all_of(source_of(spec).pretrain)[3].tobytes())
    content[index + 5] ^= 1
    path.write_bytes(content)
    told = refused(data.main, spec)
    assert told.startswith("`data` must be records as they were packed")
    assert path.name in told
    path.write_bytes(content[:-1])
    told = refused(data.main, spec)
    assert f"of {len(content) - 1:,} bytes for {len(content):,}" in told
    index = json.loads((folder / "records.json").read_text())
    for name, value in (
        ("parts", {"train": ["../b.json"]}),
        ("parts", []),
        ("roles", {"test": "test"}),
        ("kind", "films"),
        ("class_names", ["ant"]),
        ("described", None),
    ):
        (folder / "records.json").write_text(
            json.dumps({**index, name: value})
        )
        assert "as they were packed" in refused(data.main, spec)


def test_trained_from(photos, tmp_path, capsys, learnt, eager):
    """A run of the folder goes on with its pixels packed, to the bit."""
    words = ["--batch-size=4", "--evaluate=none", "--on-bad-image=skip"]
    words += ["--encoder=paper(width=0.3)", "--side=32", "--picture-side=16"]
    words += ["--schedule=constant"]
    whole, parted = (f"--run-dir={tmp_path / name}" for name in "ab")
    pretrain.main([f"--data=folder:{photos}", "--epochs=2", *words, whole])
    pretrain.main([f"--data=folder:{photos}", "--epochs=1", *words, parted])
    folder = packed(photos, tmp_path / "packed", picture_side=16)
    words += ["--memory-limit=1e-9"]  # each batch is read where it lies
    pretrain.main([f"--data=records:{folder}", "--epochs=2", *words, parted])
    assert "goes on" in capsys.readouterr().out
    check_equal(learnt(tmp_path / "b"), learnt(tmp_path / "a"))


def test_damaged_in_the_middle(
    photos, tmp_path, refused, capsys, plain_views, eager
):
    """A record is damaged after the start: told, or another's in its place."""
    folder = packed(photos, tmp_path / "packed")
    (path,) = folder.glob("train*.array_record")
    content = path.read_bytes()
    place = content.index((photos / "train/ant/4.png").read_bytes())
    path.write_bytes(content[: place + 60] + b"x" + content[place + 61 :])
    for limit in (2**20, 0):  # kept, or read where they lie
        found = source_of(
            f"records:{folder}", memory_limit=limit, on_bad_image="skip"
        )
        walked = walk_parts(found.parts(), found.class_names)
        numbers = [columns["number"] for columns, _ in walked.batches]
        assert numbers == [[0, 1, 3, 4, 5, 6, 7], list(range(8))]
    capsys.readouterr()
    words = [f"--data=records:{folder}", "--batch-size=6", "--epochs=1"]
    words += ["--evaluate=none", "--encoder=paper(width=0.3)", "--side=32"]
    words += [f"--run-dir={tmp_path / 'run'}", "--picture-side=32"]
    words += ["--memory-limit=1e-9", "--views=rgb(augment=none)"]
    told = refused(pretrain.main, *words)
    assert told.startswith("`data` must have only images that can be read, or")
    assert f"picture 2 in {folder}" in told and len(told.splitlines()) == 2
    pretrain.main([*words, "--on-bad-image=skip"])
    err = capsys.readouterr().err
    assert err.count("skipped") == 1
    assert f"skipped: 'picture 1 in {folder}' in its place" in err
