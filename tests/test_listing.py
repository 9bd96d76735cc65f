"""The runs below a folder, as records and as lines."""

import csv
import dataclasses
import json

import pytest

from tests.dirty.folders import closed
from tests.verdicts import verdict
from tfcmc.experiment.config import PretrainConfig
from tfcmc.runs.folder import Run
from trainers import runs

SPHERE = {
    "images": 16,
    "alignment": 0.5,
    "uniformity": -2.0,
    "effective_rank": 9.0,
}
ROW = {
    "loss": 1.0,
    "alignment": 0.5,
    "uniformity": -2.0,
    "effective_rank": 9.0,
    "apart": 0.5,
}


@pytest.fixture
def folder(tmp_path):
    """Five runs in every state, one of them damaged."""
    whole = dataclasses.asdict(PretrainConfig(epochs=2, data="shapes"))
    whole["optimizer"] = "adam(beta_1=0.5, beta_2=0.999)"
    written = {
        "a/softmax-0": ({"loss": "softmax(temperature=0.07)"}, 2, 0.61),
        "a/softmax-1": (
            {"loss": "softmax(temperature=0.2)", "seed": 1}, 2, 0.42
        ),
        "triplet": ({"loss": "triplet(margin=0.2, mining=all)"}, 1, None),
        "nce": (
            {
                "loss": "nce(temperature=0.07, z=exact)",
                "optimizer": "adam(beta_1=0.9, beta_2=0.999)",
            },
            2,
            None,
        ),
        "bad": ({}, 0, None),
    }  # fmt: skip
    for name, (own, epochs, accuracy) in written.items():
        run = Run(tmp_path / "runs" / name)
        run.create()
        settings = whole | own
        run.write_json("config.json", settings)
        rows = [{"epoch": n + 1, "seconds": 1.5, **ROW} for n in range(epochs)]
        if rows:
            run.write_history(rows)
        for step in (9, 12):
            file = run.checkpoints / f"step-{step:09d}.npz"
            file.touch()
        if accuracy is not None:
            names = ("loss", "data", "seed", "epochs")
            told = verdict({name: settings[name] for name in names}, SPHERE)
            told["linear_probe"] = {"accuracy": accuracy}
            run.write_json("metrics.json", told)
    (tmp_path / "runs" / "bad" / "config.json").write_text("{")
    return tmp_path / "runs"


def test_lines(folder, capsys):
    """A line a run; of settings what differs; what is damaged is named."""
    runs.main([str(folder)])
    out, err = capsys.readouterr()
    head, *lines, _, count = out.splitlines()
    assert count == "4 runs"
    assert head.split() == [
        "run", "state", "linear", "alignment", "uniformity", "rank",
        "seconds", "loss", "other", "settings",
    ]  # fmt: skip
    assert [" ".join(line.split()) for line in lines] == [
        "a/softmax-0 finished 61.0 0.500 -2.000 9 3 softmax",
        "a/softmax-1 finished 42.0 0.500 -2.000 9 3 "
        "softmax(temperature=0.2) seed=1",
        "nce not judged 3 nce optimizer=adam(beta_1=0.9)",
        "triplet interrupted at step 12 2 triplet",
    ]
    assert err.count("\n") == 1 and f"{folder / 'bad'}" in err


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--where", "loss=softmax"], ["a/softmax-0", "a/softmax-1"]),
        (["--where", "loss=softmax(temperature=0.2)"], ["a/softmax-1"]),
        (["--where", "loss=triplet(margin=0.2)"], ["triplet"]),
        (["--where", "loss=softmax", "Linear>50"], ["a/softmax-0"]),
        (["--where", "seed=None"], []),
        (["--where", "loss!=softmax"], ["nce", "triplet"]),
        (["--where", "state=interrupted"], ["triplet"]),
        (["--where", "seed>=1"], ["a/softmax-1"]),
        (["--sort=linear", "--where", "linear>0"],
         ["a/softmax-0", "a/softmax-1"]),
        (["--sort=-linear"], ["a/softmax-1", "a/softmax-0", "nce", "triplet"]),
        (["--sort=seconds", "--where", "seed=0"],
         ["triplet", "a/softmax-0", "nce"]),
    ],
)  # fmt: skip
def test_filters_and_sorts(words, names, folder, capsys):
    """Conditions hold together; the best first; last what has no value."""
    runs.main([str(folder), "--json", *words])
    found = json.loads(capsys.readouterr().out)
    assert [each["run"] for each in found] == names


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("10 labels>50", ["a/softmax-1"]),
        (" 10 Labels <= 31.5 ", ["a/softmax-0"]),
    ],
)
def test_a_column_of_two_words(condition, names, folder, capsys):
    """It is asked for as it stands above the column."""
    for name, accuracy in (("a/softmax-0", 0.31), ("a/softmax-1", 0.72)):
        path = folder / name / "metrics.json"
        told = json.loads(path.read_text())
        told["nearest_mean"] = {"accuracy": accuracy}
        path.write_text(json.dumps(told))
    runs.main([str(folder), "--where", condition])
    head, *lines, _, count = capsys.readouterr().out.splitlines()
    assert " 10 labels " in head and count == "1 of 4 runs"
    assert [line.split()[0] for line in lines] == names


def test_csv(folder, capsys):
    """All of every run, in full."""
    runs.main([str(folder), "--csv"])
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["state"] for row in rows] == [
        "finished", "finished", "not judged", "interrupted at step 12"
    ]  # fmt: skip
    assert rows[0]["linear"] == "61.0" and rows[2]["linear"] == ""
    assert rows[1]["loss"] == "softmax(temperature=0.2)"
    assert rows[1]["batch_size"] == "128"


def test_a_trial_that_no_round_took_further(folder, capsys):
    """It was judged where it stopped, and nothing interrupted it."""
    told = verdict({"loss": "triplet", "data": "shapes", "epochs": 1}, SPHERE)
    Run(folder / "triplet").write_json("metrics.json", told | {"seed": 0})
    runs.main([str(folder), "--csv", "--where", "loss=triplet"])
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert row["state"] == "judged after 1 of 2 epochs"
    assert "judged after" in runs.__doc__


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "`folder` must be a folder"),
        ([".", "--where", "loss"], "such as loss=softmax"),
        ([".", "--where", " =softmax"], "such as loss=softmax"),
        ([".", "--where", "seed=one"], "a number for a number"),
        ([".", "--where", "lost=softmax"], "Did you mean loss?"),
        ([".", "--sort=linaer"], "Did you mean linear?"),
    ],
)
def test_mistakes(words, told, folder, monkeypatch, refused):
    """Each in two lines."""
    monkeypatch.chdir(folder)
    assert told in refused(runs.main, *words)


def test_nothing_there(tmp_path, capsys):
    """Of no runs nothing is laid out; a closed folder is named."""
    runs.main([str(tmp_path), "--sort=linear", "--where", "loss=softmax"])
    assert capsys.readouterr().out == "0 runs\n"
    (tmp_path / "closed").mkdir()
    with closed("closed"):
        runs.main([str(tmp_path)])
    assert "closed (Permission denied)" in capsys.readouterr().err
