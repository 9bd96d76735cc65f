"""Run folders that are damaged, as each command meets them."""

import json
import shutil
import zipfile

import numpy as np

import tfcmc
from tests.dirty.arrays import OBJECTS
from tests.dirty.case import ANY, Case, noise
from tfcmc.lazy import keras
from trainers import compare, embed, evaluate, neighbours

SETTINGS = ["--data=shapes(size=160)", "--epochs=2", "--batch-size=16"]


def _evaluate(folder):
    evaluate.main([str(folder / "softmax-0")])


def _compare(folder):
    words = ["--losses", "softmax", "--seeds", "0", *SETTINGS]
    compare.main([*words, f"--run-dir={folder}"])


def _embed(folder):
    embed.main([str(folder / "softmax-0"), f"--out={folder / 'out.npz'}"])


def _embed_others(folder):
    np.savez(folder / "x.npz", x_unlabeled=noise(1, 4, 16, 16, 3))
    out = f"--out={folder / 'out.npz'}"
    data = f"--data=npz:{folder / 'x.npz'}"
    embed.main([str(folder / "softmax-0"), data, out])


def _neighbours(folder):
    (folder / "x.png").write_bytes(b"an image, if it came to that")
    neighbours.main([str(folder / "softmax-0"), str(folder / "x.png")])


def _load(folder):
    tfcmc.load(folder / "softmax-0")


def _whole(file, why, name=None):
    """What a damaged file is told with."""
    return (
        f"`{file}` must be whole, as a run wrote it. Received: "
        f"{ANY}/softmax-0/{name or file} ({why})"
    )


def _case(name, file, change, gets, act):
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


def _to(value):
    return lambda data: value


