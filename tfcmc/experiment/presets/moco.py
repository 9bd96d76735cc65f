"""Momentum contrast: three recipes with a queue, and one without."""

from tfcmc.experiment.presets.base import Preset, Rate

MOCO = "facebookresearch/moco@132aea9"
SMALL = (
    "Small pictures and one device. Their eight GPUs with 32 pictures each "
    "are eight groups of batch statistics here."
)
LETTER = {
    "encoder": "ResNet-50",
    "batch_norm": "each of 8 GPUs its own, keys in another order",
    "side": "224",
    "epochs": "200",
}

MOCO_V1 = Preset(
    line="A query is told from a queue of keys, which a slowly moving twin "
    "of the encoder has made.",
    reference='He et al. 2020, "Momentum contrast for unsupervised visual '
    f'representation learning"; {MOCO}.',
    settings={
        "views": "rgb(count=2, augment=moco_v1)",
        "encoder": "resnet(depth=18)",
        "batch_norm": "split(groups=8, each_view=True)",
        "head": "linear(dim=128)",
        "target": "momentum(start=0.999, end=0.999)",
        "negatives": "queue(size=65536)",
        "loss": "softmax(temperature=0.07)",
        "pairs": "first",
        "optimizer": "sgd(momentum=0.9, weight_decay=0.0001)",
        "schedule": "steps(at=(0.6, 0.8), factor=0.1)",
        "batch_size": 256,
    },
    rate=Rate(0.03),
    letter={**LETTER, "head": "with a bias"},
    why=SMALL,
)
MOCO_V2 = Preset(
    line="MoCo with what SimCLR found: an MLP as head, stronger distortions, "
    "a cosine schedule.",
    reference='Chen et al. 2020, "Improved baselines with momentum '
    f'contrastive learning"; {MOCO}, --mlp --moco-t=.2 --aug-plus --cos.',
    settings={
        **MOCO_V1.settings,
        "views": "rgb(count=2, augment=moco_v2)",
        "head": "mlp(layers=2, hidden=2048, dim=128, norm=none)",
        "loss": "softmax(temperature=0.2)",
        "schedule": "cosine",
        "warmup": 0.0,
    },
    rate=Rate(0.03),
    letter=LETTER,
    why=SMALL,
)
MOCO_CIFAR = Preset(
    line="MoCo for small pictures and few of them: both views are queries, "
    "the twin moves faster, the queue is short.",
    reference='He et al. 2020, "Momentum contrast for unsupervised visual '
    'representation learning"; the CIFAR-10 notebook of '
    "facebookresearch/moco@f736491.",
    settings={
        "views": "rgb(count=2, augment=weak32)",
        "encoder": "resnet(depth=18)",
        "batch_norm": "split(groups=8, each_view=True)",
        "head": "linear(dim=128)",
        "target": "momentum(start=0.99, end=0.99)",
        "negatives": "queue(size=4096)",
        "loss": "softmax(temperature=0.1)",
        "pairs": "cross(reduce=sum)",
        "optimizer": "sgd(momentum=0.9, weight_decay=0.0005)",
        "schedule": "cosine",
        "warmup": 0.0,
        "batch_size": 256,
    },
    rate=Rate(0.03),
    letter={
        "head": "with a bias",
        "pairs": "first; both ways, as here, is its option",
        "side": "32",
        "batch_size": "512",
        "epochs": "200",
    },
    why="The authors' own recipe for small pictures, with fewer a step, for "
    "more steps of fewer pictures.",
)
MOCOV3 = Preset(
    line="MoCo without the queue: a predictor tells the twin's key from those "
    "of the batch.",
    reference='Chen, Xie and He 2021, "An empirical study of training '
    'self-supervised vision transformers"; '
    "facebookresearch/moco-v3@c349e6e, CONFIG.md, ResNet-50.",
    settings={
        "views": "rgb(count=2, augment=byol, area=0.2)",
        "encoder": "resnet(depth=18, zero_init=True)",
        "batch_norm": "synchronized(each_view=True)",
        "head": "mlp(layers=2, hidden=4096, dim=256, norm=all, "
        "last_affine=False)",
        # Of a ResNet; that of a transformer ends in a normalisation.
        "predictor": "mlp(layers=2, hidden=4096, dim=256, norm=hidden, "
        "bias=False)",
        "target": "momentum(start=0.99, end=1.0)",
        "negatives": "batch",
        "loss": "softmax(temperature=1.0)",
        "pairs": "cross(reduce=sum)",
        "optimizer": "lars(weight_decay=0.000001, classic=False)",
        "schedule": "cosine",
        "warmup": 0.1,
        "batch_size": 256,
    },
    rate=Rate(0.6),
    letter={
        "views": "cut bilinearly, colours as torchvision changes them, "
        "Pillow's blur",
        "encoder": "ResNet-50",
        "side": "224",
        "pairs": "both times 2 T",
        "batch_size": "4096",
        "epochs": "100",
    },
    why="Small pictures and one device; LARS hardly sees a factor of 2 T.",
)
