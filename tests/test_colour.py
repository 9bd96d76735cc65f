"""Lab against scikit-image, and back again."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from skimage.color import lab2rgb, rgb2lab

from tfcmc.views import VIEWS
from tfcmc.views.colour import lab_to_rgb, rgb_to_lab


@pytest.fixture(scope="module")
def cube():
    """A dense grid of the RGB cube: `[52, 52, 52, 3]`."""
    steps = np.arange(0, 256, 5, dtype=np.uint8)
    grid = np.meshgrid(steps, steps, steps, indexing="ij")
    return np.stack(grid, axis=-1)


@pytest.mark.parametrize("jit", [False, True])
def test_rgb_to_lab(cube, jit):
    """Within 0.01 in L and 0.02 in a and b of scikit-image."""
    got = tf.function(rgb_to_lab, jit_compile=jit)(cube).numpy()
    difference = np.abs(got - rgb2lab(cube / 255.0)).max(axis=(0, 1, 2))
    assert np.all(difference < [0.01, 0.02, 0.02])


def test_round_trip(cube):
    """Every colour of the grid comes back."""
    np.testing.assert_array_equal(lab_to_rgb(rgb_to_lab(cube)), cube)


def test_lab_to_rgb(rng):
    """Within one level of scikit-image, colours outside sRGB clipped."""
    near = rgb2lab(rng.integers(0, 256, (500, 3), np.uint8) / 255.0)
    lab = near + rng.uniform(-2, 2, size=near.shape)
    lab[:, 0] = np.clip(lab[:, 0], 5, 100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a few are outside
        want = np.round(255 * lab2rgb(lab))
    got = lab_to_rgb(lab).numpy().astype(int)
    assert np.abs(got - want).max() <= 1


def test_views_fill_their_range(cube):
    """L and ab lie in [-1, 1] and reach its ends."""
    lightness, ab = VIEWS.lookup("lab").function().convert(cube)
    for view in (lightness, ab):
        assert view.numpy().min() == pytest.approx(-1.0, abs=0.01)
        assert view.numpy().max() == pytest.approx(1.0, abs=0.01)
    assert lightness.shape[-1] == 1
    assert ab.shape[-1] == 2


def test_grey(rng):
    """A grey picture is told from one with a single coloured pixel."""
    pictures = np.repeat(
        rng.integers(0, 256, (3, 16, 16, 1), np.uint8), 3, axis=-1
    )
    pictures[1, 5, 6, 1] ^= 0x40
    pictures[2, ..., 0] ^= 1  # a level of rounding is still grey
    blank = VIEWS.lookup("lab").function().blank
    assert blank(pictures).tolist() == [True, False, True]