def _half(data):
    return data[: len(data) // 2]


def _lines(change):
    """Changes the lines of the history."""

    def changed(data):
        lines = data.decode().splitlines()
        return ("\n".join(change(lines)) + "\n").encode()

    return changed


def _embedded(name, why, **changes):
    """The vectors with arrays changed; None leaves one out."""

    def make(folder):
        path = folder / "softmax-0" / "embedded.npz"
        with np.load(path) as file:
            arrays = dict(file) | changes
        np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
        return folder

    gets = _whole("embedded.npz", why)
    return Case(name, make, gets, _compare, needs="runs")


def _objects(folder):
    """Puts what must not be unpickled in the place of the vectors."""
    np.savez(folder / "softmax-0" / "embedded.npz", features_L=OBJECTS)
    return folder


def _bomb(folder):
    """Adds an array of 1.1 GB of zeros."""
    path = folder / "softmax-0" / "embedded.npz"
    fast = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": 1}
    with zipfile.ZipFile(path, "a", **fast) as file:
        with file.open("more.npy", "w") as member:
            for _ in range(17):
                member.write(bytes(2**26))
    return folder


def _encoder(name, make_model, why, act=_embed):
    """An encoder that is another model."""

    def make(folder):
        path = folder / "softmax-0" / "encoders" / "L.keras"
        make_model(keras.models.load_model(path)).save(path)
        return folder

    gets = "`run` must hold trained encoders. Received: "
    gets += f"{ANY}/softmax-0/encoders/L.keras ({why})"
    return Case(name, make, gets, act, needs="runs")


def _before(model, layer):
    inputs = keras.Input(model.input_shape[1:])
    hidden = layer(inputs)
    for each in model.layers[1:]:
        hidden = each(hidden)
    return keras.Model(inputs, hidden)


def _not_finite(model):
    kernel = model.layers[1].kernel
    kernel.assign(kernel * np.nan)
    return model


def _renamed(folder):
    return (folder / "softmax-0").rename(folder / "\udcff")


def _evaluate_renamed(run):
    evaluate.main([str(run)])


def _swap(folder):
    encoders = folder / "softmax-0" / "encoders"
    shutil.copy(encoders / "ab.keras", encoders / "L.keras")
    return folder


CONFIG = "`config.json` must be"
ENCODERS = "`run` must hold trained encoders. Received: "
NAN = float("nan")

RUNS = [
    Case("a run folder whose name is no UTF-8", _renamed,
         "`run` must be a folder whose path is UTF-8, as TensorFlow needs. "
         f"Received: '{ANY}/\\udcff'", _evaluate_renamed, needs="runs"),
    _case("a run whose config.json is cut short", "config.json", _half,
          f"{CONFIG} readable JSON. Received: {ANY}/config.json ({ANY})",
          _evaluate),
    _case("a run whose config.json is nested without end", "config.json",
          _to(b"[" * 200_000), _whole("config.json", ANY), _load),
    _case("a run whose config.json is a list", "config.json", _to(b"[]"),
          _whole("config.json", "it is no table of names"), _embed),
    _case("a run whose config.json has no loss", "config.json",
          _with(loss=None), _whole("config.json", "it lacks loss"),
          _neighbours),
    _case("a run whose epochs are a word", "config.json",
          _with(epochs="two"), _whole("config.json", "epochs is 'two'"),
          _compare),
    _case("a run with a setting that is not known", "config.json",
          _with(bach_size=3), f"{ANY}/config.json: Unknown setting: "
          f"'bach_size'. Did you mean batch_size?\nKnown: {ANY}.", _evaluate),
    _case("a run whose learning rate is no number", "config.json",
          _with(learning_rate=NAN), f"{ANY}/config.json: `learning-rate` "
          "must be a number above 0 and at most 10. Received: nan", _load),
    _case("a run whose data folder is a number", "config.json",
          _with(data_dir=5), f"{ANY}/config.json: `data-dir` must be text. "
          "Received: 5", _embed),
    _case("a run whose flip is 1", "config.json", _with(flip=1),
          f"{ANY}/config.json: `flip` must be one of True, False. "
          "Received: 1", _evaluate),
    _case("a run without an encoder", "encoders/L.keras", _to(None),
          f"{ENCODERS}{ANY}/L.keras ({ANY})", _load),
    _case("a run with an encoder cut short", "encoders/L.keras", _half,
          f"{ENCODERS}{ANY}/L.keras ({ANY})", _evaluate),
    _case("a run with an HTML page for an encoder", "encoders/ab.keras",
          _to(b"<html></html>"), f"{ENCODERS}{ANY}/ab.keras ({ANY})", _embed),
    _encoder("an encoder with a Lambda layer",
             lambda model: _before(model, keras.layers.Lambda(lambda x: -x)),
             "it names __lambda__, keras.layers.Lambda, which no encoder of "
             "this run has"),
    _encoder("an encoder with weights that are no numbers", _not_finite,
             "it has weights that are not finite", _load),
    Case("the other view's encoder", _swap,
         f"{ENCODERS}{ANY}/L.keras (it takes images (None, 64, 64, 2))",
         _evaluate, needs="runs"),
    _case("a run whose metrics.json is cut short", "metrics.json", _half,
          "`metrics.json` must be readable JSON. Received: "
          f"{ANY}/metrics.json ({ANY})", _compare),
    _case("a run whose metrics.json is a number", "metrics.json", _to(b"3"),
          _whole("metrics.json", "it is no table of names"), _embed_others),
    _case("a run whose pictures have a side of -64", "metrics.json",
          _with(picture_side=-64),
          _whole("metrics.json", "picture_side is -64"), _load),
    _case("a run whose verdict lacks the untrained encoders", "metrics.json",
          _with(untrained=None), _whole("metrics.json", "it lacks untrained"),
          _compare),
    _case("a run whose alignment is no number", "metrics.json",
          _with(alignment=NAN), _whole("metrics.json", "alignment is nan"),
          _compare),
    _case("a run with an accuracy of 700 %", "metrics.json",
          _with(linear_probe={"accuracy": 7.0}),
          _whole("metrics.json", "accuracy is 7.0"), _compare),
    _case("a run whose uniformity is text", "metrics.json",
          _with(uniformity="-3.5"),
          _whole("metrics.json", "uniformity is '-3.5'"), _compare),
    _case("a run whose history has a word for a number", "history.csv",
          _lines(lambda lines: [lines[0], "1,two", *lines[2:]]),
          _whole("history.csv", ANY), _evaluate),
    _case("a run whose history is cut short", "history.csv",
          lambda data: data[:-10], _whole("history.csv", ANY), _compare),
    _case("a run whose history ends within its last number", "history.csv",
          lambda data: data[:-2],
          _whole("history.csv", "it does not end with a whole line"),
          _evaluate),
    _case("a run whose history lacks an epoch", "history.csv",
          _lines(lambda lines: [lines[0], *lines[2:]]),
          _whole("history.csv", "line 2"), _compare),
    _case("a run whose history lacks a column", "history.csv",
          lambda data: data.replace(b"alignment", b"alingment"),
          _whole("history.csv", "it lacks alignment"), _evaluate),
    _case("a run whose history is of zeros", "history.csv",
          lambda data: bytes(len(data)), _whole("history.csv", ANY),
          _evaluate),
    _case("a run without embedded.npz", "embedded.npz", _to(None),
          _whole("embedded.npz", ANY), _compare),
    _case("a run whose embedded.npz is cut short", "embedded.npz", _half,
          _whole("embedded.npz", ANY), _compare),
    _case("a run whose embedded.npz is an HTML page", "embedded.npz",
          _to(b"<html></html>"), _whole("embedded.npz", ANY), _compare),
    Case("a run whose embedded.npz unpacks to 1.1 GB", _bomb,
         _whole("embedded.npz", f"{ANY} bytes of arrays"), _compare,
         needs="runs"),
    Case("a run whose vectors are Python objects", _objects,
         "`embedded.npz` must be a readable .npz file. Received: "
         f"{ANY}/embedded.npz (Object arrays cannot be loaded{ANY})",
         _compare, needs="runs"),
    _embedded("a run without the vectors of a view",
              "without embeddings_ab", embeddings_ab=None),
    _embedded("a run whose vectors are no numbers",
              "features_ab has numbers that are not finite",
              features_ab=np.full([160, 384], np.nan, np.float32)),
    _embedded("a run whose labels are beyond its classes",
              "labels that are none of its pictures",
              labels=np.full(160, 99)),
]  # fmt: skip
