"""SimSiam."""

from tfcmc.experiment.presets.base import Preset, Rate

SIMSIAM = Preset(
    line="A predictor tells what the same encoder makes of the other copy, "
    "held constant: no negatives, no twin.",
    reference='Chen and He 2021, "Exploring simple siamese representation '
    'learning"; facebookresearch/simsiam@a7bc177.',
    settings={
        "views": "rgb(count=2, augment=moco_v2)",
        "encoder": "resnet(depth=18, zero_init=True)",
        "batch_norm": "synchronized(each_view=True)",
        "head": "mlp(layers=3, hidden=2048, dim=2048, norm=all, "
        "last_affine=False)",
        "predictor": "mlp(layers=2, hidden=512, dim=2048, norm=hidden)",
        "target": "stopped",
        "negatives": "none",
        "loss": "cosine(form=negative)",
        "pairs": "cross(reduce=mean)",
        "optimizer": "sgd(momentum=0.9, weight_decay=0.0001, "
        "constant=predictor)",
        "schedule": "cosine",
        "warmup": 0.0,
        "batch_size": 256,
    },
    rate=Rate(0.05),
    letter={
        "encoder": "ResNet-50",
        "side": "224",
        "batch_size": "512",
        "epochs": "100",
    },
    why="Small pictures and one device. For CIFAR-10 the authors take two "
    "layers in the head, no blur, 0.03 and a decay of 0.0005.",
)
