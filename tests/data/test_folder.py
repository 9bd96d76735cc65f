"""A folder of image files as a data source."""

import os

import numpy as np
import pytest
from PIL import Image

from tfcmc.data import SOURCES, Reading, progress
from tfcmc.data.pictures import ArrayPictures, RecordPictures
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import UsageError
from tfcmc.runs.folder import MARKS


def _write(path, seed, side=10):
    """Writes a random PNG and returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(path, format="PNG")
    return pixels


def _read(folder, **settings):
    bound = SOURCES.lookup(f"folder:{folder}")
    bound.member.extra["check"](bound.argument, None)
    return bound.function(Reading(**settings), bound.argument)


def _all(pictures):
    return pictures.read(np.arange(len(pictures)))


@pytest.fixture
def tree(tmp_path):
    """A labelled folder; the pixels of its files by their path within."""
    names = [
        "train/cat/b.png",
        "train/cat/a.PNG",
        "train/ant/x.png",
        "train/ant/deep/y.jpg",
        "train/bee/z.png",
        "test/bee/t.png",
        "test/ant/s.png",
    ]
    return {
        name: _write(tmp_path / name, seed) for seed, name in enumerate(names)
    }


TRAIN = [
    ("train/ant/x.png", 0),
    ("train/ant/deep/y.jpg", 0),
    ("train/bee/z.png", 1),
    ("train/cat/a.PNG", 2),
    ("train/cat/b.png", 2),
]
TEST = [("test/ant/s.png", 0), ("test/bee/t.png", 1)]


def _check_split(split, tree, expected):
    np.testing.assert_array_equal(
        _all(split.pictures), np.stack([tree[name] for name, _ in expected])
    )
    assert split.labels.tolist() == [label for _, label in expected]
    assert split.labels.dtype == np.int64


def test_classes_are_labelled_in_the_order_of_their_names(tmp_path, tree):
    """Every picture has the label of its folder; train is learnt from."""
    source = _read(tmp_path)
    _check_split(source.probe_train, tree, TRAIN)
    _check_split(source.test, tree, TEST)
    assert source.class_names == ("ant", "bee", "cat")
    assert source.pretrain is source.probe_train.pictures
    assert source.unseen is False
    assert source.notes == ()
    assert source.pretrain.side == 10


@pytest.mark.parametrize("name", ["unlabeled", "unlabelled"])
def test_unlabelled_folder_is_learnt_from(tmp_path, tree, name):
    """With unlabeled/ nothing else is learnt from."""
    pixels = [_write(tmp_path / name / p, 50 + i) for i, p in enumerate("ba")]
    for path in ("b", "a"):
        os.rename(tmp_path / name / path, tmp_path / name / f"{path}.png")
    source = _read(tmp_path)
    np.testing.assert_array_equal(_all(source.pretrain), pixels[::-1])
    assert source.unseen is True
    _check_split(source.probe_train, tree, TRAIN)


def test_images_without_classes(tmp_path):
    """All images beneath are learnt from, and the skipped probe is told."""
    second = _write(tmp_path / "m" / "n" / "two.png", 1)
    first = _write(tmp_path / "one.png", 2)
    source = _read(tmp_path)
    np.testing.assert_array_equal(_all(source.pretrain), [first, second])
    assert source.probe_train is None and source.test is None
    assert source.unseen is False and source.class_names == ()
    (note,) = source.notes
    assert "train/CLASS" in note and "test/CLASS" in note


def test_what_is_no_image_is_left_out(tmp_path, tree):
    """Hidden files, hidden folders and other files do not matter."""
    for name in (
        "train/.DS_Store",
        "train/ant/.hidden.png",
        "train/ant/notes.txt",
        "train/.thumbnails/x.png",
        "test/README",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no image")
    (tmp_path / "train" / "empty").mkdir()
    source = _read(tmp_path)
    _check_split(source.probe_train, tree, TRAIN)
    assert source.class_names == ("ant", "bee", "cat")


def test_links_are_followed_but_not_for_ever(tmp_path, tree):
    """A link to a folder is read; a link back to its parent is not."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "again").symlink_to(data)
    (data / "ants").symlink_to(tmp_path / "train" / "ant")
    source = _read(data)
    expected = [tree["train/ant/x.png"], tree["train/ant/deep/y.jpg"]]
    np.testing.assert_array_equal(_all(source.pretrain), expected)


def test_bad_images_stop_by_default(tmp_path, tree):
    """The error names the file and says why."""
    (tmp_path / "train/bee/aa.png").write_text("no image")
    with pytest.raises(UsageError, match="(?s)on-bad-image.*aa.png.*not a"):
        _read(tmp_path)


def test_bad_images_can_be_skipped(tmp_path, tree):
    """Labels stay with their pictures, and the note counts the files."""
    for name in ("train/ant/a.png", "train/bee/aa.png", "train/cat/ab.jpg"):
        (tmp_path / name).write_text("no image")
    (tmp_path / "test/ant/gone.png").symlink_to(tmp_path / "nowhere")
    source = _read(tmp_path, on_bad_image="skip")
    _check_split(source.probe_train, tree, TRAIN)
    _check_split(source.test, tree, TEST)
    assert source.notes == (
        "4 images could not be read and were skipped: "
        "'a.png', 'aa.png', 'ab.jpg', ...",
    )


