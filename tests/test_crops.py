"""Crops: what every one must hold, and boxes against plain slicing."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfcmc.foundation.errors import UsageError
from tfcmc.views.crop import CROPS, DRAWS, SIDE, corners, cut

SPECS = [*CROPS.names(), "window(small=reflect)", "resized(area=0.05)"]


@pytest.mark.parametrize("side", [64, 96, 150])
@pytest.mark.parametrize("spec", SPECS)
def test_boxes_lie_inside(spec, side, rng):
    """No box leaves the padded picture, at the ends of the draws too."""
    crop = CROPS.lookup(spec).function(side)
    uniforms = rng.random((500, DRAWS))
    uniforms[0], uniforms[1] = 0.0, np.nextafter(1.0, 0.0)
    boxes = np.concatenate([crop.draw(uniforms), crop.centre[None]])
    whole = side + 2 * crop.pad
    assert np.all(boxes[:, :2] >= 0)
    assert np.all(boxes[:, :2] + boxes[:, 2:] <= whole + 1e-6)
    assert np.all(boxes[:, 2:] > 0)


@pytest.mark.parametrize("flipped", [False, True])
def test_window_is_a_slice(rng, flipped):
    """On 96x96 a window is the pixels themselves, mirrored or not."""
    pictures = rng.random((4, 96, 96, 2)).astype(np.float32)
    crop = CROPS.lookup("window").function(96)
    boxes = crop.draw(rng.random((4, DRAWS)))
    corner = corners(boxes, np.full(4, flipped), 96)
    got = cut(tf.constant(pictures), corner, crop.pad).numpy()
    for picture, view, box in zip(pictures, got, boxes, strict=True):
        top, left = box[:2].astype(int)
        want = picture[top : top + SIDE, left : left + SIDE]
        want = want[:, ::-1] if flipped else want
        np.testing.assert_allclose(view, want, atol=1e-4)
    assert len({tuple(box) for box in boxes}) > 1


def test_reflection_is_numpys(rng):
    """Smaller pictures are padded as `numpy.pad` reflects."""
    pictures = rng.random((3, 64, 64, 1)).astype(np.float32)
    crop = CROPS.lookup("window(small=reflect)").function(64)
    boxes = crop.draw(rng.random((3, DRAWS)))
    corner = corners(boxes, np.zeros(3, bool), 64 + 2 * crop.pad)
    got = cut(tf.constant(pictures), corner, crop.pad).numpy()
    for picture, view, box in zip(pictures, got, boxes, strict=True):
        pad = [(crop.pad, crop.pad), (crop.pad, crop.pad), (0, 0)]
        padded = np.pad(picture, pad, mode="reflect")
        top, left = box[:2].astype(int)
        want = padded[top : top + SIDE, left : left + SIDE]
        np.testing.assert_allclose(view, want, atol=1e-4)


@pytest.mark.parametrize("side", [64, 96])
def test_whole_picture_is_resized(side, rng):
    """A whole picture of 64 or more is cut as `tf.image.resize` scales it."""
    pictures = rng.random((2, side, side, 3)).astype(np.float32)
    box = np.tile([[0.0, 0.0, side, side]], (2, 1))
    corner = corners(box, np.zeros(2, bool), side)
    got = cut(tf.constant(pictures), corner, 0).numpy()
    want = tf.image.resize(pictures, [SIDE, SIDE], "bilinear").numpy()
    np.testing.assert_allclose(got, want, atol=1e-4)


@pytest.mark.parametrize(("area", "aspect"), [(0.25, 4 / 3), (0.05, 3.0)])
def test_resized_is_uniform(area, aspect, rng):
    """Shares of the area are uniform, and aspects log-uniform as they fit."""
    spec = f"resized(area={area}, aspect={aspect})"
    boxes = CROPS.lookup(spec).function(100).draw(rng.random((4000, DRAWS)))
    share = boxes[:, 2] * boxes[:, 3] / 100**2
    most = np.log(np.minimum(aspect, 1 / share))
    stretch = np.log(boxes[:, 3] / boxes[:, 2])
    for quantile in (
        (share - area) / (1 - area),
        (stretch + most) / (2 * most),
    ):
        # Kolmogorov and Smirnov's distance of 4,000 draws, at 1 in 1,000.
        assert stats.kstest(quantile, "uniform").statistic < 0.031


def test_an_enlarged_box_is_squeezed(rng):
    """Samples lie evenly between pixel centres, at the border too."""
    picture = rng.random(32).astype(np.float32)
    box = np.array([[0.0, 0.0, 32.0, 32.0]])
    corner = corners(box, np.zeros(1, bool), 32)
    view = np.tile(picture[None, None, :, None], (1, 32, 1, 1))
    got = cut(tf.constant(view), corner, 0).numpy()[0, 0, :, 0]
    want = np.interp(np.linspace(0, 31, SIDE), np.arange(32), picture)
    np.testing.assert_allclose(got, want, atol=1e-4)


def test_too_small_to_reflect():
    """A picture that cannot be padded so far is refused."""
    with pytest.raises(UsageError, match="at most 46"):
        CROPS.lookup("window(small=reflect, source=96)").function(16)
