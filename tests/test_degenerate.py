"""Numbers where little is left to measure: right ones, or none at all."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny import CHANNELS, plan_of
from tfcmc.evaluation import metrics, verdict
from tfcmc.evaluation.features import Encoded, Reader
from tfcmc.evaluation.probes import PROBES, Labelled
from tfcmc.evaluation.probes.base import standardise
from tfcmc.evaluation.probes.knn import leave_one_out
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras

every_probe = pytest.mark.parametrize("name", PROBES.names())
bad_numbers = pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
MEASURES = {
    "squared_distances": lambda v: metrics.squared_distances(v, v[::-1]),
    "alignment": lambda v: metrics.alignment(v[::-1], v),
    "pair_potentials": metrics.pair_potentials,
    "uniformity": metrics.uniformity,
    "effective_rank": metrics.effective_rank,
    "mean_interval": lambda v: metrics.mean_interval(v[:, 0]),
}


def slow_uniformity(vectors, t):
    """log mean over i != j of exp(-t |x_i - x_j|^2), in the log domain."""
    units = []
    for vector in vectors.astype(float):
        length = math.sqrt(math.fsum(x * x for x in vector))
        units.append(vector / length if length else vector)
    powers = [
        -t * math.fsum((x - y) ** 2)
        for i, x in enumerate(units)
        for j, y in enumerate(units)
        if i != j
    ]
    top = max(powers)
    total = math.fsum(math.exp(power - top) for power in powers)
    return top + math.log(total / len(powers))


@pytest.mark.parametrize("t", [0.01, 19.9, 20.1, 100.0])
@pytest.mark.parametrize(
    "kind", ["random", "two", "opposite", "doubled", "zero"]
)
def test_uniformity_at_any_sharpness(kind, t, rng):
    """No potential is lost, be it below what float32 can hold."""
    vectors = rng.normal(size=(9, 4)) + 0.2
    if kind == "two":
        vectors = vectors[:2]
    if kind == "opposite":
        vectors = np.concatenate([vectors[:1], -3 * vectors[:1]])
    if kind == "doubled":
        vectors = np.concatenate([vectors[:2], vectors])
    if kind == "zero":
        vectors[2] = 0.0  # stays at the centre, 1 from all others
    got = metrics.uniformity(vectors, t=t)
    assert got == pytest.approx(slow_uniformity(vectors, t), rel=1e-5)


@pytest.mark.parametrize(
    ("scale", "dtype"),
    [(2.0**126, "float32"), (2.0**900, "float64"), (2.0**-15, "float32")],
)
def test_length_does_not_matter(scale, dtype, rng):
    """Nor where the squares of float32 overflow."""
    first, second = rng.normal(size=(2, 12, 5)).astype(dtype)
    for measure in (metrics.uniformity, metrics.effective_rank):
        assert measure(scale * first) == pytest.approx(measure(first))
    want = metrics.alignment(first, second)
    assert metrics.alignment(scale * first, second) == pytest.approx(want)


@bad_numbers
@pytest.mark.parametrize("name", MEASURES)
def test_no_measure_of_what_is_no_number(name, bad, rng):
    """One bad number among many gives no number."""
    vectors = rng.normal(size=(30, 4))
    MEASURES[name](vectors)
    vectors[17, 0] = bad
    with pytest.raises(UsageError, match="finite"):
        MEASURES[name](vectors)


@pytest.mark.parametrize(
    "vectors",
    [
        np.array([["a", "b"], ["c", "d"]]),
        np.array([[1 + 2j, 1], [2, 3]]),
        np.array([[None, 1], [2, 3]]),
        np.ones(3),
        np.ones((4, 0)),
        np.ones((0, 4)),
    ],
    ids=["text", "complex", "objects", "a row", "no dimensions", "no vectors"],
)
@pytest.mark.parametrize("name", ["alignment", "uniformity", "effective_rank"])
def test_no_measure_of_what_are_no_vectors(name, vectors):
    """They are refused by what they are."""
    with pytest.raises(UsageError, match="`vectors` must be"):
        MEASURES[name](vectors)


@pytest.mark.parametrize("count", [2, 3])
def test_verdict_on_few_pictures(count, rng):
    """Every number is finite, and intervals stay where values can be."""
    for _ in range(20):
        views = [rng.normal(size=(count, 3)).astype("f4") for _ in range(2)]
        views[0][-1] = views[0][0]
        encoded = Encoded(tuple(views), tuple(views))
        found = verdict.sphere(("L", "ab"), encoded, intervals=True, t=2.0)
        for name in ("uniformity_L", "uniformity_ab", "uniformity_both"):
            low, high = found[f"{name}_interval"]
            assert -8.0 <= low <= high <= 0.0
        low, high = found["alignment_interval"]
        assert 0 <= low <= found["alignment"] <= high <= 4
        assert found["effective_rank"] <= count


@pytest.fixture
def parts(rng):
    """Four classes of blobs; more dimensions than pictures to fit on."""
    centres = 3.0 * rng.normal(size=(4, 60))

    def part(count):
        labels = np.arange(count) % 4
        features = centres[labels] + rng.normal(size=(count, 60))
        return Labelled(features.astype(np.float32), labels)

    return part(24), part(12), part(40)


def probed(name, *parts):
    """What a probe says of parts."""
    return PROBES.lookup(name).function(*parts, seed=0)


@bad_numbers
@pytest.mark.parametrize("place", [0, 1, 2])
@every_probe
def test_no_probe_of_what_is_no_number(name, place, bad, parts):
    """One bad feature in any part gives no accuracy."""
    parts[place].features[7, 3] = bad
    with pytest.raises(UsageError, match="finite. Received: '1 rows"):
        probed(name, *parts)


@every_probe
def test_no_probe_of_nothing(name, parts):
    """One class, an empty part, too few labels, other features: refused."""
    fit, validation, test = parts
    one = Labelled(fit.features, np.full(24, 3))
    none = Labelled(test.features[:0], test.labels[:0])
    short = Labelled(test.features, test.labels[:-1])
    other = Labelled(test.features[:, 1:], test.labels)
    for broken, told in (
        ((one, validation, test), "at least two classes"),
        ((fit, none, test), "count, dim"),
        ((fit, validation, none), "count, dim"),
        ((fit, validation, short), "a label each"),
        ((fit, validation, other), "of one length"),
    ):
        with pytest.raises(UsageError, match=told):
            probed(name, *broken)


@every_probe
def test_accuracy_is_a_mean_over_the_test_pictures(name, parts):
    """Classes missing in test, or twice there, change the mean alone."""
    fit, validation, test = parts
    whole = probed(name, *parts)["accuracy"]
    assert whole > 0.5
    right = 0
    for label in range(4):
        rows = test.labels == label
        some = Labelled(test.features[rows], test.labels[rows])
        found = probed(name, fit, validation, some)["accuracy"]
        right += round(found * rows.sum())
    assert whole == pytest.approx(right / 40)
    twice = Labelled(*(np.concatenate([a, a]) for a in vars(test).values()))
    assert probed(name, fit, validation, twice)["accuracy"] == whole


@every_probe
def test_a_class_that_train_lacks_is_never_right(name, parts):
    """Its pictures count as wrong; the others as without it."""
    fit, validation, test = (
        Labelled(part.features[rows], part.labels[rows])
        for part, rows in zip(
            parts,
            (parts[0].labels != 2, parts[1].labels != 2, slice(None)),
            strict=True,
        )
    )
    known = test.labels != 2
    some = Labelled(test.features[known], test.labels[known])
    found = probed(name, fit, validation, some)["accuracy"]
    whole = probed(name, fit, validation, test)["accuracy"]
    assert whole * 40 == pytest.approx(found * 30) and whole <= 0.75


@pytest.mark.parametrize("scale", [2.0**100, 2.0**-100])
@pytest.mark.parametrize("name", ["linear_probe", "mlp_head", "knn"])
def test_scale_does_not_matter(name, scale, parts):
    """Of features that are scaled or compared by angle; to the last digit."""
    scaled = [Labelled(scale * p.features, p.labels) for p in parts]
    np.testing.assert_equal(probed(name, *scaled), probed(name, *parts))


def test_plain_head_on_features_without_scale(parts):
    """It reads them as they are: little off small ones, too large ones not."""
    scaled = {
        scale: [Labelled(scale * p.features, p.labels) for p in parts]
        for scale in (1e-30, 1e6, 1e30)
    }
    assert probed("plain_head", *scaled[1e6])["accuracy"] > 0.9
    assert probed("plain_head", *scaled[1e-30])["accuracy"] == 0.25
    with pytest.raises(UsageError, match="at most 1e.15"):
        probed("plain_head", *scaled[1e30])


@every_probe
def test_twins_with_other_labels(name, parts):
    """Pictures that are equal get one answer: one of two labels is right."""
    fit, validation, test = parts
    picture = test.features[:1]
    twins = Labelled(np.repeat(picture, 2, axis=0), np.array([0, 1]))
    assert probed(name, fit, validation, twins)["accuracy"] == 0.5


@pytest.mark.parametrize("level", [0.0, 0.1, 1e6, -1e30])
def test_constant_features_become_zero(level, rng):
    """Whatever their size, and whatever they are elsewhere."""
    first = rng.normal(size=(1001, 2)).astype(np.float32)
    first[:, 1] = level
    other = np.full((5, 2), 2 * level + 1, np.float32)
    scaled, elsewhere = standardise(first, other)
    assert not scaled[:, 1].any() and not elsewhere[:, 1].any()
    assert scaled[:, 0].std() == pytest.approx(1, rel=1e-5)


def test_leave_one_out_refuses(rng):
    """Features that are no numbers, one picture, too few labels."""
    features = rng.normal(size=(6, 3))
    few = "at least two labelled pictures"
    for broken, labels, told in (
        (np.where(np.eye(6, 3), np.nan, features), np.arange(6), "finite"),
        (features[:1], [0], few),
        (features, [0, 1], few),
    ):
        with pytest.raises(UsageError, match=told):
            leave_one_out(broken, labels)


def test_classes_of_one_picture_leave_nothing_to_choose_on(rng):
    """No part to choose on: refused, and no accuracy of -1."""
    alone = Labelled(rng.normal(size=(5, 3)), np.arange(5))
    probes = {n: PROBES.lookup(n).function for n in PROBES.names()}
    with pytest.raises(UsageError, match="`validation` must be"):
        verdict.run_probes(probes, alone, alone, 5, seed=0)


def test_no_features_that_are_no_numbers():
    """What an encoder makes of pictures is checked where it comes out."""

    def whole(pictures):
        bright = tf.cast(pictures, tf.float32)
        return [tf.where(bright == 7.0, np.inf, bright)]

    branch = keras.Sequential(
        [keras.Input((1, 1, 3)), keras.layers.Flatten(name="features")]
    )
    views = plan_of(views=CHANNELS).views_of(32)
    views = dataclasses.replace(views, branch=("R",) * 3, whole=whole)
    reader = Reader(views, [branch])
    pictures = np.arange(12, dtype=np.uint8).reshape(4, 1, 1, 3)
    np.testing.assert_array_equal(
        reader.whole(pictures[:2]).joined(), pictures[:2, 0, 0]
    )
    with pytest.raises(UsageError, match="1 pictures' that are not"):
        reader.whole(pictures)
