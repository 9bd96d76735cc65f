"""Deep InfoMax, of places and of whole pictures."""

from tfcmc.experiment.presets.base import Preset

REFERENCE = (
    'Hjelm et al. 2019, "Learning deep representations by mutual information '
    'estimation and maximization"; rdevon/DIM@bac4765.'
)
SETTINGS = {
    "views": "rgb(count=1, augment=none)",
    "encoder": "dim",
    "head": "critic(units=2048, of=places)",
    "pairs": "local",
    "loss": "jsd",
    "optimizer": "adam",
    "schedule": "constant",
    "batch_size": 64,
    "learning_rate": 1e-4,
}
LETTER = {
    "side": "32; 64 of STL-10",
    "encoder": "dim; an AlexNet of STL-10",
    "epochs": "1000; 200 of STL-10",
}
WHY = "Few epochs, and one kind of encoder for every side that is asked for."
LOSSES = {"infomax_nce": "infomax_nce(own=minus_ten)"}

DIM_LOCAL = Preset(
    line="What a picture's features say tells its own places from those of "
    "other pictures: there is one view, and nothing distorts it.",
    reference=REFERENCE,
    settings=SETTINGS,
    letter=LETTER,
    why=WHY,
    losses=LOSSES,
)
DIM_GLOBAL = Preset(
    line="What a picture's features say tells its own map, as a whole, from "
    "those of other pictures: there is one view, and nothing distorts it.",
    reference=REFERENCE,
    settings=SETTINGS | {"head": "critic(units=2048, of=picture)"},
    letter=LETTER,
    why=WHY,
    losses=LOSSES,
)
