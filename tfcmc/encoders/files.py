"""Encoders in files: read as data, never as code."""

import collections
import io
import json
import re
import zipfile

import numpy as np

from tfcmc.encoders.base import FEATURES
from tfcmc.foundation.atomic import check_regular, whole
from tfcmc.foundation.errors import UsageError, reason_of
from tfcmc.foundation.lazy import LazyModule, keras
from tfcmc.foundation.records import check_form, numbers_in
from tfcmc.runs.identity import IDENTITY, differences
from tfcmc.runs.identity import NAME as IDENTITY_FILE

h5py = LazyModule("h5py")

MOST_CONFIG = 2**24  # bytes of the description of a model
WEIGHTS = "model.weights.h5"
ROOM = 2**20  # bytes of a file of weights beside the weights
OWN = re.compile(r"^tfcmc_own_[0-9a-f]{12}$")
NO_SIZES = ("seed", "shared_object_id")  # numbers of a description


def save_encoder(path, encoder, identity):
    """Saves an encoder, whole or not at all, with what it was trained as.

    Args:
        path: The `.keras` file.
        identity: That of its run, as `tfcmc.runs.identity` says.
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
        identity: That of the run, as `tfcmc.runs.identity` says.

    Returns:
        As `differences`; empty where no file is, or one that cannot say.
    """
    try:
        return differences(read_trained_as(path), identity)
    except Exception:
        return ""  # of a damaged file nothing is lost


def load_encoder(path, like, identity):
    """Loads an encoder that was saved, if it is made as another one is.

    A `.keras` file describes a model by names of classes that loading it
    calls. Keras's safe mode refuses a Lambda layer, and names that run code
    have got past it before; so only what the other model is made of may be
    named at all. Nor is memory taken for a size that the other model lacks:
    a few kilobytes can declare gigabytes.

    Args:
        path: The `.keras` file.
        like: A `keras.Model` made by the same spec.
        identity: That of the run, as `tfcmc.runs.identity` says.

    Raises:
        UsageError: if the file is missing or damaged, or the model is another
            or another run's.
    """
    try:
        check_regular(path)
        if told := differences(read_trained_as(path), identity):
            raise ValueError(f"another experiment's: it has {told}")
        encoder = read_encoder(path, like)
        encoder.get_layer(FEATURES)
    except FileNotFoundError:
        raise UsageError(
            f"`run` must hold trained encoders. Received: {path}, which is "
            f"not there.\nThe command that trained it writes it at the end."
        ) from None
    except Exception as error:
        # A damaged file fails as zip, JSON, HDF5 or Keras sees it.
        raise UsageError(
            f"`run` must hold trained encoders. "
            f"Received: {path} ({reason_of(error)})"
        ) from None
    return encoder


def read_encoder(path, like):
    """Loads an encoder likewise, whoever saved it.

    Raises:
        Exception: of any kind, if the file is missing or damaged, or the
            model is another.
    """
    check_regular(path)
    with zipfile.ZipFile(path) as file:
        _check_weights(file, like)
        _check_config(file, json.loads(like.to_json()))
    encoder = keras.models.load_model(path, compile=False, safe_mode=True)
    _check_made_alike(encoder, like)
    return encoder


def read_trained_as(path) -> dict:
    """Returns what an encoder that was saved was trained as.

    Raises:
        Exception: of any kind, if the file does not say.
    """
    check_regular(path)
    with zipfile.ZipFile(path) as file:
        if IDENTITY_FILE not in file.namelist():
            raise ValueError(f"it has no {IDENTITY_FILE} inside")
        if file.getinfo(IDENTITY_FILE).file_size > MOST_CONFIG:
            raise ValueError(f"its {IDENTITY_FILE} is too large")
        found = json.loads(file.read(IDENTITY_FILE))
    check_form(found, IDENTITY, IDENTITY_FILE)
    return found


def _check_config(file, like):
    """Checks a model's description, before any of it is made."""
    if file.getinfo("config.json").file_size > MOST_CONFIG:
        raise ValueError("its config.json is too large")
    config = json.loads(file.read("config.json"))
    if strange := sorted(set(_names(config)) - set(_names(like))):
        raise ValueError(
            f"it names {', '.join(strange)}, which no encoder of this run has"
        )
    strange = set(_sizes(config)) - set(_sizes(like))
    layers = [len(each["config"]["layers"]) for each in (config, like)]
    if strange or layers[0] > layers[1]:
        told = (
            ", ".join(map(str, sorted(strange)[:3])) or f"{layers[0]} layers"
        )
        raise ValueError(
            f"it declares {told}, which no encoder of this run has"
        )


def _check_weights(file, like):
    """Checks the shapes of a file's weights, before one is read."""
    size = sum(weight.numpy().nbytes for weight in like.weights)
    if file.getinfo(WEIGHTS).file_size > 2 * size + ROOM:
        raise ValueError(f"its {WEIGHTS} is too large")
    shapes = []

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise ValueError(f"it takes {name} from another file")
            shapes.append(item.shape)

    with h5py.File(io.BytesIO(file.read(WEIGHTS)), "r") as weights:
        weights.visititems(note)
    own = collections.Counter(tuple(each.shape) for each in like.weights)
    found = collections.Counter(shapes)
    if found != own:
        told = " and not ".join(
            str([list(shape) for shape in sorted(more)[:3]])
            for more in (found - own, own - found)
        )
        raise ValueError(f"its weights are not of this run's shapes: {told}")


def _names(config):
    """Yields the name of everything that loading a model would call."""
    if isinstance(config, dict):
        if "class_name" in config:
            # A file of the user's own is named by where it lay.
            module = OWN.sub("", config.get("module") or "")
            yield f"{module}.{config['class_name']}".lstrip(".")
        for value in config.values():
            yield from _names(value)
    elif isinstance(config, list):
        for value in config:
            yield from _names(value)


def _sizes(config):
    """Yields every number of a description that could be a size."""
    for name, number in numbers_in(config):
        if name not in NO_SIZES:
            yield number


def _check_made_alike(encoder, like):
    if encoder.input_shape != like.input_shape:
        raise ValueError(f"it takes images {encoder.input_shape}")
    if not all(np.isfinite(array).all() for array in encoder.get_weights()):
        raise ValueError("it has weights that are not finite")
