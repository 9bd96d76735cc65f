"""Views cut out of whole pictures, where their files are decoded."""

import dataclasses
import functools
import io
import math

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from tests.data.icc import P3_TO_XYZ, rgb_profile
from tests.dirty.case import noise
from tests.equal_runs import check_same
from tests.tiny import NORMED, plan_of, state_of
from tests.views.boxes import box_of, view_draws
from tfcmc.data import images
from tfcmc.data.encoded import EncodedPictures
from tfcmc.data.images import Encoded, Room, decode_crops, decode_image
from tfcmc.data.pictures import ArrayPictures, Subset
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.train import compiled
from tfcmc.foundation.draws import DISTORTIONS
from tfcmc.foundation.errors import UsageError
from tfcmc.views import CROPS
from tfcmc.views.augment import Augmentation, box, rows
from tfcmc.views.lab import lab

ROOM = Room(2**30)
drawn = functools.partial(view_draws, DISTORTIONS)
SHAPES = [(375, 500), (500, 333), (64, 64), (20, 400)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "row", [*rows("simclr", 1), Augmentation(0.1, 0.5, 0.5, 2.0)]
)
def test_boxes_are_torchvisions(row, shape):
    """In oblong pictures too, also where none fits; and within them."""
    found = [box(u, row, *shape) for u in drawn(300)]
    assert found == [box_of(u, row, *shape) for u in drawn(300)]
    top, left, height, width = np.transpose(found)
    assert top.min() >= 0 and (top + height).max() <= shape[0]
    assert left.min() >= 0 and (left + width).max() <= shape[1]
    assert len(set(found)) > 200 or shape == (20, 400)


@pytest.mark.parametrize("shape", SHAPES)
def test_resized_boxes(shape):
    """Areas and ratios as they are told, within the picture."""
    crop = CROPS.lookup("resized(area=0.3, aspect=1.5)").function(96, 64)
    u = np.random.default_rng(3).random((2000, 4), np.float32)
    top, left, height, width = np.transpose(crop.boxes(u, *shape))
    assert min(top.min(), left.min()) >= 0
    assert (top + height).max() <= shape[0] + 1e-3
    assert (left + width).max() <= shape[1] + 1e-3
    ratio, share = width / height, height * width / math.prod(shape)
    assert 1 / 1.5 - 1e-4 <= ratio.min() and ratio.max() <= 1.5 + 1e-4
    # Of a band twenty times as long as high nothing of 0.3 is not oblong.
    most = min(1.0, 1.5 * shape[0] / shape[1], 1.5 * shape[1] / shape[0])
    want = np.minimum(0.3 + 0.7 * u[:, 2], most)
    np.testing.assert_allclose(share, want, rtol=1e-4)
    if shape == (375, 500):
        # One area, worked out: what fits of ratios is evenly met.
        u[:, 2] = 0.5
        top, left, height, width = np.transpose(crop.boxes(u, *shape))
        low = max(1 / 1.5, 0.65 * 500 / 375)
        high = min(1.5, 500 / 375 / 0.65)
        leans = np.log(width / height)
        want = np.log(low) + (np.log(high) - np.log(low)) * u[:, 3]
        np.testing.assert_allclose(leans, want, atol=1e-4)


