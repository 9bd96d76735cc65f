"""What `verify` compares: every loss, each in a frame that it is fit for."""

from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import Plan, make_plan
from tfcmc.experiment.refusals import CLUSTERING, PREDICTION, kind_of
from tfcmc.losses import LOSSES

SEED = 5
DEFAULTS = {"encoder": "paper(width=0.5)"}
# In float32 a ReLU that lies at zero but for rounding passes gradients on in
# one of two computations that are the same, and not in the other.
ALWAYS = {"seed": SEED, "precision": "float64"}
# Beside every loss with its defaults: states that follow the batches,
# negatives of a bank, and each device's own.
MORE = (
    ("nce(z=mean)", "batch"),
    ("nce(z=first)", "batch"),
    ("softmax", "bank(draws=20)"),
    ("nce(z=mean)", "bank(draws=20)"),
    ("softmax", "bank(draws=all)"),
    ("triplet", "bank(draws=9, each_anchor=True)"),
    ("nt_xent", "local"),
    ("vicreg", "local"),
)
# What a loss of a kind is compared in.
FRAMES = {
    PREDICTION: {"target": "stopped", "force": True},
    CLUSTERING: {"views": "rgb", "side": 32},
}


def cases(settings: dict) -> list[Plan]:
    """Returns the plans of all that is compared.

    Args:
        settings: Of the config, such as `encoder`; with `loss` or `negatives`
            among them that one alone, with `preset` the method.

    Raises:
        UsageError: if they do not go together.
    """
    if "preset" in settings:
        config = make_config({**ALWAYS, **settings})
        return [make_plan(config, check_data=False)]
    found = [*((name, "batch") for name in LOSSES.names()), *MORE]
    if {"loss", "negatives"} & settings.keys():
        found = [
            (
                settings.get("loss", "softmax"),
                settings.get("negatives", "batch"),
            )
        ]
    return [
        make_plan(
            make_config(
                {
                    **ALWAYS,
                    **DEFAULTS,
                    **FRAMES.get(kind_of(LOSSES.lookup(loss).member), {}),
                    **settings,
                    "loss": loss,
                    "negatives": negatives,
                }
            ),
            check_data=False,
        )
        for loss, negatives in found
    ]
