"""The paper whose question this project asks."""

from tfcmc.experiment.presets.base import Preset

# What the paper leaves open (margins, temperatures, how 96x96 became 64x64)
# is chosen to reproduce its Table 1; a bare loss name means the paper's form
# of that loss.
PAPER = Preset(
    line="An encoder of L and one of ab agree on each picture: two crops "
    "from one box, any loss.",
    reference='"Effect of Contrastive Loss on Unsupervised Representation '
    'Learning", Table 1.',
    settings={
        "views": "lab",
        "encoder": "paper(final_relu=True)",
        "crop": "window",
        "geometry": "shared",
        "schedule": "constant",
        "epochs": 100,
        "batch_size": 128,
        "learning_rate": 1e-3,
        "beta_1": 0.5,
        "beta_2": 0.999,
    },
    losses={
        "spring": 'spring(margin=2.0, weighting="pairs")',
        "triplet": "triplet(margin=0.5)",
        "softmax": "softmax(temperature=0.07)",
        "nce": "nce(temperature=0.07)",
    },
)
