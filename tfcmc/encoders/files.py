"""Encoders in files: read as data, never as code."""

import json
import zipfile

import numpy as np

from tfcmc.checks import UsageError, reason_of
from tfcmc.encoders.base import FEATURES
from tfcmc.files import whole
from tfcmc.identity import IDENTITY, differences
from tfcmc.identity import NAME as IDENTITY_FILE
from tfcmc.lazy import keras
from tfcmc.records import check_form

MOST_CONFIG = 2**24  # bytes of the description of a model


def save_encoder(path, encoder, identity):
    """Saves an encoder, whole or not at all, with what it was trained as.

    Args:
        path: The `.keras` file.
        encoder: A `keras.Model`.
        identity: That of its run, as `tfcmc.identity` says.
    """
    with whole(path) as aside:
        encoder.save(aside)
        # The file is a zip; Keras reads no names but its own.
        with zipfile.ZipFile(aside, "a") as file:
            file.writestr(IDENTITY_FILE, json.dumps(identity))


def strange_encoder(path, identity):
    """Says in what an encoder that would be overwritten is another run's.

    Args:
        path: The `.keras` file.
        identity: That of the run, as `tfcmc.identity` says.

    Returns:
        As `differences`; empty where no file is, or one that cannot say.
    """
    try:
        return differences(_identity(path), identity)
    except Exception:
        return ""  # of a damaged file nothing is lost


def load_encoder(path, like, identity):
    """Loads an encoder that was saved, if it is made as another one is.

    A `.keras` file describes a model by names of classes that loading it
    calls. Keras's safe mode refuses a Lambda layer, and names that run code
    have got past it before; so only what the other model is made of may be
    named at all.

    Args:
        path: The `.keras` file.
        like: A `keras.Model` made by the same spec.
        identity: That of the run, as `tfcmc.identity` says.

    Returns:
        A `keras.Model`.

    Raises:
        UsageError: if the file is missing or damaged, or the model is another
            or another run's.
    """
    try:
        _check_names(path, like)
        if told := differences(_identity(path), identity):
            raise ValueError(f"another experiment's: it has {told}")
        encoder = keras.models.load_model(path, compile=False, safe_mode=True)
        encoder.get_layer(FEATURES)
        _check_made_alike(encoder, like)
    except Exception as error:
        # A damaged file fails as zip, JSON, HDF5 or Keras sees it.
        raise UsageError(
            f"`run` must hold trained encoders. "
            f"Received: {path} ({reason_of(error)})"
        ) from None
    return encoder


def _identity(path):
    """Returns what an encoder that was saved was trained as."""
    with zipfile.ZipFile(path) as file:
        if IDENTITY_FILE not in file.namelist():
            raise ValueError(f"it has no {IDENTITY_FILE} inside")
        if file.getinfo(IDENTITY_FILE).file_size > MOST_CONFIG:
            raise ValueError(f"its {IDENTITY_FILE} is too large")
        found = json.loads(file.read(IDENTITY_FILE))
    check_form(found, IDENTITY, IDENTITY_FILE)
    return found


def _check_names(path, like):
    with zipfile.ZipFile(path) as file:
        if file.getinfo("config.json").file_size > MOST_CONFIG:
            raise ValueError("its config.json is too large")
        named = set(_names(json.loads(file.read("config.json"))))
    if strange := sorted(named - set(_names(json.loads(like.to_json())))):
        raise ValueError(
            f"it names {', '.join(strange)}, which no encoder of this run has"
        )


def _names(config):
    """Yields the name of everything that loading a model would call."""
    if isinstance(config, dict):
        if "class_name" in config:
            module = config.get("module")
            yield f"{module or ''}.{config['class_name']}".lstrip(".")
        for value in config.values():
            yield from _names(value)
    elif isinstance(config, list):
        for value in config:
            yield from _names(value)


def _check_made_alike(encoder, like):
    if encoder.input_shape != like.input_shape:
        raise ValueError(f"it takes images {encoder.input_shape}")
    shapes = [
        [tuple(weight.shape) for weight in model.weights]
        for model in (encoder, like)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError("its weights are not of this run's shapes")
    if not all(np.isfinite(array).all() for array in encoder.get_weights()):
        raise ValueError("it has weights that are not finite")
