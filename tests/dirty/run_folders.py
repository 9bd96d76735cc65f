"""Run folders that are damaged, as each command meets them."""

import io
import json
import os
import zipfile

import numpy as np

import tfcmc
from tests.dirty.case import ANY, Case, noise
from trainers import compare, embed, evaluate, neighbours

SETTINGS = ["--data=shapes(size=160)", "--epochs=2", "--batch-size=16"]


def evaluate_run(folder):
    evaluate.main([str(folder / "softmax-0")])


def compare_runs(folder):
    words = ["--losses", "softmax", "--seeds", "0", *SETTINGS]
    compare.main([*words, f"--run-dir={folder}"])


def embed_run(folder):
    embed.main([str(folder / "softmax-0"), f"--out={folder / 'out.npz'}"])


def _embed_others(folder):
    np.savez(folder / "x.npz", x_unlabeled=noise(1, 4, 16, 16, 3))
    out = f"--out={folder / 'out.npz'}"
    data = f"--data=npz:{folder / 'x.npz'}"
    embed.main([str(folder / "softmax-0"), data, out])


def _neighbours(folder):
    (folder / "x.png").write_bytes(b"an image, if it came to that")
    neighbours.main([str(folder / "softmax-0"), str(folder / "x.png")])


def load_run(folder):
    tfcmc.load(folder / "softmax-0")


def whole(file, why, name=None):
    """What a damaged file is told with."""
    return (
        f"`{file}` must be whole, as a run wrote it. Received: "
        f"{ANY}/softmax-0/{name or file} ({why})"
    )


def damaged(name, file, change, gets, act):
    """A file of the run with its bytes changed, or without it."""

    def make(folder):
        path = folder / "softmax-0" / file
        data = change(path.read_bytes())
        path.unlink()
        if data is not None:
            path.write_bytes(data)
        return folder

    return Case(name, make, gets, act, needs="runs")


def _with(**changes):
    """Changes what a JSON file holds; None leaves a name out."""

    def change(data):
        found = json.loads(data) | changes
        kept = {k: v for k, v in found.items() if v is not None}
        return json.dumps(kept).encode()

    return change


def to(value):
    return lambda data: value


def half(data):
    return data[: len(data) // 2]


def without(member):
    """Leaves a member of a zip out."""

    def change(data):
        out = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(data)) as old,
            zipfile.ZipFile(out, "w") as new,
        ):
            for name in old.namelist():
                if name != member:
                    new.writestr(name, old.read(name))
        return out.getvalue()

    return change


def _lines(change):
    """Changes the lines of the history."""

    def changed(data):
        lines = data.decode().splitlines()
        return ("\n".join(change(lines)) + "\n").encode()

    return changed


def _piped(folder):
    path = folder / "softmax-0" / "config.json"
    path.unlink()
    os.mkfifo(path)
    return folder


def _renamed(folder):
    return (folder / "softmax-0").rename(folder / "\udcff")


def _evaluate_renamed(run):
    evaluate.main([str(run)])


ENCODERS = "`run` must hold trained encoders. Received: "
NAN = float("nan")


def _figures_file(folder):
    (folder / "figures").write_text("mine")
    return folder


