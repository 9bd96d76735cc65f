"""The collapse doctor: each sign at the epoch when it starts, and no other."""

import dataclasses

import numpy as np
import pytest

from tests.terms import make
from tfcmc.evaluation.collapse_values import collapse_losses
from tfcmc.evaluation.doctor import Patient, examine
from tfcmc.evaluation.features import Encoded
from tfcmc.evaluation.verdict import distances, sphere
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.negatives import NEGATIVES
from tfcmc.pairs import PAIRS

NAMES = ("L", "ab")
DIM, COUNT = 24, 60
PATIENT = Patient(
    names=NAMES,
    branches=NAMES,
    dims=2 * DIM,
    collapse_losses={"one point": 1.4, "two orthogonal constants": 1.5},
)


def clouds(rng, kind, dim=DIM):
    """Embeddings of both views in a state with a name."""
    noise = rng.normal(size=(2, COUNT, dim))
    if kind == "healthy":
        first = noise[0]
        return first, first + 0.3 * noise[1]
    if kind == "few dimensions":
        low = rng.normal(size=(COUNT, 2)) @ rng.normal(size=(2, dim))
        return low, low
    ends = {
        "one point": (np.eye(dim)[1], np.eye(dim)[1]),
        "constants": (np.eye(dim)[1], np.eye(dim)[2]),
    }[kind]
    noise *= 0.15 / np.sqrt(dim)
    return tuple(end + part for end, part in zip(ends, noise, strict=True))


def row(rng, epoch, kind, loss=0.7, *, dim=DIM, alpha=2.0, t=2.0, **dead):
    """A row of a history, measured on such embeddings."""
    vectors = [array.astype(np.float32) for array in clouds(rng, kind, dim)]
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in vectors]
    encoded = Encoded(tuple(vectors), tuple(unit))
    measured = sphere(NAMES, encoded, alpha=alpha, t=t)
    measured |= distances(NAMES, encoded)
    return {
        "epoch": epoch,
        "loss": loss,
        "dead_L": 0.0,
        "dead_ab": 0.0,
        **measured,
        **dead,
    }


def signs(rows, patient=PATIENT, **options):
    """The signs found, each with its epochs."""
    return {
        finding.sign: (finding.epoch, finding.until)
        for finding in examine(rows, patient, **options)
    }


def test_spread_is_the_deviation_of_a_dimension(rng):
    """1 / sqrt(dim) of directions that are spread evenly; 0 of one point."""
    dim = 128
    even = rng.normal(size=(4000, dim)).astype(np.float32)
    even /= np.linalg.norm(even, axis=1, keepdims=True)
    point = np.tile(even[:1], [50, 1])
    for vectors in (even, even[:50], point):
        encoded = Encoded((), (vectors, vectors[::-1]))
        spread = distances(NAMES, encoded)["spread_L"]
        variances = vectors.astype(np.float64).var(axis=0, ddof=1)
        assert spread == pytest.approx(2 * variances.sum(), abs=1e-5)
    deviations = even.std(axis=0) * np.sqrt(dim)
    assert abs(deviations.mean() - 1) < 0.01
    assert spread == pytest.approx(0, abs=1e-6)


def test_healthy(rng):
    """A spread, aligned representation shows nothing."""
    assert signs([row(rng, epoch, "healthy") for epoch in (1, 2, 3)]) == {}
    assert signs([]) == {}


@pytest.mark.parametrize("kind", ["one point", "constants"])
def test_collapse_is_told_at_its_epoch(kind, rng):
    """From the epoch when it starts, to the last that shows it."""
    kinds = ["healthy", "healthy", kind, kind, "healthy"]
    rows = [row(rng, n + 1, k) for n, k in enumerate(kinds)]
    found = signs(rows)
    assert found[kind] == (3, 4)
    assert set(found) <= {kind, "few dimensions"}
    (finding,) = [f for f in examine(rows, PATIENT) if f.sign == kind]
    assert finding.collapse and finding.advice
    assert ("orthogonal" in finding.words) == (kind == "constants")


def test_what_passes_is_no_collapse(rng):
    """One epoch near a collapse, as at the start of some trainings."""
    rows = [row(rng, 1, "constants"), row(rng, 2, "healthy")]
    assert "constants" not in signs(rows)


def test_one_view(rng):
    """A single view that stays constant is named; one passing by is not."""
    rows = [
        row(rng, epoch, "healthy") | {"spread_ab": 0.02} for epoch in (1, 2, 3)
    ]
    assert examine(rows[:2], PATIENT) == []
    (finding,) = examine(rows, PATIENT)
    assert (finding.epoch, finding.until) == (1, 3)
    assert finding.sign == "one view" and "view ab" in finding.words
    assert not finding.collapse
    # Of several views those of one branch.
    names = ("L_1", "L_2", "ab_1", "ab_2")
    spread = {"spread_L_1": 2.0, "spread_L_2": 2.0, "uniformity_ab_1": -0.1}
    spread |= {"spread_ab_1": 0.02, "spread_ab_2": 0.02, "uniformity_ab_2": 0}
    rows = [each | spread for each in rows]
    patient = dataclasses.replace(PATIENT, names=names)
    (finding,) = examine(rows, patient)
    assert "views ab_1, ab_2 are nearly one point" in finding.words
    assert "(uniformity -0.100, 0.000)" in finding.words