def saved(pixels, kind, **options):
    """The bytes of an image file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return Encoded("made", stream.getvalue())


def smooth(seed, height, width, grain=16):
    """A picture without detail finer than some pixels."""
    small = Image.fromarray(noise(seed, height // grain, width // grain, 3))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def by_pillow(image, where, side, filter):
    """What torchvision makes of a PIL image: crop, then resize."""
    top, left, height, width = where
    cut = image.crop((left, top, left + width, top + height))
    return np.asarray(cut.resize((side, side), filter))


CUT = [(10, 21, 230, 310), (0, 0, 300, 400), (40, 50, 33, 21)]
SIDES = (32, 64, 48)
FILTERS = ("bilinear", "bicubic", "bilinear")


@pytest.mark.parametrize("turned", [1, 6, 8])
def test_crops_of_png_are_pillows(turned):
    """Of the picture turned upright, to the bit, whatever the side."""
    exif = Image.Exif()
    exif[0x0112] = turned
    shape = (300, 400) if turned == 1 else (400, 300)
    file = saved(noise(2, *shape, 3), "PNG", exif=exif)
    seen = []

    def where(height, width):
        seen.append((height, width))
        return CUT

    found = decode_crops(file, where, SIDES, FILTERS, ROOM)
    assert seen == [(300, 400)]
    with Image.open(io.BytesIO(file.content)) as image:
        upright = ImageOps.exif_transpose(image)
    for crop, place, side, filter in zip(
        found, CUT, SIDES, FILTERS, strict=True
    ):
        kind = Image.Resampling[filter.upper()]
        want = by_pillow(upright, place, side, kind)
        np.testing.assert_array_equal(crop, want)


@pytest.mark.parametrize(
    ("turned", "side", "decoded"),
    [
        *((turned, 64, (151, 201)) for turned in range(1, 9)),
        *((turned, 32, (76, 101)) for turned in (1, 6)),
        *((turned, 224, (602, 803)) for turned in (1, 6)),
    ],
)
def test_crops_of_a_reduced_jpeg(turned, side, decoded, monkeypatch):
    """Nearly those of the whole; the smallest box sets the reduction."""
    exif = Image.Exif()
    exif[0x0112] = turned
    shape = (602, 803) if turned < 5 else (803, 602)
    file = saved(smooth(2, *shape, 120), "JPEG", quality=95, exif=exif)
    with Image.open(io.BytesIO(file.content)) as image:
        whole = saved(np.asarray(ImageOps.exif_transpose(image)), "PNG")
    sizes = []
    plain = images._plain
    monkeypatch.setattr(
        images,
        "_plain",
        lambda image: sizes.append(image.size) or plain(image),
    )
    where = [(33, 47.5, 519, 619.25), (60.25, 0, 539.75, 803)]
    found, want = (
        decode_crops(
            each, lambda *shape: where, (side,) * 2, ("bilinear",) * 2, ROOM
        )
        for each in (file, whole)
    )
    assert sizes == [decoded[::-1], (803, 602)]
    for crop, expected in zip(found, want, strict=True):
        apart = np.abs(crop.astype(int) - expected)
        assert apart.mean() < 1 and apart.max() <= 4


def test_profiles_and_modes_are_those_of_squares():
    """A crop of all is what `decode_image` makes of the file."""
    pixels = smooth(4, 64, 64)
    files = [
        saved(pixels, "JPEG", icc_profile=rgb_profile(P3_TO_XYZ)),
        saved(pixels[..., 0], "PNG"),
        saved(pixels.astype(np.uint16)[..., 0] * 257, "PNG"),
        saved(np.dstack([pixels, pixels[..., 0]]), "PNG"),
        saved(np.dstack([pixels, pixels[..., 0]]), "TIFF"),
    ]
    for file in files:
        want = decode_image(file, 32, ROOM).pixels
        (crop,) = decode_crops(
            file,
            lambda height, width: [(0, 0, height, width)],
            (32,),
            ("bilinear",),
            ROOM,
        )
        np.testing.assert_array_equal(crop, want)


class Files:
    """Image files of oblong pictures, as `EncodedPictures` takes them."""

    def __init__(self, count, broken=()):
        self._files = [
            saved(smooth(n, 48 + n, 80), "JPEG") for n in range(count)
        ]
        for n in broken:
            self._files[n] = Encoded(f"broken {n}", b"no picture")

    def __len__(self):
        return len(self._files)

    def files(self, numbers):
        return [self._files[int(n)] for n in numbers]


def learner(pictures, **settings):
    """A model, and the stream it learns from."""
    plan = plan_of(
        views="lab", crop_from="whole", encoder="paper(width=0.2)", **settings
    )
    architecture = Architecture(plan, pictures.side)
    model = compiled(plan, architecture, architecture.branches(), pictures, 3)
    return model, architecture.stream(Subset(pictures, np.arange(13)[::-1]))


def test_goes_on_to_the_bit():
    """Whatever was decoded before, and by whatever way."""
    states = []
    for pause in (False, True):
        model, stream = learner(EncodedPictures(Files(13), 32, ROOM))
        for step in range(2):
            model.train_step(stream.batch(step))
        if pause:
            kept = state_of(model)
            model, stream = learner(EncodedPictures(Files(13), 32, ROOM))
            model.set_state(kept)
        for batch in stream.dataset(2, 2):
            model.train_step(batch)
        states.append(state_of(model))
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name])


def test_pieces_are_the_batch():
    """Loss and gradients of views that come ready, in pieces of two."""
    found = []
    for size in (None, 2):
        pictures = EncodedPictures(Files(13), 32, ROOM)
        model, stream = learner(pictures, batch_size=4, microbatch=size)
        batch = tf.nest.map_structure(tf.constant, stream.batch(1))
        found.append(model.differentiate(batch))
    (loss, want, _), (other, got, _) = found
    assert float(other) == pytest.approx(float(loss), rel=1e-6)
    for one, each in zip(got, want, strict=True):
        np.testing.assert_allclose(one, each, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("views", "more"),
    [
        ("lab", {}),
        ("lab", {"geometry": "shared", "flip": False}),
        ("rgb(augment=simclr, strength=0, blur=0)", {}),
    ],
)
def test_squares_are_cut_as_on_the_device(views, more, monkeypatch):
    """The same boxes, flips and colours, but for the rounding of pixels."""
    monkeypatch.setattr("tfcmc.views.rgb.compiled", lambda convert: convert)
    pixels = np.stack([smooth(n, 64, 64) for n in range(6)])
    files = Files(6)
    files._files = [saved(each, "PNG") for each in pixels]
    shown = []
    for crop_from in ("square", "whole"):
        settings = {"views": views, "crop_from": crop_from, **more}
        plan = plan_of(**settings, side=64, batch_size=6)
        stream = Architecture(plan, 64).stream(
            EncodedPictures(files, 64, ROOM)
        )
        pictures, draws, _ = stream.batch(1)
        views_of = stream._views
        shown.append(
            views_of.convert(
                tf.nest.map_structure(tf.constant, pictures), draws
            )
        )
    for one, other in zip(*shown, strict=True):
        assert one.shape == other.shape
        apart = np.abs(np.subtract(one, other))
        assert apart.mean() < 0.01 and np.std(one) > 0.2


def test_views_of_several_sides_in_any_share():
    """Each of its own side, the same in a dataset as asked for one by one."""
    plan = plan_of(
        views="rgb(small=1, small_side=16, augment=swav)",
        encoder=NORMED,
        crop_from="whole",
    )
    pictures = EncodedPictures(Files(9), 32, ROOM)
    stream = Architecture(plan, 32).stream(pictures)
    parts = zip(stream.dataset(1, 2, 2, range(1, 2)), range(1, 3), strict=True)
    for batch, step in parts:
        assert [each.shape[1] for each in batch[0]] == [32, 32, 16]
        want = stream.batch(step)
        for got, expected in zip(
            tf.nest.flatten(batch), tf.nest.flatten(want), strict=True
        ):
            np.testing.assert_array_equal(got, expected[2:])


def test_a_picture_that_cannot_be_read():
    """It is told of, or the nearest stands in its place."""
    numbers = np.arange(4)
    views = Architecture(plan_of(crop_from="whole"), 32).trained
    draws = views.draw(0, 0, numbers, 5)
    pictures = EncodedPictures(Files(5, broken=[2]), 32, ROOM)
    with pytest.raises(UsageError, match="broken 2"):
        pictures.crops(numbers, draws, views)
    pictures = EncodedPictures(Files(5, broken=[2]), 32, ROOM, "skip")
    want = EncodedPictures(Files(5), 32, ROOM).crops(
        [0, 1, 1, 3], draws, views
    )
    check_same(pictures.crops(numbers, draws, views), want)


def test_what_is_not_cut_is_refused():
    """Pictures that were squares before, and views that do not say how."""
    architecture = Architecture(plan_of(crop_from="whole"), 32)
    with pytest.raises(UsageError, match="^`crop-from` must be square with"):
        architecture.stream(ArrayPictures(noise(1, 9, 32, 32, 3)))
    plan = plan_of(
        crop_from="whole", views="tests.data.test_whole_pictures:own"
    )
    with pytest.raises(UsageError, match="which have no boxes"):
        Architecture(plan, 32)


def own(frame):
    """Views of a user's own, which do not say where they are cut."""
    return dataclasses.replace(lab(frame), cut=None)
