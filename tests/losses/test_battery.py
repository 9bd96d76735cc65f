"""What every registered loss must hold; to register is to be tested."""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.terms import make, of_places, term, with_own_view
from tfcmc.losses import LOSSES, Term, blocks
from tfcmc.losses.term import one_each
from tfcmc.losses.vectors import normalise

OF_ANOTHER_GRAPH = [
    "spring(weighting=pairs, margin=2.0)",
    "spring(squared=True)",
    "triplet(mining=semihard)",
    "triplet(mining=hard, squared=True)",
    "nce(z=mean)",
    "nce(z=first)",
    "nce(z=2.5)",
    "alignment_uniformity(alpha=0.5, t=20)",  # a power that is not 1
    "cosine(form=negative)",
    "infomax_nce(own=minus_ten)",
]
SHARPEST = [
    "sigmoid(temperature=0.005, bias=5)",
    "debiased(temperature=0.005, tau_plus=0.5)",
    "circle(margin=-0.2, scale=500)",
]
OF_OTHER_CONSTANTS = [
    *SHARPEST,
    "softmax(temperature=0.01)",
    "nce(z=exact, temperature=0.02)",
    "nt_xent(temperature=0.005)",
    "dcl(temperature=0.005)",
    "hard_negative(temperature=0.005, beta=3.0)",
    "swav(prototypes=7, epsilon=0.02, temperature=0.05)",
]
SPECS = [*LOSSES.names(), *OF_ANOTHER_GRAPH, *OF_OTHER_CONSTANTS]
every_loss = pytest.mark.parametrize("spec", SPECS)


def law_of(holds):
    """The specs whose loss, by what it registered, a law holds for."""
    specs = [s for s in SPECS if holds(LOSSES.lookup(s).member.extra, s)]
    return pytest.mark.parametrize("spec", specs)


def clusters(spec):
    """Whether anchors are compared with codes, which candidates share."""
    return LOSSES.lookup(spec).member.extra.get("kind") == "clustering"


def constant(extra, spec):
    """Whether a loss holds something constant in its gradient."""
    return extra.get("constant", lambda options: False)(
        LOSSES.lookup(spec).options
    )


def contrast(loss, anchor, candidates, positive):
    """The values, the anchors' own view among the candidates if wanted."""
    return loss(with_own_view(loss, anchor, candidates, positive))


@pytest.fixture
def vectors(unit_vectors):
    """Anchors, more candidates, and which of these are their positives."""
    return unit_vectors(5, 6), unit_vectors(9, 6), np.array([3, 0, 8, 1, 6])


def pairs(rng, kind, batch=6, dim=5):
    """Anchors and candidates of a kind: random, or a corner of the space."""
    raw = rng.normal(size=(batch, dim)).astype(np.float32) + 0.4
    other = raw + 0.5 * rng.normal(size=raw.shape).astype(np.float32)
    if kind == "identical":
        raw[:] = other[:] = raw[0]
    if kind == "matched":
        other = raw
    if kind == "opposite":
        other = -raw
    if kind == "zero":
        raw[:2] = 0.0
    if kind == "batch of 2":
        raw, other = raw[:2], other[:2]
    return raw, other


def value_and_gradients(spec, raw, other, dtype=tf.float32):
    """The mean loss of raw vectors, and its gradients by them."""
    loss = make(spec)
    raw, other = tf.cast(raw, dtype), tf.cast(other, dtype)
    scale = normalise
    if loss.raw:
        scale = functools.partial(tf.cast, dtype=tf.float32)
    with tf.GradientTape() as tape:
        tape.watch([raw, other])
        values = contrast(loss, scale(raw), scale(other), tf.range(len(raw)))
        value = tf.reduce_mean(values)
    gradients = tape.gradient(
        value, [raw, other], unconnected_gradients="zero"
    )
    return value, [tf.convert_to_tensor(gradient) for gradient in gradients]


@every_loss
@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize(
    "kind",
    ["random", "identical", "matched", "opposite", "zero", "batch of 2"],
)
def test_finite(spec, kind, dtype, rng):
    """Losses and gradients are finite, in the corners too."""
    value, gradients = value_and_gradients(spec, *pairs(rng, kind), dtype)
    assert np.isfinite(value)
    for gradient in gradients:
        assert np.all(np.isfinite(tf.cast(gradient, tf.float32)))


