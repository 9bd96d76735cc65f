"""Folders that are odd, broken or no folders."""

import contextlib
import os
import unicodedata
from unittest import mock

from PIL import Image

from tests.dirty.case import Case, noise, same, source_of, then
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_data
from tfcmc.experiment.recipe import make_plan

CLASSES = ("train/ant/1.png", "train/bee/2.png", "test/ant/3.png")


def tree(*names):
    """Writes an image a name, of as many pixels as it needs."""

    def make(folder):
        for seed, name in enumerate(names):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(seed, 16, 16, 3)).save(path, "PNG")
        return folder

    return make


def _labelled(*more):
    return tree(*CLASSES, *more)


def _read(folder):
    return source_of(f"folder:{folder}")


def _apart(folder):
    return source_of(f"classes:{folder}")


def _bad(make, act=_read):
    return Case(make, act)


def _good(make, classes, labels, *notes):
    def check(source):
        assert source.class_names == classes
        assert source.probe_train.labels.tolist() == labels
        assert len(source.pretrain) == len(labels)
        assert source.notes == notes

    return Case(make, _read, check)


def _unlabelled(make, count):
    def check(source):
        assert len(source.pretrain) == count

    return Case(make, _read, check)


def _link(target, name):
    return lambda folder: os.symlink(folder / target, folder / name)


def _text(*names):
    return lambda folder: [(folder / n).write_text("no image") for n in names]


def _empty(name):
    return lambda folder: os.mkdir(folder / name)


def closed(name):
    """Lets nobody list the folders of a name, not even root."""
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith(name):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    return mock.patch("os.scandir", refuse)


def _forbidden(folder):
    """Reads a folder of which one part may not be listed."""
    with closed("bee"):
        _read(folder)


def _load(folder):
    """Reads a folder as a training does, and leaves bad images out."""
    settings = {"data": f"folder:{folder}", "on_bad_image": "skip"}
    with contextlib.redirect_stdout(None):
        return read_data(make_plan(make_config(settings)))


CAFE, CAFE_APART = (unicodedata.normalize(f, "café") for f in ("NFC", "NFD"))
TWO = ("ant", "bee"), [0, 1]
EMPTY = "class folders without an image, left out: "

FOLDERS = {
    "no such folder": _bad(lambda f: f / "x"),
    "a file for a folder": _bad(lambda f: tree("x.png")(f) / "x.png"),
    "a name with a zero byte": _bad(lambda f: "a\0b"),
    "a name of 5,000 letters": _bad(lambda f: "x" * 5000),
    "an empty folder": _bad(same),
    "a folder of other files": _bad(then(same, _text("x.txt"))),
    "a folder of HEIC photos": _bad(then(same, _text("x.heic"))),
    "one image alone": _bad(tree("1.png"), _load),
    "a test part alone": _bad(tree("test/ant/1.png")),
    "the parts one folder further down":
        _bad(tree(*(f"data/{name}" for name in CLASSES))),
    "a train and a test part in each class":
        _bad(tree("ant/Train/1.png", "ant/Val/2.png", "bee/3.png")),
    "two train parts": _bad(_labelled("Train/ant/1.png")),
    "a folder that may not be read": _bad(_labelled(), _forbidden),
    "a class of test that train lacks": _bad(_labelled("test/cow/4.png")),
    "a class whose train images are all bad, and skipped":
        _bad(then(_labelled("train/bee/3.png", "test/bee/4.png"),
                  _text("train/bee/2.png", "train/bee/3.png")), _load),
    "an image beside the class folders": _bad(_labelled("train/x.png")),
    "one folder in two classes":
        _bad(then(_labelled(), _link("train/bee", "train/ant/more"))),
    "a class that is a link to all classes":
        _bad(then(_labelled(), _link("train", "train/all"))),
    "one class folder alone, as classes": _bad(tree("ant/1.png"), _apart),
    "parts where classes are wanted": _bad(_labelled(), _apart),
    "an image beside classes": _bad(tree("ant/1.png", "x.png"), _apart),
    "one image of each class": _bad(tree("ant/1.png", "bee/2.png"), _apart),
    "links in a circle":
        _unlabelled(then(tree("a/1.png", "b/2.png"),
                         _link("a", "b/a"), _link("b", "a/b")), 2),
    "a class with a link to the folder above":
        _good(then(_labelled(), _link("train", "train/ant/up")), *TWO),
    "classes that differ in case":
        _good(_labelled("train/Ant/4.png"), ("Ant", *TWO[0]), [0, 1, 2],
              "'Ant' and 'ant' are classes of their own"),
    "classes that look the same":
        _good(tree(f"train/{CAFE}/1.png", f"train/{CAFE_APART}/2.png",
                   f"test/{CAFE}/3.png"), (CAFE_APART, CAFE), [0, 1],
              f"{CAFE_APART!r} and {CAFE!r} are classes of their own"),
    "an empty class folder":
        _good(then(_labelled(), _empty("train/cow")), *TWO, f"{EMPTY}'cow'"),
    "an empty class folder in test":
        _good(then(_labelled(), _empty("test/bee")), *TWO),
    "a class called x.png that is empty":
        _good(then(_labelled(), _empty("train/x.png")), *TWO,
              f"{EMPTY}'x.png'"),
    "a class whose name is no UTF-8":
        _good(tree("train/a/1.png", "train/\udcff/2.png", "test/a/3.png"),
              ("a", "\udcff"), [0, 1]),
    "a folder's name that ends in a space, beside one without":
        _unlabelled(
            lambda f: tree("x /1.png", "x/2.png", "x/3.png")(f) / "x ", 1),
}  # fmt: skip
