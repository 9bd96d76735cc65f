"""tfcmc: which contrastive loss, and what did it do to the representation?

`tfcmc.pretrain`, `compare`, `study`, `search`, `evaluate`, `finetune` and
`export` are the commands.
`tfcmc.load(RUN)` gives a run's frozen encoders as a scikit-learn transformer.
`tfcmc.losses.get(NAME)` is a loss, `Alignment`, `Uniformity` and
`EffectiveRank` are metrics, `RepresentationMonitor` and `CollapseDoctor` are
callbacks for any fit of any Keras model. Importing the package alone loads
neither TensorFlow nor scikit-learn: each is found at its first use.
"""

import importlib

__version__ = "0.3.0"

_PUBLIC = {
    "pretrain": "tfcmc.commands.calls",
    "evaluate": "tfcmc.commands.calls",
    "compare": "tfcmc.commands.calls",
    "study": "tfcmc.commands.calls",
    "search": "tfcmc.commands.calls",
    "finetune": "tfcmc.commands.calls",
    "export": "tfcmc.commands.calls",
    "Run": "tfcmc.commands.results",
    "load": "tfcmc.using.transformer",
    "alignment": "tfcmc.evaluation.metrics",
    "uniformity": "tfcmc.evaluation.metrics",
    "effective_rank": "tfcmc.evaluation.metrics",
    "Alignment": "tfcmc.parts.metrics",
    "Uniformity": "tfcmc.parts.metrics",
    "EffectiveRank": "tfcmc.parts.metrics",
    "RepresentationMonitor": "tfcmc.parts.callbacks",
    "CollapseDoctor": "tfcmc.parts.callbacks",
    "ContrastiveModel": "tfcmc.parts.model",
    "ContrastiveLoss": "tfcmc.losses.of_views",
}


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name == "losses":
        return importlib.import_module("tfcmc.losses")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *_PUBLIC, "losses"]