@every_loss
def test_one_value_an_anchor(spec, vectors):
    """Returns `[batch]` float32, of more candidates than anchors."""
    values = contrast(make(spec), *vectors)
    assert values.shape == (5,) and values.dtype == tf.float32


@every_loss
def test_gradient_reaches_both(spec, rng):
    """Anchors and candidates are both taught; but codes are held constant."""
    raw, other = pairs(rng, "random")
    # Rolled, so that losses with a margin have something to teach.
    _, gradients = value_and_gradients(spec, raw, np.roll(other, 1, axis=0))
    reached = [np.max(np.abs(gradient)) > 0 for gradient in gradients]
    assert reached == [True, not clusters(spec)]


@law_of(lambda extra, spec: not constant(extra, spec))
def test_gradient_is_the_slope(spec, rng):
    """The gradient is that of finite differences, along a random line."""
    # A step across a kink or a sharp bend has no one slope.
    kinked = ("mining=hard", "mining=semihard", "tau_plus", "0.005")
    step = 1e-4 if any(word in spec for word in kinked) else 1e-3
    raw, other = pairs(rng, "random")
    line = rng.normal(size=raw.shape).astype(np.float32)
    _, (gradient, _) = value_and_gradients(spec, raw, other)
    high, _ = value_and_gradients(spec, raw + step * line, other)
    low, _ = value_and_gradients(spec, raw - step * line, other)
    slope = (float(high) - float(low)) / (2 * step)
    np.testing.assert_allclose(
        np.sum(gradient * line), slope, rtol=2e-2, atol=2e-3
    )


@every_loss
def test_gradient_near_collapse(spec, rng):
    """Near one point it has the digits that rounded vectors leave it.

    Beside the same formula in float64: one part in 10^6 at a distance of 1,
    and in proportion more where vectors are nearer.
    """
    bound = LOSSES.lookup(spec)
    for d in (1e-1, 1e-3, 1e-5):
        point = rng.normal(size=24)
        raw = point + d * rng.normal(size=(2, 6, 24))
        raw = raw.astype(np.float32)
        got, want = (
            gradient_of(bound, raw.astype(dtype)) for dtype in ("f4", "f8")
        )
        off = np.linalg.norm(got - want) / np.linalg.norm(want)
        assert off < 2e-5 + 2e-6 * np.linalg.norm(point) / (d * 24**0.5)


def gradient_of(bound, raw):
    """The gradient of the mean by both raw views, in their own precision."""
    extra, views = bound.member.extra, tf.constant(raw)
    given = {}
    if extra.get("state_size", lambda options: 0)(bound.options):
        given["state"] = tf.constant([0.5, 1.0], views.dtype)
    if clusters(bound.spec):
        rng = np.random.default_rng(3)
        centres = rng.normal(size=(bound.options["prototypes"], 24))
        centres = tf.math.l2_normalize(centres.astype(np.float32), -1)
        given["centres"] = tf.cast(centres, views.dtype)
    with tf.GradientTape() as tape:
        tape.watch(views)
        unit = tf.math.l2_normalize(views, -1)
        first, second = tf.unstack(views if extra.get("raw") else unit)
        rows = np.arange(len(first))
        both = with_own_view(make(bound.spec), first, second, rows)
        value = tf.reduce_mean(bound.function(both, **given))
    return tape.gradient(value, views).numpy()


@every_loss
def test_order_does_not_matter(spec, vectors, rng):
    """A loss moves with its anchor, and ignores the order of negatives."""
    loss = make(spec)
    anchor, candidates, positive = vectors
    values = contrast(loss, *vectors)
    anchors, rows = rng.permutation(5), rng.permutation(9)
    place = np.argsort(rows)
    moved = contrast(
        loss, anchor[anchors], candidates[rows], place[positive[anchors]]
    )
    np.testing.assert_allclose(
        moved, values.numpy()[anchors], rtol=1e-5, atol=1e-6
    )


@law_of(lambda extra, spec: not extra.get("axes"))
def test_rotation_does_not_matter(spec, vectors, rng):
    """Only angles count."""
    loss = make(spec)
    anchor, candidates, positive = vectors
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0].astype(np.float32)
    values = contrast(loss, *vectors)
    turned = contrast(loss, anchor @ rotation, candidates @ rotation, positive)
    np.testing.assert_allclose(turned, values, rtol=1e-4, atol=1e-4)


