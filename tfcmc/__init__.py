"""tfcmc: which contrastive loss, and what did it do to the representation?

`tfcmc.load(RUN)` gives a run's frozen encoders as a scikit-learn transformer.
Importing the package alone loads neither TensorFlow nor scikit-learn: `load`
is found by the function below, at its first use.
"""

import importlib

__version__ = "0.3.0"


def __getattr__(name):
    if name == "load":
        return importlib.import_module("tfcmc.using.transformer").load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), "load"]
