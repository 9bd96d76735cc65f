"""Instance discrimination."""

from tfcmc.experiment.presets.base import Preset

# The authors' recipe for CIFAR-10, whose softmax is over the whole bank.
INSTDISC = Preset(
    line="Each picture is a class of its own: one distorted copy is told from "
    "a remembered vector of every picture.",
    reference='Wu et al. 2018, "Unsupervised feature learning via '
    'non-parametric instance discrimination"; '
    "zhirongw/lemniscate.pytorch@f7cfe29, cifar.py.",
    settings={
        "views": "rgb(count=1, augment=instdisc)",
        "encoder": "resnet(depth=18)",
        "batch_norm": "local",
        "head": "linear(dim=128)",
        "negatives": "bank(momentum=0.5, draws=all)",
        "loss": "softmax(temperature=0.1)",
        "pairs": "self",
        "optimizer": "sgd(momentum=0.9, weight_decay=0.0005)",
        "learning_rate": 0.03,
        "schedule": "steps(at=(0.6, 0.8), factor=0.1)",
        "batch_size": 128,
    },
    letter={"head": "with a bias", "side": "32", "epochs": "200"},
    why="The authors' own recipe for small pictures, on pictures of 64 "
    "pixels; on ImageNet they take ResNet-50 and 4,096 draws.",
)