@law_of(lambda extra, spec: not extra.get("whole_batch"))
def test_anchors_do_not_read_each_other(spec, vectors):
    """An anchor's loss is the same whatever other anchors stand by."""
    loss = make(spec)
    anchor, candidates, positive = vectors
    # What a loss knows of batches it keeps, or follows by a hundredth.
    loss(term(*vectors))
    values = loss(term(*vectors))
    alone = loss(term(anchor[1:3], candidates, positive[1:3]))
    tolerance = 2e-2 if "z=mean" in spec else 1e-5
    np.testing.assert_allclose(
        alone, values[1:3], rtol=tolerance, atol=tolerance
    )


@law_of(lambda extra, spec: extra.get("same_view"))
def test_own_view_is_negative(spec, vectors):
    """All anchors of it but the anchor itself are read, and cost."""
    loss = make(spec)
    anchor, candidates, positive = vectors
    anchor[1] = anchor[0]
    values = contrast(loss, *vectors)
    for i in range(5):
        others = np.concatenate([candidates, np.delete(anchor, i, axis=0)])
        alone = loss(term(anchor[i : i + 1], others, positive[i : i + 1]))
        np.testing.assert_allclose(alone[0], values[i], rtol=1e-5, atol=1e-5)
    assert values[0] > loss(term(*vectors))[0]


# Some read no candidate but the positive, or count what is of the picture; Z
# may be of the whole batch.
@law_of(
    lambda extra, spec: (
        not extra.get("whole_batch")
        and "own=" not in spec
        and not clusters(spec)
        and "=mean" not in spec
        and "=first" not in spec
    )
)
def test_groups_say_who_is_a_negative(spec, unit_vectors):
    """Where all differ, the value without groups to the bit; -1 is nobody's.

    What is of the anchor's picture, or nobody's, may as well not be there.
    """
    anchor, candidates = unit_vectors(4, 6), unit_vectors(11, 6)
    positive = np.array([10, 2, 7, 0])
    plain = term(anchor, candidates, positive)
    group = tf.constant([9, 8, 7, 6], tf.int64)
    apart = dataclasses.replace(
        plain,
        anchor_group=group,
        candidate_group=tf.range(100, 111, dtype=tf.int64),
    )
    np.testing.assert_array_equal(make(spec)(apart), make(spec)(plain))
    # The positives are of their anchors' pictures, or nobody's negatives.
    of = np.array([6, 20, 8, 21, 9, 22, -1, 7, -1, 8, 9])
    grouped = dataclasses.replace(
        apart, candidate_group=tf.constant(of, tf.int64)
    )
    found = make(spec)(grouped).numpy()
    for i, own in enumerate([9, 8, 7, 6]):
        kept = (of != own) & (of != -1)
        kept[positive[i]] = True
        alone = make(spec)(
            term(
                anchor[i : i + 1],
                candidates[kept],
                [np.sum(kept[: positive[i]])],
            )
        )
        np.testing.assert_allclose(found[i], alone[0], rtol=2e-5, atol=1e-5)


@law_of(
    lambda extra, spec: (
        not extra.get("whole_batch")
        and not clusters(spec)
        and "=mean" not in spec
        and "=first" not in spec
    )
)
def test_each_anchor_may_have_candidates_of_its_own(spec, unit_vectors, rng):
    """As if each stood alone with them; a row that comes twice counts twice.

    Value and gradients, with groups and without, and in blocks.
    """
    vectors = [
        tf.constant(unit_vectors(6, 5)),
        tf.constant(unit_vectors(9, 5)),
    ]
    positive = np.array([2, 0, 6, 3, 3, 1])
    drawn = rng.integers(0, 9, (6, 7))
    drawn[:, 5] = drawn[range(6), positive]
    of = rng.integers(3, 10, 9)
    loss = make(spec)

    def whole(anchors, rows, groups):
        groups = (tf.range(4, 10, dtype=tf.int64), of) if groups else ()
        given = anchors, rows, tf.constant(positive), *groups
        return Term(*given, drawn=tf.constant(drawn))

    def alone(anchors, rows, groups, i):
        groups = (np.array([4 + i]), of[drawn[i]]) if groups else ()
        one = (
            anchors[i : i + 1],
            tf.gather(rows, drawn[i]),
            positive[i : i + 1],
        )
        return loss(Term(*map(tf.convert_to_tensor, (*one, *groups))))[0]

    ways = (
        lambda *given: tf.reduce_mean(loss(whole(*given))),
        lambda *given: blocks.mean_in_blocks(loss, whole(*given), held=20),
        lambda *given: tf.add_n([alone(*given, i) for i in range(6)]) / 6,
    )
    for groups in (False, True):
        found = []
        for way in ways:
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                value = way(*vectors, groups)
            slopes = tape.gradient(
                value, vectors, unconnected_gradients="zero"
            )
            found.append([value, *map(tf.convert_to_tensor, slopes)])
        for parts in zip(*found, strict=True):
            for part in parts[1:]:
                np.testing.assert_allclose(parts[0], part, 1e-4, 1e-5)


