"""Light and colour of views, changed at random."""

import math

import numpy as np
import pytest

from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.views.light_and_colour import DRAWS

SIDE = 20


def views_of(spec, **settings):
    """The views of pictures of 24 pixels."""
    plan = make_plan(make_config({"views": spec, "side": SIDE} | settings))
    return plan.views_of(24)


def expected(view, first, second, drawn, strength, grey):
    """One view `[side, side, channels]`, pixel by pixel in float64."""
    if drawn >= 0.8:
        return view
    factor = 1 + strength * (2 * first - 1)
    moved = strength * (2 * second - 1)
    out = np.empty_like(view)
    middle = sum(view.ravel()) / view.size
    for row, column in np.ndindex(view.shape[:2]):
        if view.shape[-1] == 1:
            value = view[row, column, 0]
            out[row, column, 0] = middle + factor * (value - middle) + moved
            continue
        a, b = view[row, column] - grey
        angle = math.atan2(b, a) + moved * math.pi / 2  # a quarter at most
        far = factor * math.hypot(a, b)
        turned = [far * math.cos(angle), far * math.sin(angle)]
        out[row, column] = grey + np.array(turned)
    return out


def grey_of(name):
    """Where a picture without colour lies, whatever its light."""
    shown = np.full([1, 24, 24, 3], 131, np.uint8)
    return views_of(name).whole(shown)[1][0, 0, 0].numpy().astype(np.float64)


@pytest.mark.parametrize("name", ["lab", "ycbcr"])
@pytest.mark.parametrize("crop_from", ["square", "whole"])
def test_against_a_loop(name, crop_from, rng):
    """Of the same boxes, whether cut on the device or on the host."""
    views, plain = (
        views_of(f"{name}(count=2{more})") for more in (", jitter=0.6", "")
    )
    shown = rng.integers(0, 256, (7, 24, 24, 3), np.uint8)
    if crop_from == "whole":
        views, plain = views.cut, plain.cut
        shown = [
            rng.integers(0, 256, (7, SIDE, SIDE, 3), np.uint8)
            for _ in views.names
        ]
    grey = grey_of(name)  # which the matrices of Lab miss by 2e-5
    draws = views.draw(3, 2, np.arange(7), 7)
    np.testing.assert_array_equal(
        draws[..., :-DRAWS], plain.draw(3, 2, np.arange(7), 7)
    )
    got = views.convert(shown, draws)
    want = plain.convert(shown, draws[..., :-DRAWS])
    changed = 0
    for number, (view, before) in enumerate(zip(got, want, strict=True)):
        for picture in range(7):
            drawn = draws[picture, number, -DRAWS:].astype(np.float64)
            each = before[picture].numpy().astype(np.float64)
            told = expected(each, *drawn, 0.6, grey)
            np.testing.assert_allclose(view[picture], told, atol=1e-4)
            changed += not np.array_equal(told, each)
    assert 0 < changed < 4 * 7


def test_what_is_drawn():
    """Evenly, apart for each view, picture and epoch; four views in five."""
    views = views_of("lab(jitter=0.4)")
    own = views.draw(5, 1, np.arange(20_000), 20_000)[..., -DRAWS:]
    assert np.mean(own[..., 2] < 0.8) == pytest.approx(0.8, abs=0.01)
    for number in range(DRAWS):
        found, _ = np.histogram(own[..., number], 10, (0, 1))
        np.testing.assert_allclose(found, 4_000, rtol=0.08)
    flat = own.reshape(-1, 2 * DRAWS)
    correlated = np.corrcoef(flat.T) - np.eye(2 * DRAWS)
    assert np.abs(correlated).max() < 0.03
    other = views.draw(5, 2, np.arange(20_000), 20_000)[..., -DRAWS:]
    assert abs(np.corrcoef(own.ravel(), other.ravel())[0, 1]) < 0.02
    few = views.draw(5, 1, np.array([17, 4]), 20_000)[..., -DRAWS:]
    np.testing.assert_array_equal(few, own[[17, 4]])


def test_held_out_pictures_are_as_they_are():
    """They are compared in the views without it, and read in none."""
    views = views_of("lab(count=2, jitter=0.4)")
    assert views.compared is not None and views.compared.compared is None
    assert views.compared.draw(0, 0, np.arange(2), 2).shape == (2, 4, 4)
    assert views_of("lab(count=2)").compared is None
