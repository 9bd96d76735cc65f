"""SwAV."""

from tfcmc.experiment.presets.base import Preset, Rate

SWAV = Preset(
    line="Each copy tells which of many prototypes the others were assigned "
    "to, in equal shares: two large copies, six small.",
    reference='Caron et al. 2020, "Unsupervised learning of visual features '
    'by contrasting cluster assignments"; facebookresearch/swav@06b1b7c.',
    settings={
        "views": "rgb(count=2, small=6, augment=swav)",
        "encoder": "resnet(depth=18)",
        "batch_norm": "synchronized",
        "head": "mlp(layers=2, hidden=2048, dim=128, norm=hidden)",
        "negatives": "none",
        "loss": "swav(prototypes=64, temperature=0.1, epsilon=0.02, "
        "iterations=3, freeze=0.2)",
        "pairs": "assigned(codes=2)",
        "optimizer": "lars(weight_decay=0.000001, classic=False, "
        "denominator=parts, exclude=none)",
        "schedule": "cosine",
        "warmup": 0.0,
        "batch_size": 256,
    },
    rate=Rate(0.6),
    letter={
        "encoder": "ResNet-50",
        "loss": "3,000 prototypes, epsilon 0.05; held for the first epoch; a "
        "queue of 3,840 from epoch 15 on",
        "side": "224, and 96 the small ones",
        "epochs": "200",
    },
    why="Small pictures, and few steps. Vectors near each other, as they are "
    "at first, have codes at epsilon 0.05 that say next to nothing, and the "
    "loss stays at ln(prototypes); at 0.02 it learns. Held for a fifth of "
    "the steps, prototypes do not fall to one point. Fewer of them than a "
    "step has copies are shared out without a queue.",
)