RUNS = [
    Case("a comparison whose figures are a file", _figures_file,
         "`run-dir` must be a folder that can be written to. Received: "
         f"'{ANY}/figures (File exists)'", compare_runs, needs="runs"),
    Case("a run whose config.json is a FIFO", _piped,
         whole("config.json", "not a regular file"), load_run, needs="runs"),
    Case("a run folder whose name is no UTF-8", _renamed,
         "`run` must be a folder whose path is UTF-8, as TensorFlow needs. "
         f"Received: '{ANY}/\\udcff'", _evaluate_renamed, needs="runs"),
    damaged("a run whose config.json is cut short", "config.json", half,
          whole("config.json", ANY),
          evaluate_run),
    damaged("a run whose config.json is nested without end", "config.json",
          to(b"[" * 200_000), whole("config.json", ANY), load_run),
    damaged("a run whose config.json is a list", "config.json", to(b"[]"),
          whole("config.json", "it is no table of names"), embed_run),
    damaged("a run whose config.json has no loss", "config.json",
          _with(loss=None), whole("config.json", "it lacks loss"),
          _neighbours),
    damaged("a run whose epochs are a word", "config.json",
          _with(epochs="two"), whole("config.json", "epochs is 'two'"),
          compare_runs),
    damaged("a run with a setting that is not known", "config.json",
          _with(bach_size=3), f"{ANY}/config.json: Unknown setting: "
          f"'bach_size'. Did you mean batch_size?\nKnown: {ANY}.",
          evaluate_run),
    damaged("a run whose learning rate is no number", "config.json",
          _with(learning_rate=NAN),
          whole("config.json", "learning_rate is nan"), load_run),
    damaged("a run whose data folder is a number", "config.json",
          _with(data_dir=5), f"{ANY}/config.json: `data-dir` must be text. "
          "Received: 5", embed_run),
    damaged("a run whose flip is 1", "config.json", _with(flip=1),
          f"{ANY}/config.json: `flip` must be one of True, False. "
          "Received: 1", evaluate_run),
    damaged("a run without an encoder", "encoders/L.keras", to(None),
          f"{ENCODERS}{ANY}/L.keras ({ANY})", load_run),
    damaged("a run with an encoder cut short", "encoders/L.keras", half,
          f"{ENCODERS}{ANY}/L.keras ({ANY})", evaluate_run),
    damaged("a run with an HTML page for an encoder", "encoders/ab.keras",
          to(b"<html></html>"), f"{ENCODERS}{ANY}/ab.keras ({ANY})",
          embed_run),
    damaged("a run whose metrics.json is cut short", "metrics.json", half,
          whole("metrics.json", ANY), compare_runs),
    damaged("a run whose metrics.json is a number", "metrics.json", to(b"3"),
          whole("metrics.json", "it is no table of names"), compare_runs),
    damaged("a run whose pictures have a side of -64", "identity.json",
          lambda data: data.replace(b'"side": 64', b'"side": -64'),
          whole("identity.json", "side is -64"), load_run),
    damaged("a run whose identity.json is a number", "identity.json", to(b"3"),
          whole("identity.json", "it is no table of names"), _embed_others),
    damaged("a run without its identity.json", "identity.json", to(None),
          "`run` must hold identity.json, which says what was trained on "
          f"which pictures. Received: '{ANY}/softmax-0', without it.\nThe "
          "command that trained it writes it again.", evaluate_run),
    damaged("a run whose config.json is another's", "config.json",
          _with(seed=3), "`config.json` must be that of the run it lies in. "
          f"Received: {ANY}/config.json, which has seed 3 and not 0",
          evaluate_run),
    damaged("a run whose encoder does not say what it was trained as",
          "encoders/ab.keras", without("identity.json"),
          f"{ENCODERS}{ANY}/ab.keras (it has no identity.json inside)",
          load_run),
    damaged("a run whose verdict lacks the untrained encoders", "metrics.json",
          _with(untrained=None), whole("metrics.json", "it lacks untrained"),
          compare_runs),
    damaged("a run whose alignment is no number", "metrics.json",
          _with(alignment=NAN), whole("metrics.json", "alignment is nan"),
          compare_runs),
    damaged("a run with an accuracy of 700 %", "metrics.json",
          _with(linear_probe={"accuracy": 7.0}),
          whole("metrics.json", "accuracy is 7.0"), compare_runs),
    damaged("a run whose uniformity is text", "metrics.json",
          _with(uniformity="-3.5"),
          whole("metrics.json", "uniformity is '-3.5'"), compare_runs),
    damaged("a run whose history has a word for a number", "history.csv",
          _lines(lambda lines: [lines[0], "1,two", *lines[2:]]),
          whole("history.csv", ANY), evaluate_run),
    damaged("a run whose history is cut short", "history.csv",
          lambda data: data[:-10], whole("history.csv", ANY), compare_runs),
    damaged("a run whose history ends within its last number", "history.csv",
          lambda data: data[:-2],
          whole("history.csv", "it does not end with a whole line"),
          evaluate_run),
    damaged("a run whose history lacks an epoch", "history.csv",
          _lines(lambda lines: [lines[0], *lines[2:]]),
          whole("history.csv", "line 2"), compare_runs),
    damaged("a run whose history lacks a column", "history.csv",
          lambda data: data.replace(b"alignment", b"alingment"),
          whole("history.csv", "it lacks alignment"), evaluate_run),
    damaged("a run whose history is of zeros", "history.csv",
          lambda data: bytes(len(data)), whole("history.csv", ANY),
          evaluate_run),
]  # fmt: skip
