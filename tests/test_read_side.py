"""Encoders that learn from small views and read larger pictures."""

import keras
import numpy as np
import pytest

import tfcmc
from tests.equal_runs import check_equal
from tests.plain import leave_out_graphs
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import Architecture, open_trained
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan, stored_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.using.export import whole_model
from trainers import embed, pretrain

SMALL = {
    "encoder": "convnet(width=0.125, layers=2)",
    "views": "lab(count=2, jitter=0.4)",
    "head": "linear(dim=8)",
    "pairs": "first",
    "side": 32,
    "read_side": 64,
}
WORDS = [f"--{n.replace('_', '-')}={value}" for n, value in SMALL.items()]
WORDS += ["--data=shapes(size=100)", "--batch-size=32"]
WORDS += ["--schedule=constant", "--evaluate=none"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two epochs, which stopped after the first."""
    folder = tmp_path_factory.mktemp("read") / "run"
    with pytest.MonkeyPatch.context() as patch:
        leave_out_graphs(patch)
        for epochs in (1, 2):
            words = [f"--epochs={epochs}", f"--run-dir={folder}"]
            pretrain.main([*WORDS, *words])
    return folder


def test_the_same_weights(rng):
    """What reads follows what learns, and gives vectors of as many numbers."""
    architecture = Architecture(make_plan(make_config(SMALL)), 64)
    branches = architecture.branches()
    assert branches["L"].input_shape == (None, 32, 32, 1)
    pictures = ArrayPictures(rng.integers(0, 256, (9, 64, 64, 3), np.uint8))
    reader = architecture.follower(branches)
    before = reader.encode(pictures)
    for branch in branches.values():
        for variable in branch.trainable_weights:
            variable.assign_add(rng.normal(size=variable.shape) / 9)
    after = reader.encode(pictures)
    read = architecture.as_read(branches)
    assert read["ab"].input_shape == (None, 64, 64, 2)
    want = architecture.reader(read).encode(pictures)
    for kind in ("features", "embeddings"):
        for own, other, first in zip(
            *(getattr(each, kind) for each in (after, want, before)),
            strict=True,
        ):
            np.testing.assert_array_equal(own, other)
            assert np.abs(own - first).max() > 1e-3
    assert architecture.as_read(branches)["L"] is not branches["L"]
    plain = Architecture(make_plan(make_config({})), 64)
    branches = plain.branches()
    assert plain.as_read(branches) is branches


def test_a_run(run, tmp_path, rng):
    """Its files take the larger side, wherever they are used."""
    plan, found = stored_plan(run)
    architecture, branches = open_trained(plan, found)
    pictures = rng.integers(0, 256, (5, 64, 64, 3), np.uint8)
    want = []
    for name, shown in zip(
        ("L", "ab"), plan.views_of(64, 64).whole(pictures), strict=True
    ):
        model = keras.models.load_model(run / "encoders" / f"{name}.keras")
        assert model.input_shape[1:3] == (64, 64)
        features = keras.Model(
            model.inputs[0], model.get_layer("features").output
        )
        want.append(features(shown).numpy())
    assert sum(each.shape[1] for each in want) == 2 * 4 * (16 + 32)
    np.testing.assert_allclose(
        tfcmc.load(run).transform(pictures), np.hstack(want), atol=1e-5
    )
    embed.main([str(run), f"--out={tmp_path / 'out.npz'}"])
    assert np.load(tmp_path / "out.npz")["features"].shape == (300, 384)
    model = whole_model(plan, found, architecture, branches)
    np.testing.assert_allclose(model(pictures), np.hstack(want), atol=1e-4)


def test_goes_on_to_the_bit(run, tmp_path, learnt, eager):
    """After the first epoch as without a stop."""
    whole = tmp_path / "whole"
    pretrain.main([*WORDS, "--epochs=2", f"--run-dir={whole}"])
    check_equal(learnt(run), learnt(whole))


@pytest.mark.parametrize(
    "changed",
    [
        {"encoder": "paper"},  # its vectors grow with what it sees
        {"encoder": "paper", "head": "linear(dim=4)"},  # a head's weights too
    ],
)
def test_encoders_that_depend_on_the_side(changed, tmp_path):
    """They are refused before the first step, and leave no folder."""
    settings = {"side": 32, "read_side": 64, "data": "shapes(size=100)"}
    settings |= {"batch_size": 32}
    settings |= {"head": "none", "run_dir": tmp_path / "run"} | changed
    told = "`read.side` must be left out with an encoder whose"
    with pytest.raises(UsageError, match=told):
        tfcmc.pretrain(**settings)
    assert not (tmp_path / "run").exists()
