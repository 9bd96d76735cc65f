"""The distortions against torchvision's own code, where it is installed."""

import functools

import numpy as np
import pytest

from tests.views.boxes import view_draws
from tfcmc.views.augment import Augmentation, boxes, distort, rows
from tfcmc.views.augment import draws as places
from tfcmc.views.augment.jitter import ORDERS

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
transforms = pytest.importorskip(
    "torchvision.transforms", reason="torchvision is not installed"
)
drawn = functools.partial(view_draws, 6)


class Numbers:
    """What `get_params` draws, from the numbers of a view."""

    def __init__(self, u):
        pairs = zip(u[places.AREA], u[places.RATIO], strict=True)
        self.tries = iter([float(each) for pair in pairs for each in pair])
        self.place = iter([float(u[places.TOP]), float(u[places.LEFT])])

    def empty(self, count):
        """Stands for `torch.empty`; only `uniform_` is asked of it."""
        assert count == 1
        return self

    def uniform_(self, low, high):
        """The next area or ratio."""
        return torch.tensor([low + (high - low) * next(self.tries)])

    def randint(self, low, high, size):
        """The next offset."""
        return torch.full(size, low + int(next(self.place) * (high - low)))


@pytest.mark.parametrize("name", ["simclr", "moco_v2", "swav"])
def test_boxes_are_its_own(name, monkeypatch):
    """In all but those that its float32 rounds the other way."""
    (row,) = rows(name, 1, small=True)
    area = [row.area_low, row.area_high]
    ratio = [row.ratio_low, row.ratio_high]
    picture = torch.zeros(3, 64, 64)
    u = drawn(3000)
    expected = []
    for each in u:
        numbers = Numbers(each)
        with monkeypatch.context() as patch:
            patch.setattr(torch, "empty", numbers.empty)
            patch.setattr(torch, "randint", numbers.randint)
            expected.append(
                transforms.RandomResizedCrop.get_params(picture, area, ratio)
            )
    differing = (boxes(u, row, 64) != np.array(expected)).numpy().any(axis=1)
    assert differing.sum() <= 3


def test_colours_are_its_own(rng):
    """Of floats, in every order: its grey is of 0.2989 and not 0.299 red."""
    given = rng.integers(0, 256, (48, 20, 20, 3), np.uint8)
    u = drawn(48)
    u[:, places.ORDER] = (np.arange(48) % 24 + 0.5) / 24
    strengths = {"brightness": 0.8, "contrast": 0.8, "saturation": 0.8}
    row = Augmentation(jitter=1.0, hue=0.2, **strengths)
    found = distort(given, u, row, 20)
    functional = transforms.functional
    for i in range(48):
        picture = torch.from_numpy(given[i].transpose(2, 0, 1) / 255)
        b, c, s, h = map(float, u[i, places.BRIGHTNESS : places.HUE + 1])
        changes = [
            (functional.adjust_brightness, 0.2 + 1.6 * b),
            (functional.adjust_contrast, 0.2 + 1.6 * c),
            (functional.adjust_saturation, 0.2 + 1.6 * s),
            (functional.adjust_hue, -0.2 + 0.4 * h),
        ]
        for which in ORDERS[i % 24]:
            change, value = changes[which]
            picture = change(picture, value)
        expected = picture.numpy().transpose(1, 2, 0)
        assert np.abs(found[i] - expected).max() < 1 / 255


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_crops_are_its_own(rng, interpolation):
    """Of floats: the same weights, but that PIL's bytes are clipped between.

    Bicubic weights overshoot at the edges of noise: there by half a level.
    """
    given = rng.integers(0, 256, (16, 48, 48, 3), np.uint8)
    row = Augmentation(0.08, 1.0, 3 / 4, 4 / 3, interpolation)
    u = drawn(16)
    found = distort(given, u, row, 32)
    for i, (top, left, height, width) in enumerate(boxes(u, row, 48).numpy()):
        expected = transforms.functional.resized_crop(
            torch.from_numpy(given[i].transpose(2, 0, 1).astype(np.float32)),
            *map(int, (top, left, height, width)),
            [32, 32],
            transforms.InterpolationMode(interpolation),
            antialias=True,
        )
        expected = expected.clamp(0, 255).numpy().transpose(1, 2, 0) / 255
        difference = np.abs(found[i] - expected)
        if interpolation == "bilinear":
            assert difference.max() < 1e-5
        else:
            assert np.median(difference) < 1e-6
