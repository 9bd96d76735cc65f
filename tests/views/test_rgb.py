"""RGB views: what branches see in training, and what evaluation sees."""

import numpy as np
import pytest
import tensorflow as tf

from tests.equal_runs import check_same
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.views.augment import ROWS, Augmentation, distort, rows, whole
from tfcmc.views.base import Frame
from tfcmc.views.rgb import rgb

COUNT, SIDE = 6, 40


@pytest.fixture
def pictures(rng):
    """A few random pictures."""
    return rng.integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8)


def plan_of(views, **settings):
    """The plan of these views, on views of 32."""
    given = {"views": views, "side": 32, "encoder": "paper(width=0.2)"}
    return make_plan(make_config(given | settings))


def test_views_are_distortions(pictures):
    """Each view by its own row and numbers, moved to [-1, 1]."""
    views = plan_of("rgb(count=3, augment=byol)").views_of(SIDE)
    assert views.names == ("rgb_1", "rgb_2", "rgb_3")
    assert views.branches == ("rgb",)
    assert views.shapes == {"rgb": (32, 32, 3)}
    draws = views.draw(4, 2, np.arange(COUNT), COUNT)
    shown = views.convert(tf.constant(pictures), draws)
    for number, row in enumerate(rows("byol", 3)):
        want = distort(tf.constant(pictures), draws[:, number], row, 32)
        np.testing.assert_allclose(shown[number], 2 * want - 1, atol=2e-5)
    (seen,) = views.whole(tf.constant(pictures))
    want = whole(tf.constant(pictures), 32, "bicubic")
    np.testing.assert_allclose(seen, 2 * want - 1, atol=2e-5)


def test_draws_are_of_seed_epoch_and_example_alone():
    """Whatever the batch and the order; each of the four counts."""
    views = plan_of("rgb").views_of(SIDE)
    all_of = views.draw(4, 2, np.arange(50), 50)
    some = np.array([31, 7, 0])
    np.testing.assert_array_equal(views.draw(4, 2, some, 99), all_of[some])
    others = [
        views.draw(5, 2, np.arange(50), 50),
        views.draw(4, 3, np.arange(50), 50),
        views.judged(np.arange(50), 50),
        all_of[::-1],
        all_of[:, ::-1],
    ]
    for other in others:
        assert np.mean(other == all_of) < 0.01


def test_options_change_the_row():
    """The crop's smallest area, the blur, and the jitter's strength."""
    plan = plan_of("rgb(augment=simclr, strength=0.5, area=0.2, blur=0)")
    assert plan.views.spec == (
        "rgb(count=2, small=0, small_side=None, augment=simclr, strength=0.5, "
        "area=0.2, blur=0)"
    )
    (first, _) = rows("simclr", 2, strength=0.5, area_low=0.2, blur=0.0)
    assert isinstance(first, Augmentation)
    assert (first.area_low, first.blur, first.hue) == (0.2, 0.0, 0.1)


def test_small_views_follow_the_large(pictures, uncompiled):
    """Of their own side and row; held-out pictures are compared without."""
    encoder = {"encoder": "resnet(width=0.1)"}
    plan = plan_of("rgb(count=2, small=3, augment=swav, area=0.3)", **encoder)
    views = plan.views_of(SIDE)
    assert views.sides == (32, 32, 14, 14, 14)
    assert views.shapes == {"rgb": (None, None, 3)}
    draws = views.draw(4, 2, np.arange(COUNT), COUNT)
    shown = views.convert(tf.constant(pictures), draws)
    (published,) = rows("swav", 1, small=True)
    assert (published.area_low, published.area_high) == (0.05, 0.14)
    want = distort(tf.constant(pictures), draws[:, 4], published, 14)
    np.testing.assert_allclose(shown[4], 2 * want - 1, atol=2e-5)
    (large, _) = rows("swav", 2, area_low=0.3)
    want = distort(tf.constant(pictures), draws[:, 0], large, 32)
    np.testing.assert_allclose(shown[0], 2 * want - 1, atol=2e-5)
    assert views.compared.sides == (32, 32)
    own = plan_of("rgb(count=2, small=2, small_side=20)", **encoder)
    own = own.views_of(SIDE)
    assert own.sides == (32, 32, 20, 20)


