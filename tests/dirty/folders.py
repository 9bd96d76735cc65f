"""Folders that are odd, broken or no folders."""

import contextlib
import os
import unicodedata
from unittest import mock

import numpy as np
from PIL import Image
from tfcmc.experiment.stage import load

from tests.dirty.case import ANY, Case, noise, source_of
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan

NONE = f"`data` must be a folder with images (.jpg, {ANY}, which has none"
NO_FOLDER = "`data` must be folder:DIR, with an existing folder. Received: "


def _tree(folder, *names):
    """Writes an image a name, of as many pixels as it needs."""
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(seed, 16, 16, 3)).save(path, "PNG")
    return folder


CLASSES = ("train/ant/1.png", "train/bee/2.png", "test/ant/3.png")


def _labelled(*more):
    return lambda folder: _tree(folder, *CLASSES, *more)


def _read(folder, **settings):
    return source_of(f"folder:{folder}", **settings)


def _refused(name, make, gets, act=_read):
    return Case(name, make, gets, act)


def _taken(name, make, gets, check, act=_read):
    return Case(name, make, gets, act, check)


def _then(make, change):
    """Makes a folder, then changes it."""

    def both(folder):
        made = make(folder)
        change(folder)
        return made

    return both


def _is(classes, labels, notes=()):
    def check(source):
        assert source.class_names == classes
        assert source.probe_train.labels.tolist() == labels
        assert len(source.pretrain) == len(labels)
        assert source.notes == notes

    return check


def _link(target, name):
    return lambda folder: os.symlink(folder / target, folder / name)


