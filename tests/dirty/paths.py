"""Paths that are none, or that lead to what is no file of that kind."""

import os
import shutil

import numpy as np

from tests.dirty.case import Case, noise, same
from tests.dirty.pictures import GOOD
from trainers import embed, evaluate, neighbours, pretrain
from tuning import report, search

URL = "gs://bucket/x.npz"
ONE_SLASH = "gs:/bucket/x.npz"  # as pathlib writes it


def _url(main, *words):
    """A URL where a path on this machine is expected."""

    def act(folder):
        main([word.replace("RUN", str(folder)) for word in words])

    name = f"a URL for a path: {main.__module__} {words[-1]}"
    return name, Case(same, act)


def _written_over(main, out, *words, change=None):
    """An output that is an input, by its own name or by a link's."""

    def make(folder):
        np.savez(folder / "x.npz", x_unlabeled=noise(1, 4, 16, 16, 3))
        (folder / "album").mkdir()
        (folder / "album" / "x.png").write_bytes(GOOD)
        if change is not None:
            change(folder)
        return folder

    def act(folder):
        given = [word.replace("DIR", str(folder)) for word in words]
        main([str(folder / "softmax-0"), *given, f"--out={folder / out}"])

    return Case(make, act, needs="runs")


def _linked(link):
    return lambda folder: link(folder / "x.npz", folder / "link.npz")


def _another(folder):
    """Makes one more run beside the one that is there."""
    shutil.copytree(folder / "softmax-0", folder / "spring-0")


ARRAYS = "--data=npz:DIR/x.npz"
IMAGE = "DIR/album/x.png"
OUT = "an output that is an input"
PATHS = {
    f"{OUT}: the data": _written_over(embed.main, "x.npz", ARRAYS),
    f"{OUT}: the data, by a symbolic link":
        _written_over(embed.main, "link.npz", ARRAYS,
                      change=_linked(os.symlink)),
    f"{OUT}: the data, by a hard link":
        _written_over(embed.main, "link.npz", ARRAYS, change=_linked(os.link)),
    f"{OUT}: a file of the run":
        _written_over(embed.main, "softmax-0/embedded.npz"),
    f"{OUT}: a file of another run":
        _written_over(embed.main, "spring-0/embedded.npz", change=_another),
    f"{OUT}: the image searched for":
        _written_over(neighbours.main, "album/x.png", IMAGE),
    f"{OUT}: one more picture of the data":
        _written_over(neighbours.main, "album/new.png", IMAGE,
                      "--data=folder:DIR/album"),
    **dict([
        _url(pretrain.main, f"--run-dir={URL}"),
        _url(pretrain.main, f"--run-dir={ONE_SLASH}"),
        _url(search.main, f"--run-dir={URL}"),
        _url(pretrain.main, "--data=stl10", f"--data-dir={URL}"),
        _url(pretrain.main, f"--data=folder:{URL}"),
        _url(pretrain.main, f"--data=npz:{URL}"),
        _url(pretrain.main, f"--config={URL}"),
        _url(evaluate.main, URL),
        _url(embed.main, "RUN", f"--out={URL}"),
        _url(neighbours.main, "RUN", URL),
        _url(report.main, URL),
    ]),
}  # fmt: skip
