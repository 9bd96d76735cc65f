"""The list of methods: cards, commands that are the presets, costs."""

import contextlib
import dataclasses
import io
import shlex

import pytest

from tfcmc.cli import command_line, method_costs, workers
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
    assert words[:3] == ["python", "-m", "trainers.pretrain"]
    parser = command_line.make_parser("x", "")
    command_line.add_settings(parser, PretrainConfig)
    found = make_config(command_line.parse(parser, words[3:]))
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


def run_here(jobs, *, at_once, show):
    """Runs in this process what `workers.run_all` would in another."""
    for job in jobs:
        printed, told, code = io.StringIO(), io.StringIO(), 0
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(told),
        ):
            try:
                words = list(job.words[1:])
                command_line.run(lambda words=words: method_costs.main(words))
            except SystemExit as ended:
                code = ended.code
        for line in printed.getvalue().splitlines():
            show(job, line)
        yield workers.Ended(job, code, told.getvalue().strip())


def test_costs(capsys, monkeypatch):
    """A row each: time, speed and memory; what cannot be is told."""
    monkeypatch.setattr(workers, "run_all", run_here)
    monkeypatch.setattr("tfcmc.experiment.cost.SECONDS", 0.1)
    small = [*SMALL, "--encoder=paper(width=0.3)", "--side=32"]
    methods.main(["paper", "--measure", *small])
    title, row = capsys.readouterr().out.splitlines()
    assert title.split() == ["ms", "a", "step", "images/s", "MB"]
    name, step, speed, memory = row.replace(",", "").split()
    assert name == "paper" and float(memory) >= 0
    assert float(speed) == pytest.approx(8000 / float(step), rel=0.2)
    with pytest.raises(UsageError, match="paper: `batch-size` must be a wh"):
        methods.main(
            ["paper", "--measure", *small, "--batch-size=101"],
        )
