"""A training on image files in plain PyTorch, as its users write it.

An ImageFolder, two crops a picture by torchvision's transforms, DataLoader.
`benchmarks.decoding` runs it in a process of its own.
"""

import multiprocessing
import os
import pathlib
import random
import time

import torch
from PIL import ImageFilter
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.models.resnet import BasicBlock

from benchmarks.torch_recipe import batches, encoder, lab, symmetric_loss

WIDTHS = (16, 32, 64, 128)  # of a ResNet-18, a quarter


def blurred(picture):
    """Blurs a PIL image, as MoCo's own code does."""
    return picture.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2.0)))


class TwoViews:
    """Two views of a picture, each by its own draws."""

    def __init__(self, side):
        self._split = side == 64
        if self._split:
            steps = [transforms.RandomResizedCrop(side, (0.25, 1))]
            steps += [transforms.RandomHorizontalFlip(), lab]
        else:  # MoCo v2
            jitter = transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)
            steps = [
                transforms.RandomResizedCrop(side, (0.2, 1)),
                transforms.RandomApply([jitter], 0.8),
                transforms.RandomGrayscale(0.2),
                transforms.RandomApply([blurred], 0.5),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
            ]
        self._view = transforms.Compose(steps)

    def __call__(self, picture):
        first, second = self._view(picture), self._view(picture)
        return (first[:1], second[1:]) if self._split else (first, second)


def resnet():
    """A ResNet-18 of quarter width, to its features."""
    layers = [
        nn.Conv2d(3, WIDTHS[0], 7, 2, padding=3, bias=False),
        nn.BatchNorm2d(WIDTHS[0]),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
    ]
    inputs = WIDTHS[0]
    for width in WIDTHS:
        less = None
        if width != inputs:
            less = nn.Sequential(
                nn.Conv2d(inputs, width, 1, 2, bias=False),
                nn.BatchNorm2d(width),
            )
        layers.append(BasicBlock(inputs, width, width // inputs, less))
        layers.append(BasicBlock(width, width))
        inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def measure(
    *, folder, side, batch_size, seconds, threads, workers, warm_up=3
) -> dict:
    """Trains on what is read.

    Args:
        folder: With `images`.
        side: Of the views: 64 for the paper's encoders, else a ResNet-18.
        batch_size: Pictures a step.
        seconds: How long to go on after the warm-up.
        threads: Of PyTorch's arithmetic.
        workers: Of the DataLoader.
        warm_up: Steps that are not counted.

    Returns:
        As `benchmarks.decoding_parts.measure`, of all processes.
    """
    torch.set_num_threads(threads)
    images = datasets.ImageFolder(
        pathlib.Path(folder) / "images" / "train", TwoViews(side)
    )
    loader = DataLoader(
        images,
        batch_size=batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    encoders = [resnet()] * 2
    if side == 64:
        encoders = [encoder(1), encoder(2)]
    model = nn.ModuleList(encoders).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    start, cpu, count = None, 0.0, 0
    for number, (views, _) in enumerate(batches(loader, one_only=False)):
        outputs = [
            network(view.contiguous(memory_format=torch.channels_last))
            for network, view in zip(encoders, views, strict=True)
        ]
        optimiser.zero_grad()
        symmetric_loss(*outputs).backward()
        optimiser.step()
        now = time.perf_counter()
        if start is not None:
            count += batch_size
            if now - start >= seconds:
                return {
                    "images_per_second": count / (now - start),
                    "milliseconds": 1000 * (_user() - cpu) / count,
                }
        elif number + 1 >= warm_up:
            start, cpu = now, _user()


def _user():
    """Seconds of the user's processor time, of this process and workers."""
    total = os.times().user
    for worker in multiprocessing.active_children():
        stat = pathlib.Path(f"/proc/{worker.pid}/stat").read_text()
        ticks = int(stat.rpartition(")")[2].split()[11])
        total += ticks / os.sysconf("SC_CLK_TCK")
    return total
