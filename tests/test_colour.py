"""Lab and YCbCr against scikit-image, and the views made of them."""

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import plan_of
from tfcmc.views import lab, split, ycbcr
from tfcmc.views.colour import rgb_to_l_and_ab


@pytest.fixture(scope="module")
def cube():
    """A dense grid of the RGB cube: `[52, 52, 52, 3]`."""
    steps = np.arange(0, 256, 5, dtype=np.uint8)
    grid = np.meshgrid(steps, steps, steps, indexing="ij")
    return np.stack(grid, axis=-1)


@pytest.mark.parametrize("jit", [False, True])
def test_rgb_to_lab(cube, jit):
    """Within 0.01 in L and 0.02 in a and b of scikit-image."""
    # Not at the top: each of two processes would load it to collect tests.
    from skimage.color import rgb2lab

    parts = tf.function(rgb_to_l_and_ab, jit_compile=jit)(cube)
    got = np.concatenate(parts, axis=-1)
    difference = np.abs(got - rgb2lab(cube / 255.0)).max(axis=(0, 1, 2))
    assert np.all(difference < [0.01, 0.02, 0.02])


def test_lab_fills_its_range(cube):
    """L and ab lie in [-1, 1] and reach its ends."""
    for view, channels in zip(lab.convert(cube), (1, 2), strict=True):
        assert view.shape[-1] == channels
        assert view.numpy().min() == pytest.approx(-1.0, abs=0.01)
        assert view.numpy().max() == pytest.approx(1.0, abs=0.01)


def test_ycbcr(cube):
    """scikit-image's, by the mean and deviation of CMC's own code."""
    from skimage.color import rgb2ycbcr

    mean = [116.151, 121.080, 132.342]
    deviation = [109.500, 111.855, 111.964]
    want = (rgb2ycbcr(cube / 255.0) - mean) / deviation
    y, cbcr = ycbcr.convert(cube)
    np.testing.assert_allclose(y, want[..., :1], atol=1e-5)
    np.testing.assert_allclose(cbcr, want[..., 1:], atol=1e-5)


@pytest.mark.parametrize("side", [32, 64, 96])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", ["lab", "ycbcr"])
def test_views_of_any_side(name, count, side, rng):
    """Converted first, then scaled, as `tf.image.resize` does.

    What is seen twice has a branch, and boxes of its own each time.
    """
    picture_side = 96
    plan = plan_of(views=f"{name}(count={count})", side=side)
    views = plan.views_of(picture_side)
    pictures = rng.integers(0, 256, (3, 96, 96, 3), np.uint8)
    convert = {"lab": lab, "ycbcr": ycbcr}[name].convert
    shown = views.whole(tf.constant(pictures))
    drawn = views.convert(
        tf.constant(pictures), views.draw(0, 0, [0, 1, 2], 3)
    )
    assert len(drawn) == len(views.names) == 2 * count
    for number, whole in enumerate(convert(pictures)):
        want = tf.image.resize(whole, (side, side))
        np.testing.assert_allclose(shown[number], want, atol=1e-3)
        own = slice(number * count, (number + 1) * count)
        assert len(set(views.branch[own])) == 1
        shape = views.shapes[views.branch[own][0]]
        assert shape == want.shape[1:] == (side, side, number + 1)
        for view in drawn[own]:
            assert view.shape == want.shape
        if count > 1:
            assert np.abs(np.subtract(*drawn[own])).max() > 0.1


def test_grey(rng):
    """A grey picture is told from one with a single coloured pixel."""
    pictures = np.repeat(
        rng.integers(0, 256, (3, 16, 16, 1), np.uint8), 3, axis=-1
    )
    pictures[1, 5, 6, 1] ^= 0x40
    pictures[2, ..., 0] ^= 1  # a level of rounding is still grey
    assert split.grey(pictures).tolist() == [True, False, True]
