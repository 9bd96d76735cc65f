"""Heavy modules, imported at their first use.

Importing TensorFlow takes seconds. The names, options and ranges of losses,
encoders and data sources have to be known before that, so that `--help` and
a mistake on the command line are answered at once. The files that register
members therefore take `tf` and `keras` from here; nothing loads until a
function of theirs runs.
"""

import importlib
import os
import types


class LazyModule(types.ModuleType):
    """A stand-in that imports the module it names at the first attribute.

    Args:
        name: The module's full name.
        needs_tensorflow: Whether importing it imports TensorFlow.
    """

    def __init__(self, name, *, needs_tensorflow=False):
        super().__init__(name)
        self.__dict__["_needs_tensorflow"] = needs_tensorflow

    def __getattr__(self, name):
        if self.__dict__["_needs_tensorflow"]:
            load_tensorflow()
        return getattr(importlib.import_module(self.__name__), name)


def load_tensorflow():
    """Imports TensorFlow, and settles that Keras runs on it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    importlib.import_module("tensorflow")


tf = LazyModule("tensorflow", needs_tensorflow=True)
keras = LazyModule("keras", needs_tensorflow=True)
