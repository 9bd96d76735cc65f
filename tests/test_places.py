"""Pictures compared with their places: the objective, and what learns."""

import functools
import math

import keras
import numpy as np
import pytest

from tests.tiny import BATCH, NORMED, make
from tfcmc.foundation.errors import UsageError

LOCAL = {
    "encoder": "dim(width=0.1)",
    "head": "critic(units=9)",
    "pairs": "local",
    "views": "rgb(count=1, augment=weak32)",
}
local = functools.partial(make, **LOCAL)


def embedded(tiny):
    """Pictures `[batch, dim]` and places `[batch, places, dim]`, in float64.

    Of the branch and of the head of its map, each by itself.
    """
    (view,), _ = tiny.shown()
    (branch,), (critic,) = tiny.model.branches, tiny.model.critics
    found = keras.Model(branch.inputs[0], branch.get_layer("map").output)
    pictures = branch(view, training=True).numpy().astype(np.float64)
    places = critic(found(view, training=True), training=True).numpy()
    places = places.reshape(BATCH, -1, pictures.shape[1]).astype(np.float64)
    if tiny.model.contrasts[0].raw:
        return pictures, places
    return [
        each / np.linalg.norm(each, axis=-1, keepdims=True)
        for each in (pictures, places)
    ]


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def logsumexp(values):
    top = max(values)
    return top + math.log(sum(math.exp(each - top) for each in values))


def jsd(own, others, unrelated, pictures):
    """With own places, those of others, all unrelated pairs, and pictures."""
    return (
        sum(map(softplus, others)) / len(others)
        + sum(softplus(-u) for u in own) / len(own)
        - 2 * math.log(2)
    )


def infomax_nce(own, others, unrelated, pictures):
    """Own places score -10 where they are not the one picked."""
    rest = [*others, *[-10.0] * len(own)]
    return sum(logsumexp([u, *rest]) - u for u in own) / len(own)


def dv(own, others, unrelated, pictures):
    """One logarithm of all unrelated pairs."""
    bound = logsumexp(unrelated) - math.log(len(unrelated))
    return bound - sum(own) / len(own)


def softmax(own, others, unrelated, pictures, more=()):
    """Of cosines; each place is picked by itself."""
    rest = [*others, *more]
    return sum(
        logsumexp([each / 0.1 for each in (u, *rest)]) - u / 0.1 for u in own
    ) / len(own)


def nt_xent(own, others, unrelated, pictures):
    """Other pictures' own vectors are negatives too."""
    return softmax(own, others, unrelated, pictures, more=pictures)


@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        ("jsd", jsd),
        ("infomax_nce(own=minus_ten)", infomax_nce),
        ("dv", dv),
        ("softmax(temperature=0.1)", softmax),
        ("nt_xent(temperature=0.1)", nt_xent),
    ],
)
@pytest.mark.parametrize("of", ["places", "picture"])
def test_objective(loss, formula, of, plain_views):
    """A loop over pictures and places; other places of one are no negatives.

    A whole map is one place.
    """
    tiny = local(loss=loss, head=f"critic(units=9, of={of}, hidden=11)")
    got = tiny.loss()
    pictures, places = embedded(tiny)
    assert places.shape == (BATCH, 64 if of == "places" else 1, 9)
    products = [
        [[float(a @ c) for c in row] for row in places] for a in pictures
    ]
    rows = range(BATCH)
    unrelated = [
        u for i in rows for j in rows if i != j for u in products[i][j]
    ]
    values = []
    for i in rows:
        others = [u for j in rows if j != i for u in products[i][j]]
        beside = [float(pictures[i] @ pictures[j]) for j in rows if j != i]
        values.append(formula(products[i][i], others, unrelated, beside))
    assert got == pytest.approx(np.mean(values), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("head", ["critic(units=9)", "mlp(hidden=8, dim=5)"])
def test_all_parts_learn(head, plain_views):
    """Encoder, and the head in its two copies, which begin apart."""
    tiny = local(loss="jsd", head=head)
    before = [each.numpy() for each in tiny.model.learnt]
    tiny.learn(0, 3)
    for first, variable in zip(before, tiny.model.learnt, strict=True):
        assert np.any(first != variable.numpy()), variable.path
    of_map = [v for v in tiny.model.learnt if v.path.startswith("places/")]
    assert len(of_map) == len(tiny.model.critics[0].trainable_variables) > 0


def test_views_have_places_of_their_own():
    """Each of two branches, L and ab, is compared with its own map."""
    tiny = make(**{**LOCAL, "views": "lab", "loss": "jsd"})
    assert tiny.architecture.pairs.ordered == ((0, 0), (1, 1))
    shapes = [each.input_shape for each in tiny.model.critics]
    assert shapes == [(None, 8, 8, 13)] * 2
    assert math.isfinite(tiny.loss())


def test_views_of_one_branch():
    """The same view twice costs twice as much: its places stay its own."""
    one, two = (
        local(loss="jsd", views=f"rgb(count={count}, augment=none)").loss()
        for count in (1, 2)
    )
    assert two == pytest.approx(2 * one, rel=1e-4)


def test_value_at_collapse():
    """On one point a place is picked out of itself and all negatives."""
    tiny = local(loss="infomax_nce")
    branches = tiny.architecture.branches()
    patient = tiny.architecture.patient(branches, 13, 5)
    want = math.log(1 + (BATCH - 1) * 64)
    got = patient.collapse_losses["one point"]
    assert got == pytest.approx(want, rel=1e-5)


def test_encoder_of_ones_own():
    """One without a map is told so before anything is learnt."""
    with pytest.raises(UsageError, match='a layer "map" of .*Received: None'):
        local(encoder=NORMED)
