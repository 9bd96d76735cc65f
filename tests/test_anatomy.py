"""The weights of negatives, against finite differences and closed forms."""

import math

import numpy as np
import pytest

from tests.terms import make, term
from tfcmc.evaluation.negative_weights import negative_weights
from tfcmc.foundation.errors import UsageError
from tfcmc.losses import LOSSES

COUNT = 4
UNWEIGHED = (
    "alignment_uniformity",
    "barlow_twins",
    "cosine",
    "dv",
    "swav",
    "vicreg",
)
SPECS = [
    *(name for name in LOSSES.names() if name not in UNWEIGHED),
    "nce(z=first)",
    "nce(z=mean, temperature=0.3)",
    "nce(z=2.5)",
    "triplet(mining=hard)",
    "triplet(mining=semihard, squared=True)",
    "spring(weighting=pairs, squared=True)",
    "softmax(temperature=1.0)",
]


def circle_frozen(anchor, candidates, row, *, margin, scale):
    """Makes the circle loss of an anchor, its weights as they are now."""
    now = candidates @ anchor
    push = np.maximum(now + margin, 0.0)
    pull = np.maximum(1.0 + margin - now[row], 0.0)
    others = np.arange(len(candidates)) != row

    def value(candidates):
        cosine = candidates @ anchor
        pushed = np.exp(scale * push * (cosine - margin))[others].sum()
        pulled = np.exp(-scale * pull * (cosine[row] - 1.0 + margin))
        return np.log1p(pushed * pulled)

    return value


def registered(bound, anchor, candidates, row, all_cosines, own):
    """Makes the registered function of an anchor, in float64, state known."""
    given = {}
    if bound.member.extra.get("state_size"):
        logits = all_cosines / bound.options["temperature"]
        given["state"] = np.array([np.log(np.exp(logits).mean()), 1.0])
    own = [own] if bound.member.extra.get("same_view") else None

    def value(candidates):
        found = term(anchor[None], candidates, [row], own)
        return bound.function(found, **given).numpy()[0]

    return value


def slopes(spec, first, second, step=1e-5):
    """Central differences: every negative moved towards its anchor.

    On the sphere, where the loss wants unit vectors; in the similarity.
    """
    bound = LOSSES.lookup(spec)
    same_view = bound.member.extra.get("same_view", False)
    first, second = (v.astype(np.float64) for v in (first, second))
    stacked = np.concatenate([second, first]) if same_view else second
    found = []
    for start in range(0, len(stacked), COUNT):
        for i in range(COUNT):
            if bound.name == "circle":
                value = circle_frozen(first[i], stacked, i, **bound.options)
            else:
                value = registered(
                    bound, first[i], stacked, i, first @ second.T, COUNT + i
                )
            for j in range(COUNT):
                if i == j:
                    continue
                ends = []
                for sign in (1, -1):
                    end = stacked.copy()
                    end[start + j] += sign * step * first[i]
                    if not bound.member.extra.get("raw"):
                        end[start + j] /= np.linalg.norm(end[start + j])
                    ends.append(end)
                rise = value(ends[0]) - value(ends[1])
                found.append(
                    rise / (first[i] @ (ends[0] - ends[1])[start + j])
                )
    return np.array(found)


@pytest.mark.parametrize("spec", SPECS)
def test_finite_differences(spec, unit_vectors):
    """The weight of a negative is the loss's slope in its similarity."""
    first, second = unit_vectors(COUNT, 4), unit_vectors(COUNT, 4)
    _, weight = negative_weights(make(spec), first, second)
    expected = slopes(spec, first, second)
    assert np.abs(expected).max() > 0
    scale = np.abs(expected).max()
    np.testing.assert_allclose(weight, expected, rtol=2e-3, atol=1e-5 * scale)


def test_softmax_in_closed_form(unit_vectors):
    """Softmax weighs a negative by its probability over the temperature."""
    first, second = unit_vectors(7, 6), unit_vectors(7, 6)
    loss = make("softmax(temperature=0.2)")
    similarity, weight = negative_weights(loss, first, second)
    cosine = first.astype(np.float64) @ second.T.astype(np.float64)
    shares = np.exp(cosine / 0.2)
    shares /= shares.sum(axis=1, keepdims=True)
    pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
    np.testing.assert_allclose(similarity, [cosine[p] for p in pairs], 1e-4)
    np.testing.assert_allclose(weight, [shares[p] / 0.2 for p in pairs], 1e-4)


@pytest.mark.parametrize("noise", [0.1, 0.7, 3.0])
def test_nce_beside_softmax(noise, rng):
    """With Z exact: n / (n q + m) + 1 - sum of h, times softmax's weight.

    From 2 (sqrt(2) - 1), but for 1 / m, to 1.5; about that where positives
    are told.
    """
    count, temperature = 24, 0.1
    views = rng.normal(size=(2, count, 6))
    views[1] = views[0] + noise * views[1]
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    nce, softmax = (
        negative_weights(
            make(f"{name}(temperature={temperature})"),
            *views.astype(np.float32),
        )[1]
        for name in ("nce", "softmax")
    )
    want = []
    for i, anchor in enumerate(views[0]):
        exponentials = [
            math.exp((anchor @ other) / temperature) for other in views[1]
        ]
        q = [e / sum(exponentials) for e in exponentials]
        told = sum(count * x / (count * x + count - 1) for x in q)
        want += [
            count / (count * q[j] + count - 1) + 1 - told
            for j in range(count)
            if j != i
        ]
    np.testing.assert_allclose(nce / softmax, want, rtol=1e-4)
    assert 0.82 < min(want) <= max(want) < 1.5 + 2 / count
    if noise == 0.1:
        assert np.median(want) > 1.4


def test_own_view_is_weighed_too(unit_vectors):
    """A loss with negatives of both views has them, those across first."""
    first, second = unit_vectors(4, 6), unit_vectors(4, 6)
    similarity, weight = negative_weights(make("nt_xent"), first, second)
    assert weight.shape == similarity.shape == (2 * 4 * 3,)
    np.testing.assert_allclose(similarity[0], first[0] @ second[1], 1e-5)
    np.testing.assert_allclose(similarity[12], first[0] @ first[1], 1e-5)


def test_collapsed_triplet_pushes_nothing():
    """Where all vectors are one point, the distance has no direction."""
    point = np.tile(np.float32([[0.6, 0.8]]), (4, 1))
    _, weight = negative_weights(make("triplet"), point, point)
    np.testing.assert_array_equal(weight, np.zeros(12))


@pytest.mark.parametrize("name", UNWEIGHED)
def test_what_weighs_no_negative_is_refused(name, unit_vectors):
    """A loss that weighs no single negative is told so."""
    first, second = unit_vectors(4, 6), unit_vectors(4, 6)
    with pytest.raises(UsageError, match="`loss` must be .* one by one"):
        negative_weights(make(name), first, second)
