"""The distortions, against PIL, torchvision's formulas and slow loops."""

import colorsys
import dataclasses
import functools
import math

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from scipy import stats

from tests.views.boxes import box_of, view_draws
from tfcmc.foundation.draws import uniforms
from tfcmc.foundation.lazy import tf
from tfcmc.views.augment import (
    DRAWS,
    ROWS,
    Augmentation,
    boxes,
    distort,
    draws,
    jitter,
    rows,
    whole,
)

PIL_FILTER = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
TAG = 5
drawn = functools.partial(view_draws, TAG)
JITTERED = Augmentation(jitter=1.0)


def pictures(rng, count, side):
    """Smooth colours, noise in parts, black and white: none symmetric."""
    small = rng.integers(0, 256, (count, 5, 5, 3), np.uint8)
    found = np.stack(
        [
            np.asarray(
                Image.fromarray(each).resize((side, side), Image.BICUBIC)
            )
            for each in small
        ]
    )
    found[:, : side // 3] = rng.integers(
        0, 256, (count, side // 3, side, 3), np.uint8
    )
    found[:, -side // 5 :, : side // 4] = 0
    found[:, -side // 4 :, -side // 7 :] = 255
    return found


def numbers(count, **places):
    """Uniform numbers of one half, but for the places named."""
    found = np.full((count, DRAWS), 0.5, np.float32)
    for name, values in places.items():
        found[:, getattr(draws, name)] = values
    return found


@pytest.mark.parametrize("side", [32, 96])
def test_boxes_are_torchvision_s(side):
    """To the pixel, by its ten tries."""
    every = [
        Augmentation(*area, *ratio)
        for area, ratio in (
            ((0.08, 1.0), (3 / 4, 4 / 3)),
            ((0.2, 1.0), (3 / 4, 4 / 3)),
            ((0.05, 0.14), (3 / 4, 4 / 3)),
            ((1.0, 1.0), (1.0, 1.0)),
            ((0.9, 1.0), (0.5, 2.0)),
        )
    ]
    u = drawn(3000)
    found = tf.function(
        lambda u: [boxes(u, each, side) for each in every], jit_compile=True
    )(u)
    for augmentation, own in zip(every, found, strict=True):
        expected = [box_of(each, augmentation, side, side) for each in u]
        np.testing.assert_array_equal(own, expected)


@pytest.mark.parametrize("ratio", [(2.5, 4.0), (0.2, 0.3), (0.5, 2.0)])
def test_what_does_not_fit_is_cut_from_the_middle(ratio):
    """Where ten tries fail: the largest box of the nearest ratio allowed."""
    augmentation = Augmentation(0.99, 1.0, *ratio)
    u = drawn(2000)
    # One that fails ten times: wide, and of all the area.
    u[0, : draws.TOP] = 0.999
    expected = np.array([box_of(each, augmentation, 64, 64) for each in u])
    np.testing.assert_array_equal(boxes(u, augmentation, 64), expected)
    height, width = expected[0, 2:]
    assert expected[0, 0] == (64 - height) // 2
    assert max(height, width) == 64


def by_pil(picture, box, side, interpolation, mirrored=False):
    """Cut, scaled and mirrored by Pillow: bytes."""
    i, j, h, w = map(int, box)
    image = Image.fromarray(picture).crop((j, i, j + w, i + h))
    image = image.resize((side, side), PIL_FILTER[interpolation])
    return np.asarray(ImageOps.mirror(image) if mirrored else image)


def by_pil_in_floats(picture, box, side, mirrored=False):
    """Likewise bilinearly, without rounding: channel by channel."""
    i, j, h, w = map(int, box)
    channels = []
    for channel in np.moveaxis(picture.astype(np.float32), -1, 0):
        image = Image.fromarray(channel).crop((j, i, j + w, i + h))
        image = image.resize((side, side), PIL_FILTER["bilinear"])
        channels.append(ImageOps.mirror(image) if mirrored else image)
    return np.stack(channels, axis=-1) / 255


def levels(found, expected):
    """How far values in [0, 1] are from bytes, at most, as bytes."""
    return np.abs(np.round(np.asarray(found) * 255) - expected).max()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("across, side", [(32, 32), (96, 32), (33, 64)])
def test_a_crop_is_pil_s(rng, interpolation, across, side):
    """Enlarged and reduced, mirrored or not: within a level of 255."""
    given = pictures(rng, 24, across)
    augmentation = Augmentation(
        0.08, 1.0, 3 / 4, 4 / 3, interpolation, flip=0.5
    )
    u = drawn(24)
    places = boxes(u, augmentation, across)
    mirrored = u[:, draws.FLIP] < 0.5
    assert 0 < mirrored.sum() < 24
    found = distort(given, u, augmentation, side).numpy()
    for i in range(24):
        bytes_ = by_pil(given[i], places[i], side, interpolation, mirrored[i])
        assert levels(found[i], bytes_) <= 1
        if interpolation == "bilinear":
            floats = by_pil_in_floats(given[i], places[i], side, mirrored[i])
            np.testing.assert_allclose(found[i], floats, atol=1e-5)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("side", [32, 40, 96])
def test_whole_pictures_are_pil_s(rng, interpolation, side):
    """And at their own side what they are."""
    given = pictures(rng, 6, 40)
    box = (0, 0, 40, 40)
    found = whole(given, side, interpolation).numpy()
    for picture, result in zip(given, found, strict=True):
        expected = by_pil(picture, box, side, interpolation)
        assert levels(result, expected) <= (1 if side != 40 else 0)
        if interpolation == "bilinear":
            floats = by_pil_in_floats(picture, box, side)
            np.testing.assert_allclose(result, floats, atol=1e-5)


ENHANCED = {
    "brightness": ImageEnhance.Brightness,
    "contrast": ImageEnhance.Contrast,
    "saturation": ImageEnhance.Color,
}


@pytest.mark.parametrize("name", ENHANCED)
def test_a_colour_s_change_is_pil_s(rng, name):
    """What torchvision's ColorJitter calls: within two levels of 255."""
    given = pictures(rng, 20, 24)
    u = numbers(20, **{name.upper(): np.linspace(0, 0.99, 20)})
    augmentation = dataclasses.replace(JITTERED, **{name: 0.8})
    found = distort(given, u, augmentation, 24)
    for picture, number, result in zip(given, u, found, strict=True):
        factor = 0.2 + 1.6 * number[getattr(draws, name.upper())]
        image = ENHANCED[name](Image.fromarray(picture)).enhance(factor)
        assert levels(result, np.asarray(image)) <= 2


def grey_of(picture):
    """[height, width]: ITU-R 601."""
    return picture @ np.array([0.299, 0.587, 0.114])


def turned(picture, turn):
    """The hue turned by Python's colorsys, pixel by pixel."""
    found = np.empty_like(picture)
    for place in np.ndindex(picture.shape[:2]):
        h, s, v = colorsys.rgb_to_hsv(*picture[place])
        found[place] = colorsys.hsv_to_rgb((h + turn) % 1.0, s, v)
    return found


def by_torchvision(picture, which, value):
    """One of the four, as torchvision has it, in float64."""
    if which == 0:
        return picture * value
    if which == 1:
        mean = grey_of(picture).mean()
        return mean + (picture - mean) * value
    if which == 2:
        grey = grey_of(picture)[..., None]
        return grey + (picture - grey) * value
    return turned(picture, value)


def by_tf(picture, which, value):
    """One of the four, by tf.image; brightness added."""
    if which == 0:
        return picture + (value - 1)
    change = {
        1: tf.image.adjust_contrast,
        2: tf.image.adjust_saturation,
        3: tf.image.adjust_hue,
    }[which]
    return change(picture, value).numpy()


@pytest.mark.parametrize("rule", ["torchvision", "tf"])
@pytest.mark.parametrize("order", ["random", "fixed"])
def test_the_four_in_every_order(rng, rule, order):
    """One after the other, clipped after each."""
    given = pictures(rng, 24, 12)
    u = rng.random((24, DRAWS), np.float32)
    u[:, draws.ORDER] = (np.arange(24) + 0.5) / 24
    u[3, draws.JITTER] = 0.9  # left alone
    augmentation = Augmentation(
        jitter=0.8,
        brightness=0.5,
        contrast=0.7,
        saturation=0.8,
        hue=0.3,
        rule=rule,
        order=order,
        brightening="added" if rule == "tf" else "multiplied",
    )
    u[:, draws.JITTER] *= 0.8
    u[3, draws.JITTER] = 0.9
    found = distort(given, u, augmentation, 12)
    change = by_tf if rule == "tf" else by_torchvision
    orders = set()
    for i, picture in enumerate(given / 255):
        u_i = u[i].astype(np.float64)
        values = [
            0.5 + u_i[draws.BRIGHTNESS],
            0.3 + 1.4 * u_i[draws.CONTRAST],
            0.2 + 1.6 * u_i[draws.SATURATION],
            -0.3 + 0.6 * u_i[draws.HUE],
        ]
        one_after_the_other = range(4)
        if order == "random":
            one_after_the_other = jitter.ORDERS[i]
        orders.add(tuple(one_after_the_other))
        expected = picture
        for which in one_after_the_other if i != 3 else ():
            expected = np.clip(change(expected, which, values[which]), 0, 1)
        np.testing.assert_allclose(found[i], expected, atol=2e-5)
    assert len(orders) == (24 if order == "random" else 1)


def test_grey_is_pil_s(rng):
    """Within a level of 255, and the rest left alone."""
    given = pictures(rng, 4, 16)
    u = numbers(4, GREY=[0.1, 0.3, 0.1, 0.3])
    found = distort(given, u, Augmentation(grey=0.2), 16).numpy()
    for i in (0, 2):
        expected = np.asarray(Image.fromarray(given[i]).convert("L"))
        assert levels(found[i], expected[..., None]) <= 1
    np.testing.assert_allclose(found[1::2], given[1::2] / 255, atol=1e-6)


def test_grey_comes_first_where_asked(rng):
    """Then only brightness and contrast can be seen of the jitter."""
    given = pictures(rng, 8, 16)
    u = rng.random((8, DRAWS), np.float32)
    row = rows("moco_v1", 1, area_low=1.0, ratio_low=1.0, ratio_high=1.0)[0]
    row = dataclasses.replace(row, grey=1.0, flip=0.0)
    found = distort(given, u, row, 16)
    grey = grey_of(given / 255)
    for i in range(8):
        expected = grey[i]
        order = jitter.ORDERS[int(u[i, draws.ORDER] * 24)]
        for which in order:
            factor = 0.6 + 0.8 * u[i, draws.JITTER + 1 + which]
            if which == 0:
                expected = np.clip(expected * factor, 0, 1)
            elif which == 1:
                mean = expected.mean()
                expected = np.clip(mean + (expected - mean) * factor, 0, 1)
        for channel in range(3):
            np.testing.assert_allclose(
                found[i, ..., channel], expected, atol=1e-5
            )


def boxed(picture, sigma):
    """Three boxes along both axes, in float64, as Pillow's BoxBlur.c."""
    variance = sigma**2 / 3
    whole_part = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    radius = (2 * whole_part + 1) * (
        whole_part * (whole_part + 1) - 3 * variance
    )
    radius /= 6 * (variance - (whole_part + 1) ** 2)
    radius += whole_part
    reach = math.floor(radius)
    taps = [radius - reach] + [1] * (2 * reach + 1) + [radius - reach]
    taps = np.array(taps) / (2 * radius + 1)
    for axis in (0, 1, 0, 1, 0, 1):
        picture = np.apply_along_axis(
            lambda line: np.convolve(
                np.pad(line, reach + 1, mode="edge"), taps, mode="valid"
            ),
            axis,
            picture,
        )
    return picture


def test_a_blur_is_pil_s(rng):
    """Of every width, borders and all; PIL rounds to bytes six times."""
    given = pictures(rng, 16, 30)
    u = numbers(16, SIGMA=np.linspace(0, 0.999, 16), BLUR=0)
    u[5, draws.BLUR] = 0.5
    augmentation = Augmentation(blur=0.5, sigma_low=0.1, sigma_high=4.0)
    found = distort(given, u, augmentation, 30).numpy()
    for i, picture in enumerate(given):
        sigma = 0.1 + 3.9 * float(u[i, draws.SIGMA])
        image, expected = Image.fromarray(picture), picture / 255
        if i != 5:
            image = image.filter(ImageFilter.GaussianBlur(sigma))
            expected = boxed(expected, sigma)
        np.testing.assert_allclose(found[i], expected, atol=1e-5)
        assert levels(found[i], np.asarray(image)) <= 3
        assert np.abs(found[i] * 255 - np.asarray(image)).mean() < 0.6


def test_a_blur_is_simclr_s(rng):
    """Its kernel of a tenth of the side, nothing beyond the border."""
    given = pictures(rng, 3, 44)
    u = numbers(3, SIGMA=[0.02, 0.4, 0.999])
    found = distort(given, u, Augmentation(blur=1.0, kernel="tenth"), 44)
    radius = int(44 // 10 / 2)
    for i in range(3):
        sigma = 0.1 + 1.9 * float(u[i, draws.SIGMA])
        kernel = [
            math.exp(-(x**2) / (2 * sigma**2))
            for x in range(-radius, radius + 1)
        ]
        kernel = np.array(kernel) / sum(kernel)
        expected = given[i] / 255
        for axis in (0, 1):
            expected = np.apply_along_axis(
                np.convolve, axis, expected, kernel, mode="same"
            )
        np.testing.assert_allclose(found[i], expected, atol=1e-6)


def test_solarisation_is_pil_s(rng):
    """What reaches the threshold is inverted."""
    given = pictures(rng, 4, 16)
    u = numbers(4, SOLARISE=[0.1, 0.3, 0.1, 0.3])
    found = distort(given, u, Augmentation(solarise=0.2), 16).numpy()
    for i in (0, 2):
        expected = ImageOps.solarize(Image.fromarray(given[i]), 128)
        np.testing.assert_allclose(
            found[i], np.asarray(expected) / 255, atol=1e-6
        )
    np.testing.assert_allclose(found[1::2], given[1::2] / 255, atol=1e-6)


def test_photographs_as_pil_cuts_and_colours_them(photographs):
    """Crop within a level of 255, each colour two, blur three."""
    # Not at the top: each of two processes would load it to collect tests.
    import tensorflow_datasets as tfds

    read = tfds.load("photos10", data_dir=photographs, split="train[:24]")
    given = np.stack([each["image"] for each in tfds.as_numpy(read)])
    u = drawn(24)
    crop = Augmentation(0.08, 1.0, 3 / 4, 4 / 3)
    found = distort(given, u, crop, 64)
    for i, box in enumerate(boxes(u, crop, 64)):
        assert levels(found[i], by_pil(given[i], box, 64, "bilinear")) <= 1
    for name, enhance in ENHANCED.items():
        change = dataclasses.replace(JITTERED, **{name: 0.4})
        found = distort(given, u, change, 64)
        for i, picture in enumerate(given):
            factor = 0.6 + 0.8 * float(u[i, getattr(draws, name.upper())])
            image = enhance(Image.fromarray(picture)).enhance(factor)
            assert levels(found[i], np.asarray(image)) <= 2
    found = distort(given, u, Augmentation(blur=1.0), 64)
    for i, picture in enumerate(given):
        sigma = 0.1 + 1.9 * float(u[i, draws.SIGMA])
        blur = ImageFilter.GaussianBlur(sigma)
        image = Image.fromarray(picture).filter(blur)
        # PIL rounds to levels after each of its boxes.
        assert levels(found[i], np.asarray(image)) <= 3


DRAWN = 10_000


def check_share(found, probability):
    """A share of `DRAWN` within four of its standard deviations."""
    spread = math.sqrt(probability * (1 - probability) / DRAWN)
    assert abs(np.mean(found) - probability) <= 4 * spread


def check_even(values, low, high):
    """Even in [low, high], and nowhere beyond."""
    assert low - 1e-4 <= min(values) and max(values) <= high + 1e-4
    assert stats.kstest(values, "uniform", (low, high - low)).pvalue > 1e-3


def results_of(picture, row, seed):
    """One picture under 10,000 draws."""
    given = np.repeat(np.array(picture, np.uint8)[None], DRAWN, axis=0)
    side = given.shape[1]
    row = dataclasses.replace(
        row, area_low=1.0, area_high=1.0, ratio_low=1.0, ratio_high=1.0
    )
    return distort(given, drawn(DRAWN, seed), row, side).numpy()


def test_how_often_and_how_far_brightness_changes():
    """A grey of 0.2 shows the factor, and that nothing else changed."""
    row = rows("simclr", 1, contrast=0, saturation=0, hue=0, grey=0, blur=0)[0]
    found = results_of(np.full((2, 2, 3), 51), row, 1)[:, 0, 0, 0] / 0.2
    changed = np.abs(found - 1) > 1e-5
    check_share(changed, 0.8)
    check_even(found[changed], 0.2, 1.8)


def test_how_far_added_brightness_changes():
    """By up to 0.4 to either side."""
    row = rows("byol", 1, contrast=0, saturation=0, hue=0, grey=0, blur=0)[0]
    found = results_of(np.full((2, 2, 3), 127), row, 2)[:, 0, 0, 0] - 127 / 255
    check_even(found[np.abs(found) > 1e-5], -0.4, 0.4)


def test_how_far_contrast_changes():
    """Two greys about a mean show the factor."""
    picture = np.zeros((2, 2, 3)) + [[[102], [153]], [[102], [153]]]
    row = rows("moco_v2", 1, brightness=0, saturation=0, hue=0, grey=0, blur=0)
    found = results_of(picture, dataclasses.replace(row[0], flip=0), 3)
    factor = (found[:, 0, 1, 0] - found[:, 0, 0, 0]) / 0.2
    changed = np.abs(factor - 1) > 1e-5
    check_share(changed, 0.8)
    check_even(factor[changed], 0.6, 1.4)


def test_how_far_saturation_changes():
    """The distance of two channels shows the factor."""
    row = rows("moco_v2", 1, brightness=0, contrast=0, hue=0, grey=0, blur=0)
    found = results_of(np.zeros((2, 2, 3)) + [102, 153, 120], row[0], 4)
    factor = (found[:, 0, 0, 1] - found[:, 0, 0, 0]) / 0.2
    check_even(factor[np.abs(factor - 1) > 1e-5], 0.6, 1.4)


def test_how_far_the_hue_turns():
    """By up to a fifth of the circle to either side."""
    picture = np.zeros((2, 2, 3)) + [20, 220, 60]
    row = rows("swav", 1, brightness=0, contrast=0, saturation=0, grey=0)[0]
    found = results_of(picture, dataclasses.replace(row, blur=0), 5)
    hues = np.array([colorsys.rgb_to_hsv(*each)[0] for each in found[:, 0, 0]])
    turn = hues - colorsys.rgb_to_hsv(20, 220, 60)[0]
    changed = np.abs(turn) > 1e-5
    check_share(changed, 0.8)
    check_even(turn[changed], -0.2, 0.2)


def test_how_often_pictures_are_mirrored():
    """Half of the time; and never where the row says so."""
    picture = np.zeros((2, 2, 3)) + [[[0], [255]], [[0], [255]]]
    row = Augmentation(flip=0.5)
    check_share(results_of(picture, row, 6)[:, 0, 0, 0] > 0.5, 0.5)
    assert results_of(picture, Augmentation(), 6)[:, 0, 0, 0].max() == 0


def test_how_often_pictures_are_grey():
    """A fifth of the time."""
    picture = np.zeros((2, 2, 3)) + [20, 220, 60]
    found = results_of(picture, Augmentation(grey=0.2), 7)[:, 0, 0]
    check_share(np.ptp(found, axis=1) < 1e-5, 0.2)


def test_how_often_and_how_far_pictures_are_blurred():
    """A point's spread is the variance: three boxes have the Gaussian's."""
    picture = np.zeros((19, 19, 3))
    picture[9, 9] = 255
    found = results_of(picture, Augmentation(blur=0.5), 8)[..., 0].sum(axis=1)
    variance = found @ (np.arange(19) - 9.0) ** 2
    changed = variance > 0
    check_share(changed, 0.5)
    check_even(np.sqrt(variance[changed]), 0.1, 2.0)


def test_how_often_pictures_are_solarised():
    """One of BYOL's views in five, the other never."""
    picture = np.full((2, 2, 3), 255)
    for view, probability in enumerate((0, 0.2)):
        row = rows("byol", 2, jitter=0, grey=0, blur=0)[view]
        found = results_of(picture, row, 9)[:, 0, 0, 0]
        check_share(found < 0.5, probability)


def test_the_orders_are_even():
    """Each of the 24 as often as the others."""
    u = drawn(DRAWN, 10)
    found = jitter._orders(u, JITTERED).numpy()
    _, counts = np.unique(found, axis=0, return_counts=True)
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("name", ["simclr", "moco_v2", "swav"])
def test_boxes_are_distributed_as_torchvision_s(name, rng):
    """Against its rule on numbers from another generator."""
    (row,) = rows(name, 1, small=True)
    found = boxes(drawn(DRAWN, 11), row, 96).numpy()
    other = np.array(
        [box_of(each, row, 96, 96) for each in rng.random((DRAWN, DRAWS))]
    )
    area = found[:, 2] * found[:, 3] / 96**2
    assert row.area_low - 0.01 < area.min() and area.max() < (
        row.area_high + 0.01
    )
    for measure in (
        lambda each: each[:, 2] * each[:, 3],
        lambda each: each[:, 3] / each[:, 2],
        lambda each: each[:, 0],
        lambda each: each[:, 1],
    ):
        assert stats.ks_2samp(measure(found), measure(other)).pvalue > 1e-3


@pytest.mark.parametrize("name, small", [("byol", False), ("swav", True)])
def test_compiled_or_not_and_in_any_batch(rng, name, small):
    """A picture's result is its own, and the same however it is computed."""
    given = pictures(rng, 12, 24)
    u = drawn(12, 12)
    # Each of the rare ones at least once.
    u[:6, draws.SOLARISE], u[3:9, draws.BLUR] = 0.1, 0.05
    row = rows(name, 2, small=small)[1]

    def view_of(given, u):
        return distort(given, u, row, 20)

    eager = view_of(given, u)
    graph = tf.function(view_of)(given, u)
    compiled = tf.function(view_of, jit_compile=True)
    together = compiled(given, u)
    # A grey pixel's hue or a threshold may tip over in the last bit: rare
    # enough that none does here.
    np.testing.assert_allclose(graph, eager, atol=1e-5)
    np.testing.assert_allclose(together, eager, atol=1e-5)
    some = rng.integers(0, 12, 12)
    np.testing.assert_allclose(
        compiled(given[some], u[some]), together.numpy()[some], atol=1e-6
    )
    few = some[:5]
    np.testing.assert_allclose(
        view_of(given[few], u[few]), eager.numpy()[few], atol=1e-6
    )


@pytest.mark.parametrize("name", ROWS)
def test_every_row_changes_what_it_says(rng, name):
    """In [0, 1], at a side that is not the pictures', whatever is drawn."""
    given = pictures(rng, 40, 20)
    every = (*rows(name, 2), *rows(name, 1, small=True))
    for view, row in enumerate(every):
        u = uniforms(0, TAG, 0, np.arange(40), 3, DRAWS)[:, view]
        found = distort(given, u, row, 24).numpy()
        assert found.shape == (40, 24, 24, 3)
        assert 0 <= found.min() and found.max() <= 1
        plain = whole(given, 24, row.interpolation)
        same = np.abs(found - plain).max(axis=(1, 2, 3)) < 1e-5
        assert same.all() == (name == "none")


def test_rows_of_many_views():
    """BYOL's second view differs; SwAV's small ones are of small parts."""
    first, second, third = rows("byol", 3)
    assert (first.blur, first.solarise) == (1.0, 0.0)
    assert (second.blur, second.solarise) == (0.1, 0.2)
    assert third == second
    assert rows("byol", 2, small=True) == (second,) * 2
    every = (*rows("swav", 3), *rows("swav", 2, small=True))
    areas = [row.area_high for row in every]
    assert areas == [1.0, 1.0, 1.0, 0.14, 0.14]


def test_a_strength_scales_the_jitter():
    """What is given by name is taken as it is."""
    (row,) = rows("simclr", 1, strength=0.5, hue=0.3, blur=0.0)
    found = row.brightness, row.contrast, row.saturation, row.hue, row.blur
    assert found == (0.4, 0.4, 0.4, 0.3, 0.0)
