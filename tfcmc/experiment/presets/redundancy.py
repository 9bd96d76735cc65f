"""Methods that need no negatives, but decorrelated embeddings."""

from tfcmc.experiment.presets.base import Preset, Rate

COLOURS = "colours as torchvision changes them, Pillow's blur"
BARLOW_TWINS = Preset(
    line="Each feature of one copy correlates with the same feature of the "
    "other, and with no other feature.",
    reference='Zbontar et al. 2021, "Barlow Twins: self-supervised learning '
    'via redundancy reduction"; facebookresearch/barlowtwins@8e8d284, '
    "main.py.",
    settings={
        "views": "rgb(count=2, augment=byol)",
        "encoder": "resnet(depth=18, zero_init=True)",
        "batch_norm": "synchronized(each_view=True)",
        "head": "mlp(layers=3, hidden=2048, dim=2048, norm=hidden, "
        "bias=False)",
        "negatives": "batch",
        "loss": "barlow_twins(redundancy_weight=0.0051)",
        "pairs": "first",
        "optimizer": "lars(weight_decay=0.000001, classic=False)",
        "schedule": "cosine",
        "warmup": 0.1,
        "batch_size": 256,
    },
    rate=Rate(0.2),
    letter={
        "views": COLOURS,
        "encoder": "ResNet-50",
        "head": "hidden=8192, dim=8192",
        "learning_rate": "0.2 * batch size / 256; 0.0048 of biases and norms",
        "side": "224",
        "batch_size": "2048",
        "epochs": "1000, of which 10 warm up",
    },
    why="Small pictures and one device: a head of 8,192 would be most of the "
    "step.",
)
VICREG = Preset(
    line="Two copies are near each other, each feature keeps its spread, and "
    "features do not covary.",
    reference='Bardes, Ponce and LeCun 2022, "VICReg: '
    "variance-invariance-covariance regularization for self-supervised "
    'learning"; facebookresearch/vicreg, main_vicreg.py.',
    settings={
        **BARLOW_TWINS.settings,
        "loss": "vicreg(invariance=25.0, variance=25.0, covariance=1.0)",
    },
    rate=Rate(0.2),
    letter={
        setting: words
        for setting, words in BARLOW_TWINS.letter.items()
        if setting != "learning_rate"
    },
    why=BARLOW_TWINS.why,
)