def test_every_large_view_is_cut_as_one():
    """However many there are: of SwAV from 0.14 of a picture on."""
    spec, encoder = "rgb(count=4, small=1, augment=swav)", "resnet(width=0.1)"
    views = plan_of(spec, encoder=encoder).views_of(SIDE).cut
    draws = views.draw(4, 2, np.arange(300), 300)
    boxes = np.array([views.boxes(each, 500, 500) for each in draws])
    areas = boxes[..., 2] * boxes[..., 3] / 500**2
    assert np.all(areas[:, :4].max(axis=0) > 0.8)
    assert areas[:, :4].min() > 0.13 and areas[:, 4].max() < 0.15


def test_a_strong_jitter_turns_the_whole_circle():
    """And no farther, whatever the row's strength of hue."""
    (row,) = rows("moco_v1", 1, strength=2.0)
    assert (row.hue, row.brightness) == (0.5, 0.8)


def test_one_view_is_compared_with_another_draw(pictures, uncompiled):
    """Two views of a held-out picture, where one is learnt from."""
    plan = plan_of("rgb(count=1)", pairs="self", negatives="bank")
    architecture = Architecture(plan, SIDE)
    encoded = architecture.reader(architecture.branches()).encode(
        ArrayPictures(pictures)
    )
    first, second = encoded.embeddings
    assert np.abs(first - second).max() > 1e-3
    with pytest.raises(
        UsageError, match="two copies or more with --pairs=cross"
    ):
        plan_of("rgb(count=1)").views_of(SIDE)


def test_held_out_views_are_compared_under_fixed_draws(pictures, uncompiled):
    """Features one a branch; embeddings one a view, each time the same."""
    architecture = Architecture(plan_of("rgb(augment=weak32)"), SIDE)
    branches = architecture.branches()
    reader = architecture.reader(branches)
    encoded = reader.encode(ArrayPictures(pictures))
    again = reader.encode(ArrayPictures(pictures))
    assert len(encoded.features) == 1 and len(encoded.embeddings) == 2
    check_same(encoded.embeddings, again.embeddings)
    views = architecture.views
    draws = views.judged(np.arange(COUNT), COUNT)
    for number, view in enumerate(views.convert(tf.constant(pictures), draws)):
        vectors = branches["rgb"](view).numpy()
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.testing.assert_allclose(
            encoded.embeddings[number], vectors, atol=1e-5
        )
    features = branches["rgb"](views.whole(tf.constant(pictures))[0])
    np.testing.assert_allclose(encoded.features[0], features, atol=1e-5)
    # Of a part the numbers are the same: a picture has its place in it.
    first = reader.encode(ArrayPictures(pictures[:2]))
    np.testing.assert_allclose(
        first.embeddings[1], encoded.embeddings[1][:2], atol=1e-6
    )


def test_undistorted_views_are_one_picture(pictures):
    """Their alignment is 0 by construction."""
    architecture = Architecture(plan_of("rgb(augment=none)"), SIDE)
    reader = architecture.reader(architecture.branches())
    first, second = reader.encode(ArrayPictures(pictures)).embeddings
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"views": "rgb(augment=simcrl)"}, "Received: 'simcrl'"),
        ({"views": "rgb(count=0)"}, "at least 1"),
    ],
)
def test_what_is_not_read_is_refused(settings, told):
    """Neither a row nor a number that there is not."""
    with pytest.raises(UsageError, match=told):
        plan_of(**{"views": "rgb"} | settings)


@pytest.mark.parametrize("augment", ROWS)
def test_their_number_is_known(augment, pictures):
    """Also after they were traced for any number, as a reader does."""
    count = len({*rows(augment, 2)})  # each row is traced once
    views = rgb(Frame(SIDE, 32, None), augment=augment, count=count)
    draws = views.draw(0, 0, range(len(pictures)), 100)
    anything = [
        tf.TensorSpec([None, *array.shape[1:]], array.dtype)
        for array in (pictures, draws)
    ]
    tf.function(views.convert).get_concrete_function(*anything)
    told = []

    @tf.function
    def trace(*arrays):
        told.extend(view.shape[0] for view in views.convert(*arrays))

    trace.get_concrete_function(pictures, draws)
    assert told == [len(pictures)] * count
