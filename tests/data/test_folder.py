"""A folder of image files; what is wrong with one is in `tests/dirty`."""

import numpy as np
import pytest
from PIL import Image

from tests.dirty.case import all_of, noise, source_of
from tfcmc.data import progress
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import UsageError
from tfcmc.runs.folder import MARKS


def _write(path, seed, side=10):
    """Writes a random PNG and returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = noise(seed, side, side, 3)
    Image.fromarray(pixels).save(path, format="PNG")
    return pixels


def _read(folder, **settings):
    return source_of(f"folder:{folder}", **settings)


TRAIN = [
    ("train/ant/x.png", 0),
    ("train/ant/deep/y.jpg", 0),
    ("train/bee/z.png", 1),
    ("train/cat/a.PNG", 2),
    ("train/cat/b.png", 2),
]
TEST = [("test/ant/s.png", 0), ("test/bee/t.png", 1)]


@pytest.fixture
def tree(tmp_path):
    """A labelled folder; the pixels of its files by their path within."""
    names = [name for name, _ in (*TEST, *TRAIN[::-1])]
    return {n: _write(tmp_path / n, seed) for seed, n in enumerate(names)}


def _check(source, tree):
    for split, part in ((source.probe_train, TRAIN), (source.test, TEST)):
        expected = np.stack([tree[name] for name, _ in part])
        np.testing.assert_array_equal(all_of(split.pictures), expected)
        assert split.labels.tolist() == [label for _, label in part]
        assert split.labels.dtype == np.int64
    assert source.class_names == ("ant", "bee", "cat")


def test_classes_are_labelled_in_the_order_of_their_names(tmp_path, tree):
    """Every picture has the label of its folder; train is learnt from."""
    for name in (
        "train/.DS_Store",
        "train/ant/.hidden.png",
        "train/ant/notes.txt",
        "train/.thumbnails/x.png",
        "test/README",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no image")
    source = _read(tmp_path)
    _check(source, tree)
    assert source.pretrain is source.probe_train.pictures
    assert source.unseen is False
    assert source.notes == ()
    assert source.pretrain.side == 10


@pytest.mark.parametrize("name", ["unlabeled", "unlabelled"])
def test_unlabelled_folder_is_learnt_from(tmp_path, tree, name):
    """With unlabeled/ nothing else is learnt from."""
    pixels = [
        _write(tmp_path / name / f"{p}.png", 50 + n)
        for n, p in enumerate("ba")
    ]
    source = _read(tmp_path)
    np.testing.assert_array_equal(all_of(source.pretrain), pixels[::-1])
    assert source.unseen is True
    _check(source, tree)


def test_images_without_classes(tmp_path, tree):
    """All images beneath are learnt from, and the skipped probe is told."""
    data = tmp_path / "data"
    second = _write(data / "m" / "n" / "two.png", 1)
    third = _write(data / "one.png", 2)
    (data / "ants").symlink_to(tmp_path / "train" / "ant")
    source = _read(data)
    first = [tree[name] for name, label in TRAIN if label == 0]
    np.testing.assert_array_equal(
        all_of(source.pretrain), [third, *first, second]
    )
    assert source.probe_train is None and source.test is None
    assert source.unseen is False and source.class_names == ()
    assert source.notes == (NO_PROBE,)


def test_bad_images_can_be_skipped(tmp_path, tree):
    """Labels stay with their pictures, and the note counts the files."""
    for name in ("train/ant/a.png", "train/bee/aa.png", "train/cat/ab.jpg"):
        (tmp_path / name).write_text("no image")
    (tmp_path / "test/ant/gone.png").symlink_to(tmp_path / "nowhere")
    source = _read(tmp_path, on_bad_image="skip")
    _check(source, tree)
    assert source.notes == (
        "4 images could not be read and were skipped: "
        "'a.png', 'aa.png', 'ab.jpg', ...",
    )
    for name in ("s.png", "t.png"):
        next((tmp_path / "test").rglob(name)).write_text("no image")
    with pytest.raises(UsageError, match="none for test; .*t.png"):
        _read(tmp_path, on_bad_image="skip")


def test_many_images_keep_their_order(tmp_path):
    """More images than one batch come in the order of their names."""
    for number in range(300):
        shade = Image.new("RGB", (2, 2), (number % 251, number // 251, 7))
        shade.save(tmp_path / f"{number:03d}.bmp")
    seen = all_of(_read(tmp_path).pretrain)[:, 0, 0]
    assert seen[:, 0].tolist() == [n % 251 for n in range(300)]
    assert seen[:, 1].tolist() == [n // 251 for n in range(300)]


@pytest.mark.parametrize(
    ("sides", "expected"), [((64,), 64), ((200,), 96), ((64, 65), 96)]
)
def test_own_side(tmp_path, sides, expected):
    """One small square size is kept; sizes that differ become 96."""
    for number in range(4):
        side = sides[number % len(sides)]
        _write(tmp_path / f"{number}.png", number, side)
    assert _read(tmp_path).pretrain.side == expected
    assert _read(tmp_path, side=33).pretrain.side == 33


def test_icons_do_not_shrink_photos(tmp_path):
    """The side is that of some of every class, not of the first by name."""
    for number in range(300):
        _write(tmp_path / f"train/a/{number}.png", number, 8)
    for place, side in (("train/b", 40), ("test/b", 40), ("test/a", 8)):
        _write(tmp_path / place / "x.png", 1, side)
    source = _read(tmp_path)
    assert source.pretrain.side == 96
    assert source.notes == (
        "shorter sides are 8 to 40 pixels: all are kept at 96x96 "
        "(--picture-side sets it)",
    )
    assert _read(tmp_path, side=16).notes == ()


A, B, LOOSE = "a/1.png", "b/2.png", "3.png"
NO_PROBE = (
    "the probe is skipped: there are no folders train/CLASS and test/CLASS"
)
JUDGED = "is judged on, since there is no test/CLASS"
UNUSED = "is not used: 1 images"
APART = f"{UNUSED}, in no class folders"
# The images of each part; what is learnt from, judged on and told.
LAYOUTS = {
    "train and val": (
        {"train": [A, B], "val": [A, B]}, ["train"], "val", [f"val {JUDGED}"]
    ),
    "capitals": ({"Train": [A, B], "TEST": [A]}, ["Train"], "TEST", []),
    "a test without classes": (
        {"train": [A, B], "test": [LOOSE]},
        ["train"], None, [NO_PROBE, f"test {APART}"],
    ),
    "the same, with validation": (
        {"train": [A, B], "test": [LOOSE], "Validation": [B]},
        ["train"], "Validation", [f"Validation {JUDGED}", f"test {APART}"],
    ),
    "all three": (
        {"train": [A, B], "valid": [A], "test": [B]},
        ["train"], "test", [f"valid {UNUSED}"],
    ),
    "no classes at all": (
        {"train": [LOOSE], "val": [LOOSE], "more": [A]},
        ["train"], None,
        [NO_PROBE, f"val {APART}", "1 images beside train, val are not used"],
    ),
    "unlabelled and test": (
        {"unlabeled": [LOOSE, A], "test": [A, B]},
        ["unlabeled"], None, [NO_PROBE, "test is not used: 2 images"],
    ),
    "train alone, which may be a class": (
        {"train": [LOOSE], "car": [LOOSE]}, ["car", "train"], None,
        [NO_PROBE, "where its 2 folders are classes, --data=classes:DIR "
         "holds a fifth of each out to judge by"],
    ),
    "a name that is of no part": (
        {"train": [A, B], "eval": [A]}, ["eval", "train"], None,
        [NO_PROBE, "eval is learnt from too: a folder with the classes of "
         "train is held out where it is called test or val"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_held_out_is_never_learnt_from(tmp_path, name):
    """Whatever the parts are called, and with or without classes."""
    parts, learnt, judged, notes = LAYOUTS[name]
    pixels = {
        part: [
            _write(tmp_path / part / path, [number, seed])
            for seed, path in enumerate(paths)
        ]
        for number, (part, paths) in enumerate(parts.items())
    }
    source = _read(tmp_path)
    expected = [picture for part in learnt for picture in pixels[part]]
    np.testing.assert_array_equal(all_of(source.pretrain), expected)
    assert (source.test is None) == (judged is None)
    if judged:
        held_out = all_of(source.test.pictures)
        np.testing.assert_array_equal(held_out, pixels[judged])
    assert list(source.notes) == notes


def test_kinds_that_are_left_out_are_named(tmp_path):
    """By how many there are, in a note and where nothing else is there."""
    for name in ("a.HEIC", "b.heic", "c.mp4", "d.txt", ".e.heic"):
        (tmp_path / name).touch()
    told = "3 pictures or films of kinds that are not read were left out: "
    told += "2 .heic, 1 .mp4"
    with pytest.raises(UsageError, match=f"which has none; {told}"):
        _read(tmp_path)
    _write(tmp_path / "a.png", 1)
    assert _read(tmp_path).notes == (NO_PROBE, told)


def test_long_reading_is_told(tmp_path, monkeypatch, capsys):
    """Both how many files were looked at and how many are decoded."""
    monkeypatch.setattr(progress, "FIRST", -1)
    for name in "ab":
        _write(tmp_path / f"{name}.png", 1)
    _read(tmp_path)
    assert capsys.readouterr().err.splitlines() == [
        "files looked at: 2",
        "images decoded: 2 of 2",
    ]


def test_runs_are_no_data(tmp_path, capsys):
    """A run, a search and a comparison beneath the pictures are left out."""
    _write(tmp_path / "a.png", 1)
    note_once.cache_clear()
    for mark in MARKS:
        place = tmp_path / "runs" / min(mark) / "a run"
        for name in mark:
            _write(place / name / "b.png", 2)
    for _ in range(2):
        assert len(_read(tmp_path).pretrain) == 1
    (note,) = capsys.readouterr().out.splitlines()
    assert note.startswith("note: 3 folders with runs of tfcmc's own")
    # Who names one wants its pictures.
    assert len(_read(place).pretrain) == len(mark)