def _forbidden(folder):
    """Reads a folder of which one part may not be listed, even by root."""
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("bee"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    with mock.patch("os.scandir", refuse):
        _read(folder)


def _load(folder):
    """Reads a folder as a training does, and leaves bad images out."""
    settings = {"data": f"folder:{folder}", "on_bad_image": "skip"}
    with contextlib.redirect_stdout(None):
        return load(make_plan(make_config(settings)))


def _text(name):
    return lambda folder: (folder / name).write_text("no image")


CAFE = unicodedata.normalize("NFC", "café")
CAFE_APART = unicodedata.normalize("NFD", "café")

FOLDERS = [
    _refused("no such folder", lambda f: f / "x", f"{NO_FOLDER}'{ANY}/x'"),
    _refused(
        "a file for a folder", lambda f: _tree(f, "x.png") / "x.png",
        f"{NO_FOLDER}'{ANY}/x.png'",
    ),
    _refused("a name with a zero byte", lambda f: "a\0b",
             f"{NO_FOLDER}'a\\x00b'"),
    _refused("a name of 5,000 letters", lambda f: "x" * 5000,
             f"{NO_FOLDER}'{'x' * 199}..."),
    _refused("an empty folder", lambda f: f, NONE),
    _refused("a folder of other files",
             _then(lambda f: f, _text("x.txt")), NONE),
    _refused(
        "a folder of HEIC photos", _then(lambda f: f, _text("x.heic")),
        f"{NONE}; 1 picture or film of a kind that is not read was left out: "
        "1 .heic",
    ),
    _refused(
        "a test part alone", lambda f: _tree(f, "test/ant/1.png"),
        "`data` must have images to learn from in train or unlabeled, since "
        "test is held out; to learn from test itself, name that folder. "
        f"Received: '{ANY}', with images in test",
    ),
    _refused(
        "the parts one folder further down",
        lambda f: _tree(f, *(f"data/{name}" for name in CLASSES)),
        "`data` must have test beside train at its top, or it would be "
        f"learnt from. Received: '{ANY}', with both in '{ANY}/data'",
    ),
    _refused(
        "a train and a test part in each class",
        lambda f: _tree(f, "ant/Train/1.png", "ant/Val/2.png", "bee/3.png"),
        "`data` must have Val beside train at its top, or it would be "
        f"learnt from. Received: '{ANY}', with both in '{ANY}/ant'",
    ),
    _refused(
        "two train parts", _labelled("Train/ant/1.png"),
        "`data` must have one folder of the train images. "
        "Received: 'Train' and 'train'",
    ),
    _refused(
        "a folder that may not be read", _labelled(),
        f"`data` must be a folder that can be read. Received: '{ANY}/train/"
        "bee': Permission denied", _forbidden,
    ),
    _refused(
        "a class of test that train lacks", _labelled("test/cow/4.png"),
        "`data` must have every class of test in train too. "
        "Received: 'cow' only in test",
    ),
    _refused(
        "a class whose train images are all bad, and skipped",
        _then(_labelled("train/bee/3.png", "test/bee/4.png"),
              lambda f: [_text(f"train/bee/{n}.png")(f) for n in (2, 3)]),
        "`data` must have every class of the test part in the train part too."
        " Received: 'bee' only in test", _load,
    ),
    _refused(
        "an image beside the class folders", _labelled("train/x.png"),
        "`data` must have the images of train in folders, one a class. "
        f"Received: '{ANY}/train/x.png'",
    ),
    _refused(
        "one folder in two classes",
        _then(_labelled(), _link("train/bee", "train/ant/more")),
        f"`data` must have every folder of train in one class. Received: "
        f"'{ANY}/train/bee/' in 'ant' and 'bee'",
    ),
    _refused(
        "a class that is a link to all classes",
        _then(_labelled(), _link("train", "train/all")),
        f"`data` must have every folder of train in one class. Received: "
        f"'{ANY}' in 'all' and 'ant'",
    ),
    _taken(
        "links in a circle",
        _then(lambda f: _tree(f, "a/1.png", "b/2.png"),
              lambda f: [_link("a", "b/a")(f), _link("b", "a/b")(f)]),
        "each image once", lambda source: np.testing.assert_equal(
            len(source.pretrain), 2),
    ),
    _taken(
        "a class with a link to the folder above",
        _then(_labelled(), _link("train", "train/ant/up")),
        "its own images alone", _is(("ant", "bee"), [0, 1]),
    ),
    _taken(
        "classes that differ in case", _labelled("train/Ant/4.png"),
        "two classes, and a note",
        _is(("Ant", "ant", "bee"), [0, 1, 2],
            ("'Ant' and 'ant' are classes of their own",)),
    ),
    _taken(
        "classes that look the same",
        lambda f: _tree(f, f"train/{CAFE}/1.png", f"train/{CAFE_APART}/2.png",
                        f"test/{CAFE}/3.png"),
        "two classes, and a note",
        _is((CAFE_APART, CAFE), [0, 1],
            (f"{CAFE_APART!r} and {CAFE!r} are classes of their own",)),
    ),
    _taken(
        "an empty class folder",
        _then(_labelled(), lambda f: os.mkdir(f / "train/cow")),
        "the other classes, and a note",
        _is(("ant", "bee"), [0, 1],
            ("class folders without an image, left out: 'cow'",)),
    ),
    _taken(
        "an empty class folder in test",
        _then(_labelled(), lambda f: os.mkdir(f / "test/bee")),
        "the other classes", _is(("ant", "bee"), [0, 1]),
    ),
    _taken(
        "a class called x.png that is empty",
        _then(_labelled(), lambda f: os.mkdir(f / "train/x.png")),
        "the other classes, and a note",
        _is(("ant", "bee"), [0, 1],
            ("class folders without an image, left out: 'x.png'",)),
    ),
    _taken(
        "a class whose name is no UTF-8",
        lambda f: _tree(f, "train/a/1.png", "train/\udcff/2.png",
                        "test/a/3.png"),
        "its images", _is(("a", "\udcff"), [0, 1]),
    ),
    _taken(
        "a folder's name that ends in a space, beside one without",
        lambda f: _tree(f, "x /1.png", "x/2.png", "x/3.png") / "x ",
        "the one that is named", lambda source: np.testing.assert_equal(
            len(source.pretrain), 1),
    ),
]  # fmt: skip
