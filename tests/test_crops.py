"""Crops: what every one must hold, and boxes against plain slicing."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfcmc.foundation.errors import UsageError
from tfcmc.views.crop import CROPS, DRAWS, box_corners, cut

SPECS = [*CROPS.names(), "window(small=reflect)", "resized(area=0.05)"]


@pytest.mark.parametrize("side, out", [(64, 64), (96, 96), (150, 32)])
@pytest.mark.parametrize("spec", SPECS)
def test_boxes_lie_inside(spec, side, out, rng):
    """No box leaves the padded picture, at the ends of the draws too."""
    crop = CROPS.lookup(spec).function(side, out)
    uniforms = rng.random((500, DRAWS))
    uniforms[0], uniforms[1] = 0.0, np.nextafter(1.0, 0.0)
    boxes = np.concatenate([crop.draw(uniforms), crop.centre[None]])
    assert np.all(boxes[:, :2] >= 0) and np.all(boxes[:, 2:] > 0)
    whole = side + 2 * crop.pad
    assert np.all(boxes[:, :2] + boxes[:, 2:] <= whole + 1e-6)


@pytest.mark.parametrize("out", [32, 64])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize(
    "side, spec", [(96, "window"), (64, "window(small=reflect)")]
)
def test_window_is_a_slice(side, spec, flipped, out, rng):
    """On 96x96 it is the pixels themselves, mirrored or not.

    Smaller pictures are padded as `numpy.pad` reflects.
    """
    pictures = rng.random((4, side, side, 2)).astype(np.float32)
    crop = CROPS.lookup(spec).function(side, out)
    boxes = crop.draw(rng.random((4, DRAWS)))
    whole = side + 2 * crop.pad
    corners = box_corners(boxes, np.full(4, flipped), side=whole, out=out)
    got = cut(tf.constant(pictures), corners, crop.pad, out).numpy()
    pad = [(0, 0), (crop.pad, crop.pad), (crop.pad, crop.pad), (0, 0)]
    padded = np.pad(pictures, pad, mode="reflect")
    for picture, view, box in zip(padded, got, boxes, strict=True):
        top, left = box[:2].astype(int)
        want = picture[top : top + out, left : left + out]
        want = want[:, ::-1] if flipped else want
        np.testing.assert_allclose(view, want, atol=1e-4)
    assert len({tuple(box) for box in boxes}) > 1


@pytest.mark.parametrize("side, out", [(64, 64), (96, 64), (96, 32)])
def test_whole_picture_is_resized(side, out, rng):
    """A picture that is not enlarged is cut as `tf.image.resize` scales it."""
    pictures = rng.random((2, side, side, 3)).astype(np.float32)
    box = np.tile([[0.0, 0.0, side, side]], (2, 1))
    corners = box_corners(box, np.zeros(2, bool), side=side, out=out)
    got = cut(tf.constant(pictures), corners, 0, out).numpy()
    want = tf.image.resize(pictures, [out, out], "bilinear").numpy()
    np.testing.assert_allclose(got, want, atol=1e-4)


@pytest.mark.parametrize("side, out", [(64, 64), (32, 64), (96, 64), (48, 32)])
@pytest.mark.parametrize("spec", ["resized", "window(source=70)"])
def test_no_view_has_a_black_rim(spec, side, out, rng):
    """Rounding puts no sample beyond a picture, where there is nothing."""
    crop = CROPS.lookup(spec).function(side, out)
    boxes = crop.draw(rng.random((4000, DRAWS)))
    whole = side + 2 * crop.pad
    boxes[:2] = [0.0, 0.0, whole, whole]
    corners = box_corners(boxes, rng.random(4000) < 0.5, side=whole, out=out)
    ones = tf.ones([4000, side, side, 1])
    shown = cut(ones, tf.constant(corners), crop.pad, out)
    assert np.abs(shown - 1.0).max() < 1e-5


@pytest.mark.parametrize(("area", "aspect"), [(0.25, 4 / 3), (0.05, 3.0)])
def test_resized_is_uniform(area, aspect, rng):
    """Shares of the area are uniform, and aspects log-uniform as they fit."""
    spec = f"resized(area={area}, aspect={aspect})"
    crop = CROPS.lookup(spec).function(100, 64)
    boxes = crop.draw(rng.random((4000, DRAWS)))
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
    corners = box_corners(box, np.zeros(1, bool), side=32, out=64)
    view = np.tile(picture[None, None, :, None], (1, 32, 1, 1))
    got = cut(tf.constant(view), corners, 0, 64).numpy()[0, 0, :, 0]
    want = np.interp(np.linspace(0, 31, 64), np.arange(32), picture)
    np.testing.assert_allclose(got, want, atol=1e-4)


@pytest.mark.parametrize(
    "spec, told",
    [
        ("window(small=reflect, source=96)", "at most 46"),
        ("window(source=32)", "at least the side of the views, 64"),
    ],
)
def test_what_cannot_be_cut(spec, told):
    """Pictures too small to be padded so far, a window beyond its source."""
    with pytest.raises(UsageError, match=told):
        CROPS.lookup(spec).function(16, 64)
