"""Heavy modules, imported at their first use.

Importing TensorFlow takes seconds. The names, options and ranges of losses,
encoders and data sources have to be known before that, so that `--help` and
a mistake on the command line are answered at once. The files that register
members therefore take `tf` and `keras` from here; nothing loads until a
function of theirs runs.
"""

import contextlib
import functools
import importlib
import json
import os
import pathlib
import sys
import types

from tfcmc.foundation.errors import UsageError

BACKEND = "KERAS_BACKEND"
# Keras makes the policy of floatx at its first use.
SETTINGS = {
    "floatx": "float32",
    "dtype_policy": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "max_epochs": None,
    "max_steps_per_epoch": None,
}
LOADING = contextlib.nullcontext  # what the imports are wrapped in


class LazyModule(types.ModuleType):
    """A stand-in that imports the module it names at the first attribute."""

    def __init__(self, name, *, needs_tensorflow=False):
        super().__init__(name)
        self.__dict__["_needs_tensorflow"] = needs_tensorflow

    def __getattr__(self, name):
        if self.__dict__["_needs_tensorflow"]:
            load_tensorflow()
        value = getattr(importlib.import_module(self.__name__), name)
        # Python asks here only for what is not kept.
        self.__dict__[name] = value
        return value


@functools.cache
def load_tensorflow():
    """Imports TensorFlow and Keras; what they are set to stays.

    Raises:
        UsageError: if Keras is set to run on something else.
    """
    check_backend()
    os.environ[BACKEND] = "tensorflow"
    with importing():
        tensorflow = importlib.import_module("tensorflow")
        # Else it would note what it finds some other time.
        tensorflow.config.list_physical_devices()
        importlib.import_module("keras")


@contextlib.contextmanager
def importing():
    """Imports what may load TensorFlow, without what it logs on its way."""
    # Of several machines, it calls crashed what was done a moment earlier.
    level = "3" if os.environ.get("TF_CONFIG") else "2"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", level)
    # Else the first process of several takes all of a GPU's memory.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    with LOADING():
        yield


@contextlib.contextmanager
def settled():
    """Sets Keras as all that is here is written for, and back again.

    What its user, keras.json and KERAS_MAX_EPOCHS say would change networks,
    their arithmetic and the length of trainings without a word.
    """
    load_tensorflow()
    config = sys.modules["keras"].config
    before = {name: getattr(config, name)() for name in SETTINGS}
    try:
        for name, value in SETTINGS.items():
            getattr(config, f"set_{name}")(value)
        yield
    finally:
        for name, value in before.items():
            getattr(config, f"set_{name}")(value)


@contextlib.contextmanager
def hidden(*names):
    """Hides modules, but those that are loaded, from what is imported."""
    names = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


def check_backend() -> None:
    """Checks that nobody has set Keras to run on something else.

    Raises:
        UsageError: if it is imported on another backend, or KERAS_BACKEND or
            keras.json names one.
    """
    told = "set KERAS_BACKEND=tensorflow"
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
        where = "where it is imported already"
        told += " before Keras is imported"
    elif backend := os.environ.get(BACKEND):
        where = f"in {BACKEND}"
    else:
        path = _keras_home() / "keras.json"
        backend, where = _stored_backend(path), f"in {path}"
    if backend not in (None, "tensorflow"):
        raise UsageError(
            f"Keras must run on TensorFlow. Received: {backend!r} {where}.\n"
            f"To go on, {told}."
        )


def _keras_home():
    """Returns the folder of Keras's settings, as Keras finds it."""
    home = os.path.expanduser("~")
    home = home if os.access(home, os.W_OK) else "/tmp"
    own = os.path.join(home, ".keras")
    return pathlib.Path(os.path.expanduser(os.environ.get("KERAS_HOME", own)))


def _stored_backend(path):
    """Reads the backend off keras.json; what is no such file sets none."""
    try:
        return json.loads(path.read_text("utf-8")).get("backend")
    except (OSError, ValueError, AttributeError):
        return None


tf = LazyModule("tensorflow", needs_tensorflow=True)
keras = LazyModule("keras", needs_tensorflow=True)
