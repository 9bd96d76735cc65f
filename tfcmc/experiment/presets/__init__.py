"""Published methods as rows of settings, each with its recipe beside it.

What `--preset=NAME` stands for; any option that is given goes first. Imports
the axes' tables.
"""

from tfcmc.experiment.presets import (
    byol,
    cmc,
    dim,
    instdisc,
    moco,
    paper,
    redundancy,
    simclr,
    simsiam,
    swav,
)
from tfcmc.experiment.presets.base import Preset as Preset
from tfcmc.foundation.errors import unknown
from tfcmc.losses import LOSSES

PRESETS = {
    "paper": paper.PAPER,
    "instdisc": instdisc.INSTDISC,
    "cmc": cmc.CMC,
    "moco_v1": moco.MOCO_V1,
    "moco_v2": moco.MOCO_V2,
    "moco_cifar": moco.MOCO_CIFAR,
    "mocov3": moco.MOCOV3,
    "simclr": simclr.SIMCLR,
    "byol": byol.BYOL,
    "simsiam": simsiam.SIMSIAM,
    "swav": swav.SWAV,
    "barlow_twins": redundancy.BARLOW_TWINS,
    "vicreg": redundancy.VICREG,
    "dim_local": dim.DIM_LOCAL,
    "dim_global": dim.DIM_GLOBAL,
}


def find_preset(name: str) -> Preset:
    """Returns the preset of a name.

    Raises:
        UsageError: if it is not known; it lists the known ones.
    """
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]


def own_loss(name: str | None) -> str | None:
    """Returns a preset's loss as a spec in full; None where it has none."""
    own = name and find_preset(name).settings.get("loss")
    return LOSSES.lookup(own).spec if own else None


def rate_words(config) -> list[str]:
    """Says how a preset made the learning rate, where it did."""
    rate = config.preset and find_preset(config.preset).rate
    if not rate or rate.of(config.batch_size) != config.learning_rate:
        return []
    return [f"learning rate {config.learning_rate:g}: {rate.words}"]
