"""What `test_resnet.py` runs in a process of its own, to print JSON.

python -m tests.encoders.torchvision_process FILE ...

TensorFlow and PyTorch's builds for GPUs do not stand each other in one process
("Segmentation fault", TensorFlow 2.21, PyTorch 2.14). Each file holds weights
of a network, by torchvision's names, its depth and stem, views, and the
features that they got. It prints how far torchvision's are from them, over the
largest of its own: in inference and in training, for every side.
"""

import json
import sys

import numpy as np
import torch
from torchvision import models


def network(depth, stem):
    """torchvision's, without classes, with the stem of small pictures."""
    found = getattr(models, f"resnet{depth}")()
    found.fc = torch.nn.Identity()
    if stem != "imagenet":
        found.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
    if stem == "cifar":
        found.maxpool = torch.nn.Identity()
    return found


def differences(path):
    """How far the features of one file are from torchvision's."""
    with np.load(path) as file:
        arrays = dict(file)
    depth, stem = int(arrays.pop("depth")), str(arrays.pop("stem"))
    shown = {n: arrays.pop(n) for n in [*arrays] if n.startswith("views")}
    wanted = {n: arrays.pop(n) for n in [*arrays] if n.startswith("got")}
    theirs = network(depth, stem)
    own = [n for n in theirs.state_dict() if "num_batches" not in n]
    if sorted(own) != sorted(arrays):
        raise ValueError(f"other weights: {sorted({*own} ^ {*arrays})}")
    weights = {name: torch.tensor(array) for name, array in arrays.items()}
    found = []
    for name, got in wanted.items():
        # Training has moved its statistics.
        theirs.load_state_dict(weights, strict=False)
        _, side, training = name.split("-")
        theirs.train(training == "True")
        views = torch.tensor(shown[f"views-{side}"]).permute(0, 3, 1, 2)
        with torch.no_grad():
            want = theirs(views).numpy()
        found.append(float(np.abs(got - want).max() / np.abs(want).max()))
    return found


if __name__ == "__main__":
    print(json.dumps([differences(path) for path in sys.argv[1:]]))
