"""Bootstrap your own latent."""

from tfcmc.experiment.presets.base import Preset, Rate

MLP = "mlp(layers=2, hidden=4096, dim=256, norm=hidden, bias=False)"

# What the authors take for 100 epochs; for 1,000: 0.996, 0.2, and a decay of
# 1.5e-6.
BYOL = Preset(
    line="A predictor tells what a slowly moving twin makes of the other "
    "copy of the picture: there are no negatives.",
    reference='Grill et al. 2020, "Bootstrap your own latent"; '
    "google-deepmind/deepmind-research@f5de0ed, byol/.",
    settings={
        "views": "rgb(count=2, augment=byol)",
        "encoder": "resnet(depth=18)",
        "batch_norm": "synchronized(each_view=True)",
        "head": MLP,
        "predictor": MLP,
        "target": "momentum(start=0.99, end=1.0, init=fresh)",
        "negatives": "none",
        "loss": "cosine(form=squared)",
        "pairs": "cross(reduce=sum)",
        "optimizer": "lars(weight_decay=0.000001, classic=False)",
        "schedule": "cosine",
        "warmup": 0.1,
        "batch_size": 256,
    },
    rate=Rate(0.45),
    letter={
        "encoder": "ResNet-50",
        "target": "from 0.996 over 1,000 epochs; from 0.99 over 100",
        "learning_rate": "0.2 * batch size / 256 over 1,000 epochs; 0.45 over "
        "100",
        "side": "224",
        "batch_size": "4096",
        "epochs": "1000, of which 10 warm up",
    },
    why="Small pictures, one device and few epochs: their recipe for 100.",
)
