"""Run folders that are damaged or hostile, as each command meets them."""

import io
import json
import os
import shutil
import zipfile

import numpy as np

import tfcmc
from tests.dirty.arrays import OBJECTS
from tests.dirty.case import Case, edited, half, noise, same, then
from tfcmc.encoders import save_encoder
from tfcmc.foundation.lazy import keras
from tfcmc.runs.folder import Run
from tfcmc.runs.record import identity_of
from trainers import compare, embed, evaluate, neighbours

SETTINGS = ["--data=shapes(size=160)", "--epochs=2", "--batch-size=16"]
PLACE = "softmax-0"
HTML = b"<html></html>"
NAN = float("nan")
CONFIG, METRICS = "config.json", "metrics.json"
HISTORY, IDENTITY = "history.csv", "identity.json"
LIGHTNESS, COLOUR = "encoders/L.keras", "encoders/ab.keras"
VECTORS = "embedded.npz"


def _evaluate(folder):
    evaluate.main([str(folder / PLACE)])


def _compare(folder):
    words = ["--losses", "softmax", "--seeds", "0", *SETTINGS]
    compare.main([*words, f"--run-dir={folder}"])


def _embed(folder, *words):
    out = f"--out={folder / 'out.npz'}"
    embed.main([str(folder / PLACE), *words, out])


def _embed_others(folder):
    np.savez(folder / "x.npz", x_unlabeled=noise(1, 4, 16, 16, 3))
    _embed(folder, f"--data=npz:{folder / 'x.npz'}")


def _neighbours(folder):
    (folder / "x.png").write_bytes(b"an image, if it came to that")
    neighbours.main([str(folder / PLACE), str(folder / "x.png")])


def _load(folder):
    tfcmc.load(folder / PLACE)


def _case(make, act):
    return Case(make, act, needs="runs")


def _bad(file, change, act):
    """A file of the run with its bytes changed, or without it."""
    return _case(edited(file, change, PLACE), act)


def _with(**changes):
    """Changes what a JSON file holds; None leaves a name out."""

    def change(data):
        found = json.loads(data) | changes
        kept = {k: v for k, v in found.items() if v is not None}
        return json.dumps(kept).encode()

    return change


def _lines(change):
    """Changes the lines of the history."""

    def changed(data):
        lines = data.decode().splitlines()
        return ("\n".join(change(lines)) + "\n").encode()

    return changed


def _no_identity(data):
    """Leaves a member of an encoder's file out."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for name in old.namelist():
            if name != IDENTITY:
                new.writestr(name, old.read(name))
    return out.getvalue()


def _made(change, act, make=same):
    """A run about which something is changed."""
    return _case(then(make, change), act)


def _encoder(change, act):
    """An encoder that is another model."""

    def make(folder):
        path = folder / PLACE / LIGHTNESS
        model = change(keras.models.load_model(path))
        save_encoder(path, model, identity_of(Run(folder / PLACE)))
        return folder

    return _case(make, act)


def with_lambda(model):
    """A model with a layer that runs code of its file's own."""
    inputs = keras.Input(model.input_shape[1:])
    hidden = keras.layers.Lambda(lambda x: -x)(inputs)
    for each in model.layers[1:]:
        hidden = each(hidden)
    return keras.Model(inputs, hidden)


def _not_finite(model):
    kernel = model.layers[1].kernel
    kernel.assign(kernel * np.nan)
    return model


def _vectors(**changes):
    """The vectors with arrays changed; None leaves one out."""

    def change(data):
        with np.load(io.BytesIO(data)) as file:
            arrays = dict(file) | changes
        out = io.BytesIO()
        np.savez(out, **{k: v for k, v in arrays.items() if v is not None})
        return out.getvalue()

    return _bad(VECTORS, change, _compare)


def _bomb(folder):
    """An array of 1.1 GB of zeros."""
    fast = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": 1}
    with zipfile.ZipFile(folder / PLACE / VECTORS, "a", **fast) as file:
        with file.open("more.npy", "w") as member:
            for _ in range(17):
                member.write(bytes(2**26))


