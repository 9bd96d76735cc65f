"""Signs in what training adds: prototypes, a queue, batch statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.test_doctor import PATIENT, row
from tests.tiny import make
from tfcmc.data.pictures import ArrayPictures
from tfcmc.evaluation.doctor import examine
from tfcmc.evaluation.freshness import freshness
from tfcmc.evaluation.statistics_leak import StatisticsLeak
from tfcmc.losses.prototypes import Prototypes
from tfcmc.losses.vectors import normalise
from tfcmc.negatives import NEGATIVES

SIDE = 6
HEALTHY = row(np.random.default_rng(5), 1, "healthy")
MOCO = {"target": "momentum(start=0.9)", "loss": "softmax"}
MOCO |= {"head": "linear(dim=5)", "views": "rgb(augment=weak32)"}


def read(rng, count):
    """Pictures of random colours, each of one."""
    colours = rng.integers(0, 256, [count, 1, 1, 3], np.uint8)
    return np.tile(colours, [1, SIDE, SIDE, 1])


class Pair:
    """Views of one branch: a picture, and the same a little noisier."""

    names, branch, branches = ("a", "b"), ("rgb", "rgb"), ("rgb",)

    @staticmethod
    def judged(numbers, examples):
        del examples
        return np.asarray(numbers, np.float32)[:, None]

    @staticmethod
    def convert(pictures, draws):
        scaled = keras.ops.cast(pictures, "float32") / 255.0
        noise = keras.ops.sin(37.0 * draws)[:, :, None, None]
        return [scaled, scaled + 0.01 * noise]


def signature(weight):
    """A branch that gives `weight` pictures less their batch's mean."""
    inputs = keras.Input([SIDE, SIDE, 3])
    colour = keras.layers.GlobalAveragePooling2D()(inputs)
    colour = keras.layers.Rescaling(1.0, offset=-0.5)(colour)
    if weight == np.inf:
        return keras.Model(inputs, colour)
    # So large an epsilon hides the variance: 1e-3 (x - mean).
    less = keras.layers.BatchNormalization(
        epsilon=1e6, center=False, scale=False
    )(colour)
    scaled = keras.layers.Rescaling(1e3)(less)
    rest = keras.layers.Rescaling(weight - 1.0)(colour)
    return keras.Model(inputs, keras.layers.Add()([scaled, rest]))


def leak_of(weight, pictures, group):
    """The leak of a model that is its own target."""
    model, copy = signature(weight), signature(weight)
    leak = StatisticsLeak(Pair, (0, 1), [copy], group)
    return leak.measure(ArrayPictures(pictures), [model], [model])


def leak_by_hand(weight, pictures, group):
    """The same in float64, a picture at a time."""
    views = [
        np.asarray(view, np.float64).mean((1, 2)) - 0.5
        for view in Pair.convert(
            pictures[: 2 * group], Pair.judged(range(2 * group), 0)
        )
    ]

    def embedded(view, groups):
        found = np.empty_like(view)
        for rows in groups:
            for number in rows:
                vector = weight * view[number] - view[rows].mean(0)
                found[number] = vector / np.linalg.norm(vector)
        return found

    halves = [list(range(group)), list(range(group, 2 * group))]
    mixed = [list(range(0, 2 * group, 2)), list(range(1, 2 * group, 2))]
    anchors, margins = embedded(views[0], halves), []
    for groups in (halves, mixed):
        keys = embedded(views[1], groups)
        own, others = [], []
        for i, anchor in enumerate(anchors):
            own.append(anchor @ keys[i])
            others += [
                anchor @ key
                for j, key in enumerate(keys)
                if (i < group) != (j < group)
            ]
        margins.append(np.mean(own) - np.mean(others))
    return 1.0 - margins[1] / margins[0]


@pytest.mark.parametrize("weight", [0.0, 0.5, 2.0])
def test_leak(weight, rng):
    """By the formula: all of it where there is nothing but statistics."""
    pictures = read(rng, 31)
    got = leak_of(weight, pictures, 8)
    want = leak_by_hand(weight, pictures, 8)
    assert got == pytest.approx(want, abs=2e-3)
    assert (want > 0.99) == (weight == 0.0)


def test_no_leak_without_batch_statistics(rng):
    """Nothing depends on who stands beside a picture."""
    assert leak_of(np.inf, read(rng, 24), 8) == pytest.approx(0, abs=1e-5)
    assert leak_of(0.0, read(rng, 3), 8) == 0.0  # no two groups of two