def test_no_image_that_can_be_read(tmp_path):
    """Skipping everything is an error."""
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(UsageError, match="none for pretrain.*a.png"):
        _read(tmp_path, on_bad_image="skip")


@pytest.mark.parametrize("side", [None, 6])
def test_a_memory_limit_changes_nothing(tmp_path, tree, side):
    """Pictures in files are those in memory."""
    total = 7 * (side or 10) ** 2 * 3
    inside = _read(tmp_path, side=side, memory_limit=total)
    outside = _read(tmp_path, side=side, memory_limit=total - 1)
    assert isinstance(inside.pretrain, ArrayPictures)
    assert isinstance(outside.pretrain, RecordPictures)
    for name in ("probe_train", "test"):
        one, two = getattr(inside, name), getattr(outside, name)
        np.testing.assert_array_equal(_all(one.pictures), _all(two.pictures))
        np.testing.assert_array_equal(one.labels, two.labels)


def test_many_images_keep_their_order(tmp_path):
    """More images than one batch come in the order of their names."""
    for number in range(300):
        shade = Image.new("RGB", (2, 2), (number % 251, number // 251, 7))
        shade.save(tmp_path / f"{number:03d}.bmp")
    seen = _all(_read(tmp_path).pretrain)[:, 0, 0]
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
    for part, name in (("train", "a"), ("train", "b"), ("test", "b")):
        _write(tmp_path / part / name / "x.png", 1, 8 if name == "a" else 40)
    _write(tmp_path / "test/a/x.png", 2, 8)
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
LAYOUTS = {
    "train and val": (
        {"train": [A, B], "val": [A, B]},
        (["train"], "val", [f"val {JUDGED}"]),
    ),
    "capitals": (
        {"Train": [A, B], "TEST": [A]},
        (["Train"], "TEST", []),
    ),
    "a test without classes": (
        {"train": [A, B], "test": [LOOSE]},
        (
            ["train"],
            None,
            [NO_PROBE, "test is not used: 1 images, in no class folders"],
        ),
    ),
    "the same, with validation": (
        {"train": [A, B], "test": [LOOSE], "Validation": [B]},
        (
            ["train"],
            "Validation",
            [
                f"Validation {JUDGED}",
                "test is not used: 1 images, in no class folders",
            ],
        ),
    ),
    "all three": (
        {"train": [A, B], "valid": [A], "test": [B]},
        (["train"], "test", ["valid is not used: 1 images"]),
    ),
    "no classes at all": (
        {"train": [LOOSE], "val": [LOOSE], "more": [A]},
        (
            ["train"],
            None,
            [
                NO_PROBE,
                "val is not used: 1 images, in no class folders",
                "1 images beside train, val are not used",
            ],
        ),
    ),
    "unlabelled and test": (
        {"unlabeled": [LOOSE, A], "test": [A, B]},
        (["unlabeled"], None, [NO_PROBE, "test is not used: 2 images"]),
    ),
    "train alone, which may be a class": (
        {"train": [LOOSE], "car": [LOOSE]},
        (["car", "train"], None, [NO_PROBE]),
    ),
    "a name that is of no part": (
        {"train": [A, B], "eval": [A]},
        (
            ["eval", "train"],
            None,
            [
                NO_PROBE,
                "eval is learnt from too: a folder with the classes of train "
                "is held out where it is called test or val",
            ],
        ),
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_held_out_is_never_learnt_from(tmp_path, name):
    """Whatever the parts are called, and with or without classes."""
    parts, (learnt, judged, notes) = LAYOUTS[name]
    pixels = {
        part: [
            _write(tmp_path / part / path, [number, seed])
            for seed, path in enumerate(
                sorted(paths, key=lambda p: (p[1] == "/", p))
            )
        ]
        for number, (part, paths) in enumerate(parts.items())
    }
    source = _read(tmp_path)
    expected = [picture for part in learnt for picture in pixels[part]]
    np.testing.assert_array_equal(_all(source.pretrain), expected)
    assert (source.test is None) == (judged is None)
    if judged:
        held_out = _all(source.test.pictures)
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


def test_class_of_test_that_train_lacks(tmp_path, tree):
    """The probe could never answer it: an error that names it."""
    _write(tmp_path / "test/dog/a.png", 9)
    with pytest.raises(UsageError, match="'dog' only in test"):
        _read(tmp_path)


def test_image_beside_the_class_folders(tmp_path, tree):
    """An image without a class is not silently left out."""
    _write(tmp_path / "train/loose.png", 9)
    with pytest.raises(UsageError, match="loose.png"):
        _read(tmp_path)


def test_folder_without_images(tmp_path):
    """A folder with other files only is told as such."""
    (tmp_path / "a.txt").touch()
    with pytest.raises(UsageError, match="none"):
        _read(tmp_path)


def test_argument_that_is_no_folder(tmp_path):
    """A missing folder and a file are told before anything is read."""
    (tmp_path / "file").touch()
    for name in ("file", "missing"):
        with pytest.raises(UsageError, match=f"folder:DIR.*{name}"):
            _read(tmp_path / name)


def test_folder_that_cannot_be_read(tmp_path, tree, monkeypatch):
    """A folder without permission is told with its name."""
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("bee"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match="bee.*Permission denied"):
        _read(tmp_path)


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
