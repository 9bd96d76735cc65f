"""Contrastive multiview coding."""

from tfcmc.experiment.presets.base import Preset

CMC = Preset(
    line="The L and the ab of a picture, cut from one box, are told from "
    "those of other pictures, remembered in two banks.",
    reference='Tian et al. 2019, "Contrastive multiview coding"; '
    "HobbitLong/CMC, train_CMC.py and NCE/.",
    settings={
        "views": "lab",
        "crop": "resized(area=0.2)",
        "geometry": "shared",
        "encoder": "resnet(depth=18, width=0.5)",
        "batch_norm": "local",
        "head": "linear(dim=128)",
        "negatives": "bank(momentum=0.5, draws=4096, each_anchor=True)",
        "loss": "nce(temperature=0.07, z=first)",
        "pairs": "cross(reduce=sum)",
        "optimizer": "sgd(momentum=0.9, weight_decay=0.0001)",
        "learning_rate": 0.03,
        "schedule": "steps(at=(0.5, 0.6667, 0.8333), factor=0.1)",
        "batch_size": 128,
    },
    letter={
        "crop": "area=0.08; 0.2 with AlexNet or on 100 classes",
        "encoder": "ResNet-50 of half the width",
        "head": "with a bias",
        "side": "224",
        "negatives": "16,384 draws",
        "epochs": "240",
    },
    why="Small pictures; and as many draws for every anchor would take a "
    "gigabyte a view and step.",
)