def test_few_dimensions(rng):
    """Features in a plane have a rank of two."""
    assert signs([row(rng, 1, "few dimensions")]) == {"few dimensions": (1, 1)}


def test_dead_relus(rng):
    """Half of a view's channels dead, and not a few of them."""
    assert signs([row(rng, 1, "healthy", dead_L=0.4)]) == {}
    (finding,) = examine([row(rng, 1, "healthy", dead_ab=0.75)], PATIENT)
    assert "75 % of the ab encoder's" in finding.words


def test_loss_at_collapse(rng):
    """Three epochs in a row; passing by is no sign."""
    losses = [1.401, 1.39, 0.9, 1.41, 1.405, 1.399, 1.2]
    rows = [row(rng, n + 1, "healthy", x) for n, x in enumerate(losses)]
    assert signs(rows) == {"loss at collapse": (4, 6)}


@pytest.mark.parametrize("kind", ["healthy", "one point", "constants"])
@pytest.mark.parametrize("dim", [3, 384])
@pytest.mark.parametrize("t", [0.1, 2.0, 100.0])
@pytest.mark.parametrize("alpha", [0.5, 4.0])
def test_other_constants(kind, dim, t, alpha, rng):
    """What is seen does not depend on alpha, t and the dimensions."""
    constants = {"dim": dim, "alpha": alpha, "t": t}
    rows = [row(rng, epoch, kind, **constants) for epoch in (1, 2)]
    patient = Patient(NAMES, NAMES, 1, {})
    assert list(signs(rows, patient)) == [kind] * (kind != "healthy")


@pytest.mark.parametrize("kind", ["one point", "constants"])
def test_a_run_that_ends_collapsed(kind, rng):
    """Told of the last epoch alone, once no other follows."""
    rows = [row(rng, 1, "healthy"), row(rng, 2, kind)]
    assert kind not in signs(rows)
    assert signs(rows, ended=True)[kind] == (2, 2)
    assert kind in signs(rows[1:], ended=True)
    rows.append(row(rng, 3, "healthy"))
    assert kind not in signs(rows, ended=True)


@pytest.mark.parametrize(
    ("spec", "negatives", "one_point", "orthogonal"),
    [
        ("softmax", "batch", 2 * np.log(9), 2 * np.log(9)),
        ("triplet(margin=0.3)", "batch", 0.6, 0.6),
        ("spring(margin=1.0)", "batch", 1.0, np.sqrt(2)),
        (
            "spring(margin=1.0, weighting=pairs)",
            "batch",
            8 / 9,
            np.sqrt(2) / 9,
        ),
        # Same-view negatives: of 16, eight are the other view's and eight
        # the anchor's own point.
        ("nt_xent(temperature=0.5)", "batch", 2 * np.log(17), None),
        ("softmax", "bank(draws=5)", 2 * np.log(14), 2 * np.log(14)),
    ],
)
def test_collapse_losses(spec, negatives, one_point, orthogonal):
    """The objective at collapse, from the losses' formulas."""
    values = collapse_losses(
        lambda: make(spec),
        NEGATIVES.lookup(negatives).function(),
        PAIRS.lookup("cross").function(2),
        batch=9,
        dim=7,
        examples=30,
    )
    assert values["one point"] == pytest.approx(one_point, rel=1e-5)
    if orthogonal is None:  # 8 at e^0, 8 at e^2, the positive at e^0
        orthogonal = 2 * np.log(9 + 8 * np.exp(2.0))
    assert values["two orthogonal constants"] == pytest.approx(
        orthogonal, rel=1e-5
    )


def test_a_good_prediction_is_no_collapse():
    """The best value of a prediction is one point's too: it tells nothing."""
    for preset, known in (("simsiam", 1), ("simclr", 2)):
        settings = {"preset": preset, "encoder": "paper(width=0.3)"}
        plan = make_plan(make_config(settings))
        architecture = Architecture(plan, 64)
        found = architecture.patient(architecture.branches(), 99, 50)
        assert len(found.collapse_losses) == known
        assert "two orthogonal constants" in found.collapse_losses


@pytest.mark.parametrize(
    ("negatives", "candidates"), [("batch", 32), ("local", 8)]
)
def test_each_device_collapses_by_itself(negatives, candidates):
    """With negatives of its own it has only its share of the batch."""
    settings = {"negatives": negatives, "batch_size": 32, "loss": "softmax"}
    plan = make_plan(make_config(settings))
    architecture = Architecture(plan, 64, replicas=4)
    found = architecture.patient(architecture.branches(), 99, 50)
    for value in found.collapse_losses.values():
        assert value == pytest.approx(2 * np.log(candidates), rel=1e-5)
