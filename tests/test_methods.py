"""The list of methods: cards, commands that are the presets, costs."""

import dataclasses
import shlex

import pytest

from tests.here import in_this_process
from tfcmc.cli import command_line
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.presets import PRESETS
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from trainers import methods

SMALL = ["--data=shapes(size=100)", "--batch-size=8"]


def test_the_list_has_all(capsys):
    """Every preset with what it does."""
    methods.main([])
    text = capsys.readouterr().out
    for name, preset in PRESETS.items():
        assert f"\n{name}\n    {preset.line[:40]}" in f"\n{text}"
    assert all(len(line) <= 79 for line in text.splitlines())


@pytest.mark.parametrize("name", PRESETS)
def test_card(name, capsys):
    """Line, recipe, reason, reference; and a command that is the preset."""
    methods.main([name])
    text = capsys.readouterr().out
    card, _, command = text.partition("as one command:\n")
    preset, told = PRESETS[name], " ".join(card.split())
    for words in (preset.line, preset.why, preset.reference):
        assert words in told
    for setting, words in preset.letter.items():
        assert setting.replace("_", " ") in told
        assert f"(recipe: {words})" in told
    assert all(len(line) <= 79 for line in card.splitlines())
    words = shlex.split(command.partition("\n\n")[0].replace("\\\n", ""))
    assert words[:2] == ["tfcmc", "pretrain"]
    parser = command_line.make_parser("x", "")
    command_line.add_settings(parser, PretrainConfig)
    found = make_config(command_line.parse(parser, words[2:]))
    want = make_config({"preset": name})
    assert make_plan(dataclasses.replace(found, preset=name)) == make_plan(
        want
    )


def test_mistakes():
    """A name that is not known, and settings that nothing reads."""
    with pytest.raises(UsageError, match="Did you mean simclr"):
        methods.main(["simcrl"])
    with pytest.raises(UsageError, match="`side` must be left out without"):
        methods.main(["simclr", "--side=32"])


def test_costs(capsys, monkeypatch):
    """A row each: time, speed and memory; what cannot be is told."""
    monkeypatch.setattr("tfcmc.experiment.cost.SECONDS", 0.1)
    small = [*SMALL, "--encoder=paper(width=0.3)", "--side=32"]
    with in_this_process():
        methods.main(["dim_local", "paper", "--measure", *small])
    title, refused, row = capsys.readouterr().out.splitlines()
    assert refused.startswith("dim_local  `encoder` must be one with a map")
    assert title.split() == ["ms", "a", "step", "images/s", "MB"]
    name, step, speed, memory = row.replace(",", "").split()
    assert name == "paper" and float(memory) >= 0
    assert float(speed) == pytest.approx(8000 / float(step), rel=0.2)
    with in_this_process(), pytest.raises(UsageError, match="None could be"):
        methods.main(["paper", "--measure", *small, "--batch-size=101"])
    assert "paper  `batch-size` must be a wh" in capsys.readouterr().out
    with in_this_process(), pytest.raises(UsageError, match="None could be"):
        methods.main(["paper", "--measure", *small, "--pictures=7"])
    assert "at most 7" in capsys.readouterr().out
