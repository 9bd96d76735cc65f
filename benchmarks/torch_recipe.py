"""The recipe in plain PyTorch, as its users write it, and its images/s.

On an array [count, side, side, 3] of bytes: a DataLoader, crops and flips by
PIL, CIE Lab by scikit-image, the paper's two encoders, the softmax loss in
both directions, Adam. It knows nothing of tfcmc but its constants.
`benchmarks.throughput` runs it.
"""

import math
import random
import time

import numpy as np
import torch
from PIL import Image
from skimage.color import rgb2lab
from torch.nn import functional
from torch.utils.data import DataLoader

from tfcmc.encoders.paper import CHANNELS
from tfcmc.views.lab import CENTRE, HALF_WIDTH

SIDE = 64
AREA, ASPECT = 0.25, 4 / 3
TEMPERATURE = 0.07


class Pictures:
    """A dataset of pictures `[count, side, side, 3]`, each as its two views.

    Where they are `shared`, both are cut from one place.
    """

    def __init__(self, array, *, shared=False):
        self.array = array
        self.shared = shared

    def __len__(self):
        return len(self.array)

    def __getitem__(self, number):
        """Returns `(L, ab)`: `[1, 64, 64]` and `[2, 64, 64]`."""
        picture = Image.fromarray(self.array[number])
        first = lab(random_view(picture))
        second = first if self.shared else lab(random_view(picture))
        return first[:1], second[1:]


def random_view(picture):
    """Cuts a random part, scales it to 64x64 and mirrors it at random."""
    side = picture.size[0]
    share = random.uniform(AREA, 1.0)
    stretch = math.exp(random.uniform(-math.log(ASPECT), math.log(ASPECT)))
    height = min(math.sqrt(share / stretch), 1.0) * side
    width = min(math.sqrt(share * stretch), 1.0) * side
    left = random.uniform(0.0, side - width)
    top = random.uniform(0.0, side - height)
    view = picture.resize(
        (SIDE, SIDE),
        Image.Resampling.BILINEAR,
        box=(left, top, left + width, top + height),
    )
    if random.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return view


def lab(view):
    """Converts a PIL image to Lab `[3, height, width]`, in [-1, 1]."""
    # In float32, in which scikit-image is faster than in float64.
    scaled = np.asarray(view, np.float32) / np.float32(255)
    normalised = (rgb2lab(scaled) - CENTRE) / HALF_WIDTH
    return torch.from_numpy(normalised.transpose(2, 0, 1).copy())


def encoder(channels):
    """The paper's encoder of a view: four convolutions, 384 features."""
    layers = []
    for wanted in CHANNELS:
        convolution = torch.nn.Conv2d(
            channels, wanted, kernel_size=4, stride=2, padding=1
        )
        torch.nn.init.xavier_uniform_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
        layers += [convolution, torch.nn.ReLU()]
        channels = wanted
    return torch.nn.Sequential(*layers[:-1], torch.nn.Flatten())


def symmetric_loss(first, second):
    """The softmax loss from L to ab and from ab to L."""
    first = functional.normalize(first, dim=1)
    second = functional.normalize(second, dim=1)
    logits = first @ second.T / TEMPERATURE
    match = torch.arange(len(logits))
    return functional.cross_entropy(logits, match) + functional.cross_entropy(
        logits.T, match
    )


def batches(loader, *, one_only):
    """Yields batches for ever; with `one_only` the first one, again."""
    while True:
        for batch in loader:
            yield batch
            while one_only:
                yield batch


def train(stream, *, layout, bfloat16, seconds, warm_up):
    """Trains on batches of both views, and counts after `warm_up` steps.

    Returns:
        Images a second, the last loss, and when the first step was done, in
        seconds since 1970.
    """
    encoders = torch.nn.ModuleList([encoder(1), encoder(2)])
    encoders.to(memory_format=layout)
    optimiser = torch.optim.Adam(
        encoders.parameters(), lr=1e-3, betas=(0.5, 0.999), fused=True
    )
    images, start, first = 0, None, None
    for number, views in enumerate(stream):
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            outputs = [
                network(view.contiguous(memory_format=layout))
                for network, view in zip(encoders, views, strict=True)
            ]
        loss = symmetric_loss(*(output.float() for output in outputs))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        now = time.perf_counter()
        first = first or time.time()
        if start is not None:
            images += len(views[0])
            if now - start >= seconds:
                return images / (now - start), loss.item(), first
        elif number + 1 >= warm_up:
            start = now


def measure(
    *,
    pictures,
    batch_size,
    seconds,
    threads,
    compute_threads=None,
    workers=0,
    channels_last=False,
    bfloat16=False,
    shared=False,
    one_batch=False,
    warm_up=10,
) -> dict:
    """Trains on the pictures of a .npy file; see `train`.

    Args:
        pictures: Path of the file.
        batch_size: Pictures a step.
        seconds: How long to go on after the warm-up.
        threads: Cores, and threads where no others are given.
        compute_threads: Those of PyTorch's arithmetic.
        workers: Of the DataLoader.
        channels_last: Whether channels are last in memory.
        bfloat16: Whether the encoders compute in bfloat16.
        shared: Whether both views are cut from one place.
        one_batch: Whether to train on the first batch again and again.
        warm_up: Steps that are not counted.
    """
    torch.set_num_threads(compute_threads or threads)
    loader = DataLoader(
        Pictures(np.load(pictures), shared=shared),
        batch_size=batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    rate, loss, first = train(
        batches(loader, one_only=one_batch),
        layout=torch.channels_last
        if channels_last
        else torch.contiguous_format,
        bfloat16=bfloat16,
        seconds=seconds,
        warm_up=warm_up,
    )
    return {"images_per_second": rate, "loss": loss, "first_step": first}
