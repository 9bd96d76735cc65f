"""Presets: every one runs, and what is given goes on top."""

import csv

import numpy as np
import pytest

from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.presets import PRESETS
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from trainers import pretrain

every_preset = pytest.mark.parametrize("name", PRESETS)
# Few pictures and narrow encoders.
SMALL = ("--data=shapes(size=100)", "--batch-size=16", "--epochs=1")
NARROW = {"paper": "paper(width=0.3)"}


@every_preset
def test_runs(name, tmp_path, capsys):
    """One epoch, to a loss that is a number; a rate of a rule is told."""
    preset = PRESETS[name]
    words = [f"--preset={name}", *SMALL, "--evaluate=none", "--side=32"]
    kind = preset.settings["encoder"].partition("(")[0]
    words += [f"--encoder={NARROW.get(kind, f'{kind}(width=0.1)')}"]
    pretrain.main([*words, f"--run-dir={tmp_path / 'run'}"])
    with open(tmp_path / "run" / "history.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert np.isfinite(float(row["loss"]))
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
    """Any one setting of the row, whatever else the row has."""
    for setting, value in {"batch_size": 48, "loss": "triplet"}.items():
        given = {"preset": name, setting: value}
        config = make_config(given)
        assert getattr(config, setting) != PRESETS[name].settings.get(setting)
        if setting == "batch_size" and PRESETS[name].rate:
            want = PRESETS[name].rate.of(48)
            assert config.learning_rate == want


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
