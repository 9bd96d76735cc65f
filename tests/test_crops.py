"""Crops: what every one must hold, and boxes against plain slicing."""

import numpy as np
import pytest
import tensorflow as tf

from tfcmc.checks import UsageError
from tfcmc.crops import CROPS, DRAWS, SIDE, corners, cut

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


@pytest.mark.parametrize("side", [32, 64, 96])
def test_whole_picture_is_resized(side, rng):
    """The whole picture is cut as `tf.image.resize` scales it.

    Save at the border of an enlarged one, where samples beyond the last
    pixel's centre move onto it.
    """
    pictures = rng.random((2, side, side, 3)).astype(np.float32)
    box = np.tile([[0.0, 0.0, side, side]], (2, 1))
    corner = corners(box, np.zeros(2, bool), side)
    got = cut(tf.constant(pictures), corner, 0).numpy()
    want = tf.image.resize(pictures, [SIDE, SIDE], "bilinear").numpy()
    if side >= SIDE:
        np.testing.assert_allclose(got, want, atol=1e-4)
    else:
        assert np.abs(got - want).mean() < 0.1


def test_resized_covers_its_range(rng):
    """Areas fill [area, 1] and aspects [3/4, 4/3]."""
    crop = CROPS.lookup("resized(area=0.25)").function(100)
    boxes = crop.draw(rng.random((4000, DRAWS)))
    area = boxes[:, 2] * boxes[:, 3] / 100**2
    aspect = boxes[:, 3] / boxes[:, 2]
    assert area.min() == pytest.approx(0.25, abs=0.01)
    assert area.max() > 0.98
    assert aspect.min() == pytest.approx(0.75, abs=0.01)
    assert aspect.max() == pytest.approx(4 / 3, abs=0.01)


def test_too_small_to_reflect():
    """A picture that cannot be padded so far is refused."""
    with pytest.raises(UsageError, match="at most 46"):
        CROPS.lookup("window(small=reflect, source=96)").function(16)