@pytest.mark.parametrize(
    ("settings", "group"),
    [
        ({"negatives": "queue(size=9)"}, 4),
        ({"negatives": "queue(size=9)", "batch_norm": "split(groups=2)"}, 0),
        ({"target": "same", "batch_norm": "split(groups=2)"}, 2),
        ({"target": "same"}, 0),
        ({"target": "same", "negatives": "bank"}, 0),
        ({"negatives": "queue(size=9)", "encoder": "paper(width=0.3)"}, 0),
    ],
)
def test_where_statistics_can_leak(settings, group):
    """A queue by whole steps, a batch by groups; never a shuffled twin."""
    encoder = {"encoder": "dim(width=0.1)"}
    tiny = make(**MOCO | encoder | settings)
    leak = tiny.architecture.leak(tiny.model)
    assert (leak._group if leak else 0) == group


def test_freshness(rng, unit_vectors):
    """1 of equals, 0 of keys turned at random, and by the formula."""
    kinds = 2 * rng.normal(size=(9, 40))
    anchors, newest, same = (
        normalise(kinds[rng.integers(0, 9, n)] + rng.normal(size=(n, 40)))
        for n in (50, 80, 80)
    )
    anchors, newest, same = map(np.asarray, (anchors, newest, same))
    turned = unit_vectors(80, 40)

    def nearness(keys):
        found = []
        for anchor in anchors.astype(np.float64):
            near = [float(anchor @ key) for key in keys.astype(np.float64)]
            found.append(max(near) + min(near) - 2 * sum(near) / len(near))
        return sum(found) / len(found)

    for oldest, least, most in ((same, 0.8, 1.2), (turned, -0.2, 0.2)):
        want = nearness(oldest) / nearness(newest)
        got = freshness(anchors, newest, oldest)
        assert got == pytest.approx(want, abs=1e-5) and least < got < most
    assert freshness(anchors, turned, same) == 1.0  # none is near
    assert stale_signs(anchors, newest, turned) == ["stale keys"]
    assert stale_signs(anchors, newest, same) == []


def stale_signs(anchors, newest, oldest):
    """What the doctor says of three epochs with such a queue."""
    fresh = {"fresh": freshness(anchors, newest, oldest)}
    rows = [HEALTHY | {"epoch": epoch} | fresh for epoch in (1, 2, 3)]
    return [finding.sign for finding in examine(rows, PATIENT)]


def test_ends_of_a_queue():
    """The latest and the earliest of what it holds, however far it is."""
    queue = NEGATIVES.lookup("queue(size=10)").function()
    memory = tf.Variable(tf.zeros([10, 1]))
    for step, ends in enumerate(
        [([3], [0]), ([7, 6], [0, 1]), ([11, 10], [2, 3]), ([15, 14], [6, 7])]
    ):
        keys = tf.reshape(tf.range(1.0, 5.0) + 4 * step, [4, 1]) - 1
        queue.remember([keys], memory, None, step)
        found = queue.ends(memory.numpy(), 4 * (step + 1))
        for got, want in zip(found, ends, strict=True):
            assert got[:, 0].tolist() == want, step


def test_used_prototypes(unit_vectors):
    """Those nearest to some vector, of as many as there could be."""
    layer = Prototypes(
        4, prototypes=30, freeze=0, queue=0, queue_from=0, views={}, seed=1
    )
    for count in (12, 90):
        vectors = unit_vectors(count, 4)
        centres = layer.centres.numpy().astype(np.float64)
        nearest = {
            max(range(30), key=lambda k: float(vector @ centres[k]))
            for vector in vectors.astype(np.float64)
        }
        assert layer.used(vectors) == len(nearest) / min(count, 30)
    layer.centres.assign(tf.tile(layer.centres[:1], [30, 1]))
    assert layer.used(vectors) == 1 / 30


@pytest.mark.parametrize(
    ("column", "bad", "good", "sign", "least"),
    [
        ("prototypes", 0.05, 0.4, "unused prototypes", 2),
        ("fresh", 0.3, 0.8, "stale keys", 3),
        ("leak", 0.6, 0.05, "leaking statistics", 2),
    ],
)
def test_signs(column, bad, good, sign, least):
    """After so many epochs in a row; nothing of what is as it should be."""
    values = [good, bad] + [bad] * least + [good]
    rows = [
        HEALTHY | {"epoch": number + 1, column: value}
        for number, value in enumerate(values)
    ]
    (finding,) = examine(rows, PATIENT)
    assert (finding.sign, finding.epoch) == (sign, 2)
    assert finding.until == least + 2 and not finding.collapse
    assert f"{100 * bad:.0f}" in finding.words
    assert not examine(rows[:least], PATIENT)
