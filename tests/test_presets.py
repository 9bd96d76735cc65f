"""Presets: every one runs, and what is given goes on top."""

import csv
import pathlib

import numpy as np
import pytest

from tests.plain import leave_out_padding
from tests.tiny import NORMED
from tfcmc.experiment import verified
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.presets import PRESETS
from tfcmc.experiment.presets.base import Rate
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from trainers import pretrain

every_preset = pytest.mark.parametrize("name", PRESETS)
SMALL = ("--data=shapes(size=100)", "--batch-size=16", "--epochs=1")
# One of a ResNet and its own distortions; what both do is tested elsewhere.
WHOLE = "simclr"
# What the others are made of: twins, queues, banks, predictors, places.
TRACED = ("moco_cifar", "byol", "simsiam", "cmc", "dim_local")
NARROW = {
    "paper": "paper(width=0.3)",
    WHOLE: "resnet(width=0.1)",
    "moco_cifar": "dim(width=0.1)",  # groups of its batch normalisation
    "dim_local": "dim(width=0.1)",
    "dim_global": "dim(width=0.1)",
}


@every_preset
def test_runs(name, tmp_path, capsys, request, monkeypatch):
    """One epoch, to a loss that is a number; a rate of a rule is told."""
    leave_out_padding(monkeypatch)
    preset = PRESETS[name]
    request.getfixturevalue("uncompiled" if name == WHOLE else "plain_views")
    if name not in TRACED:
        request.getfixturevalue("eager")
    words = [f"--preset={name}", *SMALL, "--evaluate=none", "--side=32"]
    words += [f"--encoder={NARROW.get(name, NORMED)}"]
    pretrain.main([*words, f"--run-dir={tmp_path / 'run'}"])
    with open(tmp_path / "run" / "history.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert np.isfinite(float(row["loss"]))
    assert ("prototypes" in row) == (name == "swav")
    assert ("fresh" in row) == (
        "queue" in preset.settings.get("negatives", "")
    )
    told = capsys.readouterr().out
    assert ("note: learning rate" in told) == (preset.rate is not None)


@every_preset
def test_row(name):
    """Every setting is known, and what differs has a reason."""
    preset = PRESETS[name]
    known = PretrainConfig.__dataclass_fields__.keys()
    assert preset.decides() <= known and preset.letter.keys() <= known
    assert bool(preset.why) == bool(preset.letter)
    assert preset.line.endswith(".") and preset.reference.endswith(".")
    assert (preset.rate is None) == ("learning_rate" in preset.settings)
    config = make_config({"preset": name})
    for setting, value in preset.settings.items():
        assert getattr(config, setting) == value
    make_plan(config)


@every_preset
def test_what_is_given_goes_first(name):
    """Any loss in any frame; and the rate follows the batch size."""
    preset = PRESETS[name]
    config = make_config(
        {"preset": name, "loss": "triplet(margin=0.3)", "batch_size": 48}
    )
    assert (config.loss, config.batch_size) == ("triplet(margin=0.3)", 48)
    if preset.rate:
        assert config.learning_rate == preset.rate.of(48)
    given = make_config({"preset": name, "learning_rate": 0.2})
    assert given.learning_rate == 0.2
    if preset.rate:
        other = make_config({"preset": name, "optimizer": "adam"})
        assert other.learning_rate == PretrainConfig().learning_rate


def test_rate_of_instance_discrimination():
    """As its code has it for small pictures: a tenth from 120 and from 160."""
    plan = make_plan(make_config({"preset": "instdisc", "epochs": 200}))
    course = plan.schedule.function(plan.config.learning_rate, 200, 0.0)
    for epoch in range(200):
        falls = (epoch - 80) // 40 if epoch >= 80 else 0
        assert float(course(epoch)) == pytest.approx(0.03 * 0.1**falls)


def test_rules_of_the_rate():
    """In proportion to the batch, or to its root; the same at 4,096."""
    assert Rate(0.3).of(64) == pytest.approx(0.3 * 64 / 256)
    root = Rate(0.075, root=True)
    assert root.of(64) == pytest.approx(0.075 * 8)
    assert root.of(4096) == pytest.approx(Rate(0.3).of(4096))


def test_a_preset_that_is_not_there():
    """The known ones are listed."""
    with pytest.raises(UsageError, match="Did you mean paper.*\nKnown: "):
        make_config({"preset": "papr"})


def test_the_papers_forms_of_losses():
    """A bare name means the paper's; options that are given go first."""
    for given, want in (
        ("triplet", "triplet(margin=0.5)"),
        ("triplet(margin=0.3)", "triplet(margin=0.3)"),
    ):
        config = make_config({"preset": "paper", "loss": given})
        assert config.loss == want


def test_what_belongs_to_another_axis():
    """A crop is of no use to views that cut by themselves."""
    config = make_config({"preset": "paper", "views": "rgb"})
    assert (config.crop, config.geometry) == ("resized", "independent")
    assert config.epochs == PRESETS["paper"].settings["epochs"]
    make_plan(config)
    kept = make_config({"preset": "paper", "views": "lab"})
    assert (kept.crop, kept.geometry) == ("window", "shared")


def test_a_method_is_proven_alone():
    """By its own parts; what is given goes first."""
    given = {"preset": "moco_cifar", "encoder": "resnet(width=0.1)"}
    (plan,) = verified.cases(given)
    assert plan.loss.short == "softmax(temperature=0.1)"
    assert (plan.negatives.name, plan.target.name) == ("queue", "momentum")
    assert plan.encoder.options["width"] == 0.1
    assert plan.config.seed == verified.SEED


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ({}, "shapes-softmax-0"),
        ({"preset": "moco_v1", "seed": 3}, "shapes-moco_v1-3"),
        ({"preset": "moco_v1", "loss": "nce"}, "shapes-moco_v1-nce-0"),
        ({"preset": "paper", "loss": "nce"}, "shapes-paper-nce-0"),
    ],
)
def test_folders(given, folder):
    """Named after the preset, so that two of one loss do not meet."""
    plan = make_plan(make_config(given))
    assert pathlib.Path(plan.config.run_dir).name == folder
