"""SimCLR."""

from tfcmc.experiment.presets.base import Preset, Rate

SIMCLR = Preset(
    line="Two distorted copies of a picture are told from all other copies "
    "in the batch, behind a head that is thrown away.",
    reference='Chen et al. 2020, "A simple framework for contrastive '
    'learning of visual representations"; google-research/simclr@383d414, '
    "tf2/.",
    settings={
        "views": "rgb(count=2, augment=simclr)",
        "encoder": "resnet(depth=18, zero_init=True)",
        "batch_norm": "synchronized",
        "head": "mlp(layers=3, hidden=512, dim=128, norm=all)",
        "negatives": "batch",
        "loss": "nt_xent(temperature=0.1)",
        "pairs": "cross(reduce=sum)",
        "optimizer": "lars(weight_decay=0.000001)",
        "schedule": "cosine",
        "warmup": 0.1,
        "batch_size": 256,
    },
    # At 4096 both its rules give 4.8; this is the one for small batches and
    # few epochs, in appendix B.1.
    rate=Rate(0.075, root=True),
    letter={
        "encoder": "ResNet-50",
        "head": "hidden=2048, as the encoder; the last norm without a shift",
        "optimizer": "weight_decay=0.0001 in the commands of their README",
        "side": "224",
        "batch_size": "4096",
        "learning_rate": "4.8",
        "epochs": "100, of which 10 warm up",
    },
    why="Small pictures and one device. For CIFAR-10 the authors take "
    "temperature=0.5, strength=0.5 and blur=0.",
)
