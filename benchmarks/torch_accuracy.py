"""What the recipe in plain PyTorch reaches after each epoch, and how soon.

`benchmarks.accuracy` runs it.
"""

import math
import time

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader

from benchmarks.accuracy import PROBED, probed
from benchmarks.torch_recipe import Pictures, encoder, lab, symmetric_loss

WARM_UP = 0.05  # of the steps


def measure(
    *,
    pictures,
    train,
    labels,
    epochs,
    batch_size,
    threads,
    compute_threads=None,
    workers=0,
    channels_last=False,
) -> dict:
    """Trains for some epochs; the clock stands while features are probed.

    Args:
        pictures: Path of a .npy file, to learn from.
        train: Likewise, to fit probes on.
        labels: Likewise, of these.
        epochs: How many.
        batch_size: Pictures a step.
        threads: Cores, and threads where no others are given.
        compute_threads: Those of PyTorch's arithmetic.
        workers: Of the DataLoader.
        channels_last: Whether channels are last in memory.

    Returns:
        `seconds` and accuracies, in percent, at the end of each epoch.
    """
    torch.set_num_threads(compute_threads or threads)
    torch.manual_seed(0)
    loader = DataLoader(
        Pictures(np.load(pictures)),
        batch_size=batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    layout = torch.contiguous_format
    if channels_last:
        layout = torch.channels_last
    encoders = torch.nn.ModuleList([encoder(1), encoder(2)])
    encoders.to(memory_format=layout)
    optimiser = torch.optim.Adam(
        encoders.parameters(), lr=1e-3, betas=(0.5, 0.999), fused=True
    )
    steps = epochs * len(loader)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: _share(step, steps)
    )
    judged, labels = np.load(train), np.load(labels)
    found, spent = {"seconds": [], PROBED: []}, 0.0
    for _ in range(epochs):
        start = time.perf_counter()
        for views in loader:
            outputs = [
                network(view.contiguous(memory_format=layout))
                for network, view in zip(encoders, views, strict=True)
            ]
            loss = symmetric_loss(*outputs)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        spent += time.perf_counter() - start
        found["seconds"].append(spent)
        features = _encode(encoders, judged)
        found[PROBED].append(probed(features, labels))
    return found


def _share(step, steps):
    """The learning rate's course: a linear warm-up, then a cosine."""
    warm = max(1, round(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _encode(encoders, pictures):
    """The features of both views of whole pictures, side by side."""
    found = []
    with torch.no_grad():
        for start in range(0, len(pictures), 512):
            views = torch.stack(
                [
                    lab(Image.fromarray(picture))
                    for picture in pictures[start : start + 512]
                ]
            )
            parts = views[:, :1], views[:, 1:]
            found.append(
                torch.cat(
                    [f(v) for f, v in zip(encoders, parts, strict=True)], 1
                )
            )
    return torch.cat(found).numpy()
