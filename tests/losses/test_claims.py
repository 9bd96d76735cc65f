"""What the cards claim in numbers, from the real encoders and losses."""

import math
import re

import numpy as np
import pytest

from tests.terms import make
from tfcmc.evaluation.collapse_values import collapse_losses
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.lazy import tf
from tfcmc.losses import LOSSES
from tfcmc.losses.cards import read_card
from tfcmc.negatives import NEGATIVES
from tfcmc.pairs import PAIRS

every_loss = pytest.mark.parametrize("name", LOSSES.names())
START = re.compile(r"(-?[\d.]+) to (-?[\d.]+) at batch 128")
COUNT, DIM = 9, 7  # of the collapsed vectors
CROSS, BOTH = COUNT - 1, 2 * COUNT - 2  # negatives of one view, and of two
# "At collapse", on one point, with the defaults.
AT_ONE_POINT = {
    "alignment_uniformity": 0.0,
    "barlow_twins": DIM,
    "circle": math.log1p(CROSS * math.exp(80 * (1 - 2 * 0.4**2))),
    "cosine": 0.0,
    "dcl": math.log(BOTH),
    "debiased": math.log(1 + BOTH),
    "dv": 0.0,
    "hard_negative": math.log(1 + BOTH),
    "infomax_nce": math.log(1 + CROSS),
    "jsd": math.log((1 + math.e) * (1 + 1 / math.e) / 4),
    "n_pair": math.log(COUNT) + 0.002 / 2,
    "nce": math.log(1 + CROSS) + CROSS * math.log(1 + 1 / CROSS),
    "nt_xent": math.log(1 + BOTH),
    "sigmoid": (1 + CROSS) * math.log(2),
    "softmax": math.log(COUNT),
    "spring": 1.4 / 2,
    "swav": math.log(3000),
    "triplet": 0.2,
    "vicreg": 0.99 * 25,
}
# "Range", its lower end with the defaults, of a batch of two: m is 1 or 2.
LEAST = {
    "alignment_uniformity": -4.0 * 2,
    "barlow_twins": 0.0,
    "circle": 0.0,
    "cosine": 0.0,
    "dcl": math.log(2) - 2 / 0.1,
    "debiased": math.log1p(2 * math.exp(-2 / 0.5)),
    "dv": -math.inf,
    "hard_negative": math.log1p(2 * math.exp(-2 / 0.5)),
    "infomax_nce": 0.0,
    "jsd": -2 * math.log(2),
    "n_pair": 0.0,
    "nce": math.log(3 / 2),
    "nt_xent": 0.0,
    "sigmoid": math.log1p(math.exp(10 - 10)) + math.log1p(math.exp(-20)),
    "softmax": 0.0,
    "spring": 0.0,
    "swav": 0.0,
    "triplet": 0.0,
    "vicreg": 0.0,
}


@pytest.fixture(scope="module")
def starts():
    """The first batch of a training, as untrained encoders see it.

    `[seeds, 2, 128, dim]`: three seeds of weights, crops and pictures, of the
    embedded data; as long as they are.
    """
    found = []
    for seed in range(3):
        settings = {"data": "shapes(size=160)", "seed": seed}
        plan = make_plan(make_config(settings))
        pictures = read_source(plan).pretrain
        architecture = Architecture(plan, pictures.side)
        batch, draws, _ = architecture.stream(pictures).batch(0)
        branches = architecture.branches().values()
        shown = architecture.views.convert(tf.constant(batch), draws)
        found.append(
            [
                branch(view)
                for branch, view in zip(branches, shown, strict=True)
            ]
        )
    return np.array(found)


@every_loss
def test_start(name, starts, both_directions):
    """Of every seed the loss lies where the card says."""
    said = read_card(LOSSES.lookup(name).member.function).sections
    low, high = map(float, START.search(said["At initialisation"]).groups())
    values = [both_directions(name, *views) for views in starts]
    assert low <= min(values) <= max(values) <= high


@every_loss
def test_collapse(name):
    """Both directions of every loss on one point cost what the card says."""
    values = collapse_losses(
        lambda: make(name),
        NEGATIVES.lookup("batch").function(),
        PAIRS.lookup("cross").function(2),
        batch=COUNT,
        dim=DIM,
        examples=20,
    )
    want = pytest.approx(2 * AT_ONE_POINT[name], rel=1e-5, abs=1e-5)
    assert values["one point"] == want
    assert np.isfinite(values["two orthogonal constants"])


@every_loss
def test_least(name, rng, both_directions):
    """No pair of views costs less; opposite pictures, matched, as much."""
    best = np.array([[0.6, 0.8], [-0.6, -0.8]], np.float32)
    # Prototypes are where they are.
    if not make(name).raw and name != "swav":
        got = both_directions(name, best, best)
        assert got == pytest.approx(LEAST[name], abs=1e-4)
    for _ in range(7):
        first, second = rng.normal(size=(2, 2, 3)).astype(np.float32)
        for other in (first, second, -first):
            value = both_directions(name, first, other)
            assert value >= LEAST[name] - 1e-4


def test_positives_that_take_all_of_z(unit_vectors, both_directions):
    """NCE's optimum, for any number of negatives: ln((1 + 2 m) / (1 + m))."""
    vectors = unit_vectors(40, 64)
    got = both_directions("nce(temperature=0.01)", vectors, vectors)
    assert got == pytest.approx(math.log((1 + 2 * 39) / 40), abs=1e-4)