@pytest.mark.parametrize(
    "spec", [*LOSSES.names(), *OF_ANOTHER_GRAPH, *SHARPEST]
)
def test_same_when_compiled(spec, vectors):
    """Eagerly, and traced and compiled by XLA; `test_blocks` has the rest."""
    values = contrast(make(spec), *vectors)
    fresh = make(spec)
    compiled = tf.function(
        lambda *arrays: contrast(fresh, *arrays), jit_compile=True
    )(*map(tf.constant, vectors))
    np.testing.assert_allclose(compiled, values, rtol=1e-4, atol=1e-5)


@every_loss
def test_matched_costs_less(spec, unit_vectors):
    """Well spread pairs that agree cost less than the same pairs shuffled."""
    loss = make(spec)
    vectors = unit_vectors(16, 32)
    matched = contrast(loss, vectors, vectors, np.arange(16))
    shuffled = contrast(loss, vectors, vectors, np.roll(np.arange(16), 1))
    assert np.mean(matched) < np.mean(shuffled)


@law_of(lambda extra, spec: not {"whole_batch", "several"} <= extra.keys())
def test_several_positives(spec, rng):
    """The mean, and the gradients, with one positive an anchor and more."""
    vectors = [
        tf.constant(rng.normal(size=shape).astype(np.float32))
        for shape in ((4, 6), (4, 3, 6))
    ]
    found = []
    for change in (lambda whole: whole, one_each):
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            scale = (lambda x: x) if make(spec).raw else normalise
            whole = of_places(*map(scale, vectors))
            value = make(spec).mean(change(whole))
        slopes = tape.gradient(value, vectors, unconnected_gradients="zero")
        found.append([value, *slopes])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_shapes_are_checked(vectors):
    """Shapes that do not fit are refused, never broadcast."""
    anchor, candidates, positive = vectors
    whole = term(*vectors)
    for wrong in (
        {"candidates": candidates[:, :5]},
        {"candidates": candidates[0]},
        {"positive": positive[:4]},
        {"anchor_group": np.arange(4), "candidate_group": np.arange(9)},
        {"anchor_group": np.arange(5), "candidate_group": np.arange(8)},
        {"positive": positive[:, None]},
        {"drawn": np.zeros((4, 3), int)},
        {"drawn": np.zeros(5, int)},
    ):
        for spec in ("softmax", "barlow_twins"):
            with pytest.raises(ValueError, match="Received"):
                make(spec)(dataclasses.replace(whole, **wrong))


@pytest.mark.parametrize("name", LOSSES.names())
def test_what_is_searched(name):
    """Some option is; the default lies inside, and both ends are legal.

    But of a prediction, which is what it is.
    """
    member = LOSSES.lookup(name).member
    tried = {
        option: legal.search
        for option, legal in member.legal.items()
        if getattr(legal, "search", None) is not None
    }
    assert bool(tried) != (member.extra.get("kind") == "prediction")
    for option, span in tried.items():
        ends = [span.low, span.high, span.non_negative or span.high]
        for end in ends:
            member.legal[option].check(option, end)
        assert span.low <= member.defaults()[option] <= min(ends[1:])
        assert span.scale == "linear" or (span.scale, span.low > 0) == (
            "log",
            True,
        )
