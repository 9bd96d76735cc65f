"""Encoders and vectors of a run that are damaged, or hostile."""

import shutil
import zipfile

import numpy as np

from tests.dirty.arrays import OBJECTS
from tests.dirty.case import ANY, Case
from tests.dirty.run_folders import (
    ENCODERS,
    compare_runs,
    damaged,
    embed_run,
    evaluate_run,
    half,
    load_run,
    to,
    whole,
)
from tfcmc.encoders import save_encoder
from tfcmc.foundation.lazy import keras
from tfcmc.runs.folder import Run
from tfcmc.runs.record import identity_of


def _embedded(name, why, **changes):
    """The vectors with arrays changed; None leaves one out."""

    def make(folder):
        path = folder / "softmax-0" / "embedded.npz"
        with np.load(path) as file:
            arrays = dict(file) | changes
        np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
        return folder

    gets = whole("embedded.npz", why)
    return Case(name, make, gets, compare_runs, needs="runs")


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


def _encoder(name, make_model, why, act=embed_run):
    """An encoder that is another model."""

    def make(folder):
        path = folder / "softmax-0" / "encoders" / "L.keras"
        model = make_model(keras.models.load_model(path))
        save_encoder(path, model, identity_of(Run(folder / "softmax-0")))
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


def _swap(folder):
    encoders = folder / "softmax-0" / "encoders"
    shutil.copy(encoders / "ab.keras", encoders / "L.keras")
    return folder


RUN_ARRAYS = [
    _encoder("an encoder with a Lambda layer",
             lambda model: _before(model, keras.layers.Lambda(lambda x: -x)),
             "it names __lambda__, keras.layers.Lambda, which no encoder of "
             "this run has"),
    _encoder("an encoder with weights that are no numbers", _not_finite,
             "it has weights that are not finite", load_run),
    Case("the other view's encoder", _swap,
         f"{ENCODERS}{ANY}/L.keras (its weights are not of this run's "
         "shapes)",
         evaluate_run, needs="runs"),
    damaged("a run without embedded.npz", "embedded.npz", to(None),
          whole("embedded.npz", ANY), compare_runs),
    damaged("a run whose embedded.npz is cut short", "embedded.npz", half,
          whole("embedded.npz", ANY), compare_runs),
    damaged("a run whose embedded.npz is an HTML page", "embedded.npz",
          to(b"<html></html>"), whole("embedded.npz", ANY), compare_runs),
    Case("a run whose embedded.npz unpacks to 1.1 GB", _bomb,
         whole("embedded.npz", f"{ANY} bytes of arrays"), compare_runs,
         needs="runs"),
    Case("a run whose vectors are Python objects", _objects,
         whole("embedded.npz", "Python objects, which are never unpickled"),
         compare_runs, needs="runs"),
    _embedded("a run without the vectors of a view",
              "without embeddings_ab", embeddings_ab=None),
    _embedded("a run whose vectors are no numbers",
              "features_ab has numbers that are not finite",
              features_ab=np.full([160, 384], np.nan, np.float32)),
    _embedded("a run whose map is of other pictures",
              "tsne [3, 2]", tsne=np.zeros([3, 2], np.float32)),
    _embedded("a run whose map is trusted beyond measure",
              "tsne_trustworthiness is nan",
              tsne_trustworthiness=np.array(np.nan)),
    _embedded("a run whose labels are beyond its classes",
              "labels that are none of its pictures",
              labels=np.full(160, 99)),
]  # fmt: skip
