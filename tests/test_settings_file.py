"""Settings in a file, as `--config` takes them."""

import dataclasses
import json
import os

import pytest

from tfcmc.cli import command_line
from tfcmc.cli.settings_file import beneath, read_settings
from tfcmc.commands.compare import SEEDS
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.presets import PRESETS
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from trainers import compare, pretrain


@pytest.fixture
def config_file(tmp_path):
    """A function that writes settings to a file."""

    def write(content):
        path = tmp_path / "settings.json"
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode("utf-8")
        path.write_bytes(content)
        return path

    return write


def settings_given(*words):
    """What a command line of all settings gives."""
    parser = command_line.make_parser("x", "")
    command_line.add_settings(parser, PretrainConfig)
    command_line.add_config(parser, unread=("seed",))
    return command_line.parse(parser, list(words))


def test_what_is_given_goes_first(config_file):
    """The file stands beneath the words, a preset between them."""
    path = config_file(
        {"loss": "nce", "epochs": 7, "batch_size": 64, "flip": False}
    )
    given = settings_given(f"--config={path}", "--epochs=9")
    assert given == {
        "loss": "nce",
        "epochs": 9,
        "batch_size": 64,
        "flip": False,
    }
    saved = read_settings(path)
    found = beneath(saved, {"preset": "paper", "batch_size": 32})
    assert make_config(found).epochs == PRESETS["paper"].settings["epochs"]
    assert (found["loss"], found["batch_size"]) == ("nce", 32)
    assert found["flip"] is False
    assert beneath(saved, {}) == saved
    settled = dataclasses.asdict(make_plan(PretrainConfig()).config)
    found = make_config(beneath(settled, {"beta_1": 0.9}))
    assert make_plan(found).optimizer.options["beta_1"] == 0.9


def test_a_runs_own_settings(config_file):
    """A config.json makes the run it is from; what is unread is left out."""
    plan = make_plan(
        make_config(
            {"loss": "triplet(margin=0.31)", "seed": 4, "learning_rate": 1}
        )
    )
    path = config_file(dataclasses.asdict(plan.config))
    given = settings_given(f"--config={path}")
    assert "seed" not in given
    again = make_plan(make_config(given | {"seed": 4}))
    assert again.config == plan.config


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"loss": ', "readable file of settings in JSON"),
        (b"\xff\xfe\x00", "readable file of settings in JSON"),
        ("[" * 100_000, "readable file of settings in JSON"),
        (["softmax"], "one JSON object"),
        ({"bach_size": 3}, "Did you mean batch_size"),
        ({"epochs": "ten"}, "`epochs` must be a whole number"),
        ({"epochs": 2.5}, "`epochs` must be a whole number"),
        ({"epochs": True}, "`epochs` must be a whole number"),
        ({"learning_rate": None}, "`learning_rate` must be a number"),
        ({"data_dir": 7}, "`data_dir` must be text"),
        ({"flip": "no"}, "`flip` must be true or false"),
    ],
)
def test_files_that_do_not_do(config_file, content, told):
    """Each is told in one or two plain lines."""
    with pytest.raises(UsageError) as raised:
        read_settings(config_file(content))
    text = str(raised.value)
    assert told in text and len(text.splitlines()) <= 2


def test_what_is_no_small_file(tmp_path, config_file):
    """A device and a pipe are not read for ever, nor a disk's image at all."""
    os.mkfifo(tmp_path / "pipe")
    large = config_file(" " * 2**20 + "{}")
    for path, told in (
        ("/dev/zero", "not a regular file"),
        (tmp_path / "pipe", "not a regular file"),
        (tmp_path / "no.json", "no.json.*No such file"),
        (large, "1,048,578 bytes, and at most 1,048,576 are read"),
    ):
        with pytest.raises(UsageError, match=told):
            read_settings(path)


def test_commands_take_it(config_file, tmp_path, monkeypatch):
    """`pretrain` all of it; `compare` all but loss, seed and folder."""
    path = config_file(
        {
            "loss": "nce",
            "seed": 3,
            "epochs": 2,
            "run_dir": str(tmp_path / "own"),
        }
    )
    plans = []
    monkeypatch.setattr("tfcmc.experiment.pretrain.pretrain", plans.append)
    pretrain.main([f"--config={path}", "--seed=5"])
    (plan,) = plans
    config = plan.config
    assert (config.epochs, config.seed, plan.loss.name) == (2, 5, "nce")
    assert config.run_dir == str(tmp_path / "own")
    entries = []

    def stop(planned, jobs):
        entries.extend(planned)
        raise KeyboardInterrupt

    monkeypatch.setattr("tfcmc.commands.compare.train_missing", stop)
    words = ["--losses", "triplet", f"--run-dir={tmp_path}"]
    with pytest.raises(KeyboardInterrupt):
        compare.main([*words, f"--config={path}"])
    assert [entry.name for entry in entries] == [
        f"triplet-{seed}" for seed in SEEDS
    ]
    assert {entry.epochs for entry in entries} == {2}
