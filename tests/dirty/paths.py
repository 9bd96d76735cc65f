"""Paths that are none, or that lead to what is no file of that kind."""

from tests.dirty.case import Case
from trainers import embed, evaluate, neighbours, pretrain
from tuning import report, search

URL = "gs://bucket/x.npz"


def _url(name, main, *words):
    """A URL where a path on this machine is expected."""

    def act(folder):
        main([str(word).replace("RUN", str(folder)) for word in words])

    return Case(
        f"a URL for a path: {main.__module__} {words[-1]}",
        lambda folder: folder,
        f"`{name}` must be a path on this machine, and no URL. "
        f"Received: '{URL}'",
        act,
    )


PATHS = [
    _url("run-dir", pretrain.main, f"--run-dir={URL}"),
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