RUNS = {
    "a comparison whose figures are a file":
        _made(lambda f: (f / "figures").write_text("mine"), _compare),
    "a run whose config.json is a FIFO":
        _made(lambda f: os.mkfifo(f / PLACE / CONFIG), _load,
              edited(CONFIG, None, PLACE)),
    "a run folder whose name is no UTF-8":
        _case(lambda f: (f / PLACE).rename(f / "\udcff"),
              lambda run: evaluate.main([str(run)])),
    "a run whose config.json is cut short": _bad(CONFIG, half, _evaluate),
    "a run whose config.json is nested without end":
        _bad(CONFIG, b"[" * 200_000, _load),
    "a run whose config.json is a list": _bad(CONFIG, b"[]", _embed),
    "a run whose config.json has no loss":
        _bad(CONFIG, _with(loss=None), _neighbours),
    "a run whose epochs are a word":
        _bad(CONFIG, _with(epochs="two"), _compare),
    "a run with a setting that is not known":
        _bad(CONFIG, _with(bach_size=3), _evaluate),
    "a run whose learning rate is no number":
        _bad(CONFIG, _with(learning_rate=NAN), _load),
    "a run whose data folder is a number":
        _bad(CONFIG, _with(data_dir=5), _embed),
    "a run whose flip is 1": _bad(CONFIG, _with(flip=1), _evaluate),
    "a run without an encoder": _bad(LIGHTNESS, None, _load),
    "a run with an encoder cut short": _bad(LIGHTNESS, half, _evaluate),
    "a run with an HTML page for an encoder": _bad(COLOUR, HTML, _embed),
    "a run whose metrics.json is cut short": _bad(METRICS, half, _compare),
    "a run whose metrics.json is a number": _bad(METRICS, b"3", _compare),
    "a run whose pictures have a side of -64":
        _bad(IDENTITY, lambda d: d.replace(b'"side": 64', b'"side": -64'),
             _load),
    "a run whose identity.json is a number":
        _bad(IDENTITY, b"3", _embed_others),
    "a run without its identity.json": _bad(IDENTITY, None, _evaluate),
    "a run whose config.json is another's":
        _bad(CONFIG, _with(seed=3), _evaluate),
    "a run whose encoder does not say what it was trained as":
        _bad(COLOUR, _no_identity, _load),
    "a run whose verdict lacks the untrained encoders":
        _bad(METRICS, _with(untrained=None), _compare),
    "a run whose alignment is no number":
        _bad(METRICS, _with(alignment=NAN), _compare),
    "a run with an accuracy of 700 %":
        _bad(METRICS, _with(linear_probe={"accuracy": 7.0}), _compare),
    "a run whose uniformity is text":
        _bad(METRICS, _with(uniformity="-3.5"), _compare),
    "a run whose history has a word for a number":
        _bad(HISTORY, _lines(lambda n: [n[0], "1,two", *n[2:]]), _evaluate),
    "a run whose history is cut short":
        _bad(HISTORY, lambda d: d[:-10], _compare),
    "a run whose history ends within its last number":
        _bad(HISTORY, lambda d: d[:-2], _evaluate),
    "a run whose history lacks an epoch":
        _bad(HISTORY, _lines(lambda n: [n[0], *n[2:]]), _compare),
    "a run whose history lacks a column":
        _bad(HISTORY, lambda d: d.replace(b"alignment", b"alingment"),
             _evaluate),
    "a run whose history is of zeros":
        _bad(HISTORY, lambda d: bytes(len(d)), _evaluate),
    "an encoder with a Lambda layer": _encoder(with_lambda, _embed),
    "an encoder with weights that are no numbers":
        _encoder(_not_finite, _load),
    "the other view's encoder":
        _made(lambda f: shutil.copy(f / PLACE / COLOUR, f / PLACE / LIGHTNESS),
              _evaluate),
    "a run without embedded.npz": _bad(VECTORS, None, _compare),
    "a run whose embedded.npz is cut short": _bad(VECTORS, half, _compare),
    "a run whose embedded.npz is an HTML page":
        _bad(VECTORS, HTML, _compare),
    "a run whose embedded.npz unpacks to 1.1 GB": _made(_bomb, _compare),
    "a run whose vectors are Python objects":
        _vectors(features_L=OBJECTS),
    "a run without the vectors of a view": _vectors(embeddings_ab=None),
    "a run whose vectors are no numbers":
        _vectors(features_ab=np.full([160, 384], np.nan, np.float32)),
    "a run whose map is of other pictures":
        _vectors(tsne=np.zeros([3, 2], np.float32)),
    "a run whose map is trusted beyond measure":
        _vectors(tsne_trustworthiness=np.array(np.nan)),
    "a run whose labels are beyond its classes":
        _vectors(labels=np.full(160, 99)),
}  # fmt: skip
