"""Heavy modules, imported at their first use.

Importing TensorFlow takes seconds. The names, options and ranges of losses,
encoders and data sources have to be known before that, so that `--help` and
a mistake on the command line are answered at once. The files that register
members therefore take `tf` and `keras` from here; nothing loads until a
function of theirs runs.
"""

import contextlib
import importlib
import os
import re
import sys
import tempfile
import types

# What TensorFlow prints while it starts on a machine without a GPU, whatever
# its log level: notes of level I and W, and one E that says "no GPU".
NOISE = re.compile(
    r"WARNING: All log messages before absl|[IW]\d{4} |E\d{4} .*[cC][uU]"
)


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
    """Imports TensorFlow, keeping its start-up notes off the screen."""
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with _without_noise():
        tensorflow = importlib.import_module("tensorflow")
        # Looking for devices is what prints the rest of the notes.
        tensorflow.config.list_physical_devices()


@contextlib.contextmanager
def _without_noise():
    """Holds back what C++ code writes to stderr; passes on what is no noise.

    Works on the file descriptor, since `sys.stderr` sees none of it.
    """
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(screen, 2)
            os.close(screen)
            aside.seek(0)
            for line in aside.read().decode(errors="replace").splitlines():
                if line.strip() and not NOISE.match(line):
                    print(line, file=sys.stderr)


tf = LazyModule("tensorflow", needs_tensorflow=True)
keras = LazyModule("keras", needs_tensorflow=True)
