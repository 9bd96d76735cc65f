"""Paths that are none, or that lead to what is no file of that kind."""

import os
import shutil

import numpy as np
from PIL import Image

from tests.dirty.case import ANY, Case, noise
from trainers import embed, evaluate, neighbours, pretrain
from tuning import report, search

URL = "gs://bucket/x.npz"
ONE_SLASH = "gs:/bucket/x.npz"  # as pathlib writes it


def _url(name, main, *words, url=URL):
    """A URL where a path on this machine is expected."""

    def act(folder):
        main([str(word).replace("RUN", str(folder)) for word in words])

    return Case(
        f"a URL for a path: {main.__module__} {words[-1]}",
        lambda folder: folder,
        f"`{name}` must be a path on this machine, and no URL. "
        f"Received: '{url}'",
        act,
    )


def _written_over(name, main, words, out, place, link=None):
    """An output that is an input, by its own name or by a link's."""

    def make(folder):
        np.savez(folder / "x.npz", x_unlabeled=noise(1, 4, 16, 16, 3))
        (folder / "album").mkdir()
        Image.fromarray(noise(2)).save(folder / "album" / "x.png")
        if link is not None:
            link(folder / "x.npz", folder / "link.npz")
        return folder

    def act(folder):
        given = [word.replace("DIR", str(folder)) for word in words]
        main([str(folder / "softmax-0"), *given, f"--out={folder / out}"])

    return Case(
        f"an output that is an input: {name}",
        make,
        f"`out` must be a file that is not read. Received: '{ANY}/{out}', "
        f"which is of {place}",
        act,
        needs="runs",
    )


def _another(data, _):
    """Makes one more run beside the one that is there."""
    shutil.copytree(data.with_name("softmax-0"), data.with_name("spring-0"))


ARRAYS = ["--data=npz:DIR/x.npz"]
IMAGE = "DIR/album/x.png"
PATHS = [
    _written_over("the data", embed.main, ARRAYS, "x.npz", f"npz:{ANY}"),
    _written_over("the data, by a symbolic link", embed.main, ARRAYS,
                  "link.npz", f"npz:{ANY}", os.symlink),
    _written_over("the data, by a hard link", embed.main, ARRAYS, "link.npz",
                  f"npz:{ANY}", os.link),
    _written_over("a file of the run", embed.main, [],
                  "softmax-0/embedded.npz", f"the run in {ANY}"),
    _written_over("a file of another run", embed.main, [],
                  "spring-0/embedded.npz", f"the run in {ANY}", _another),
    _written_over("the image searched for", neighbours.main, [IMAGE],
                  "album/x.png", "what is asked for"),
    _written_over("one more picture of the data", neighbours.main,
                  [IMAGE, "--data=folder:DIR/album"], "album/new.png",
                  f"folder:{ANY}"),
    _url("run-dir", pretrain.main, f"--run-dir={URL}"),
    _url("run-dir", pretrain.main, f"--run-dir={ONE_SLASH}", url=ONE_SLASH),
    _url("run-dir", search.main, f"--run-dir={URL}"),
    _url("data-dir", pretrain.main, "--data=stl10", f"--data-dir={URL}"),
    _url("data", pretrain.main, f"--data=folder:{URL}"),
    _url("data", pretrain.main, f"--data=npz:{URL}"),
    _url("config", pretrain.main, f"--config={URL}"),
    _url("run", evaluate.main, URL),
    _url("out", embed.main, "RUN", f"--out={URL}"),
    _url("image", neighbours.main, "RUN", URL),
    _url("search", report.main, URL),
]  # fmt: skip
