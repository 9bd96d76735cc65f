"""Comparing losses: equal terms, what is skipped, what breaks, the tables."""

import csv
import dataclasses
import html
import json
import re
import shutil
import types

import numpy as np
import pytest
from tfcmc.experiment.stage import Stage

from tests import verdicts
from tfcmc.cli import command_line
from tfcmc.comparison import writing
from tfcmc.comparison.entries import folder_name, plan_comparison
from tfcmc.comparison.rows import PAPER_TABLE, cells, paper_rows
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.report import Cell, Column, Row
from trainers import compare
from tuning import search

TINY = [
    "--data=shapes(size=160)",
    "--epochs=1",
    "--batch-size=16",
    "--jobs=2",
]
SPRING = "spring(margin=1.4, weighting=pairs)"
LOSSES = ("spring(weighting=pairs)", "vicreg")
WORDS = ["trainers.compare", "--losses", *LOSSES, "--seeds", "0", "1", *TINY]


@pytest.fixture(scope="module")
def compared(tmp_path_factory, command):
    """A comparison of two seeds in which one run breaks, and its screen."""
    folder = tmp_path_factory.mktemp("compared") / "table"
    # A history that is no file: a fault of the machine, found by the run.
    (folder / "vicreg-1" / "history.csv").mkdir(parents=True)
    done = command(*WORDS, f"--run-dir={folder}")
    return folder, done


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_one_that_breaks(compared):
    """It is told with its reason; the others are all there."""
    folder, done = compared
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [n for n in done.stdout.splitlines() if "FAILED" in n]
    assert line.startswith("vicreg-1") and "Is a directory" in line
    log = (folder / "vicreg-1" / "log.txt").read_text()
    assert log.splitlines()[-1].startswith("The machine failed: ")
    finished = sorted(path.parent.name for path in folder.glob("*/metrics*"))
    assert finished == [
        "spring-weighting-pairs-0",
        "spring-weighting-pairs-1",
        "vicreg-0",
    ]
    assert "vicreg-1" in (folder / "report.html").read_text("utf-8")


def test_table(compared):
    """Means and deviations over the seeds, and the controls."""
    folder, _ = compared
    with open(folder / "table.csv", newline="", encoding="utf-8") as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert list(rows) == [
        "raw pixels",
        "untrained encoders",
        SPRING,
        "vicreg(invariance=25.0)",
    ]
    spring = [
        metrics_of(folder / f"spring-weighting-pairs-{seed}")
        for seed in (0, 1)
    ]
    untrained = [metrics["untrained"] for metrics in spring]
    for label, both in (
        (SPRING, spring),
        ("untrained encoders", untrained),
    ):
        for column, values in {
            "linear_probe": [
                100 * m["linear_probe"]["accuracy"] for m in both
            ],
            "knn": [100 * m["knn"]["accuracy"] for m in both],
            "uniformity": [m["sphere"]["uniformity"] for m in both],
        }.items():
            row = rows[label]
            assert float(row[column]) == pytest.approx(np.mean(values))
            assert float(row[f"{column}_deviation"]) == pytest.approx(
                np.std(values, ddof=1)
            )
            assert row[f"{column}_count"] == "2"
    spent = []
    for seed in (0, 1):
        path = folder / f"spring-weighting-pairs-{seed}" / "history.csv"
        with open(path, newline="") as file:
            spent.append(
                sum(float(r["seconds"]) for r in csv.DictReader(file))
            )
    seconds = rows[SPRING]["seconds"]
    assert float(seconds) == pytest.approx(np.mean(spent))
    assert rows["vicreg(invariance=25.0)"]["seconds_count"] == "1"
    text = (folder / "table.md").read_text("utf-8")
    assert SPRING in text and "±" in text
    assert r"\begin{tabular}" in (folder / "table.tex").read_text("utf-8")


def test_report(compared):
    """Losses, cards, commands, settings, figures and the doctor's words."""
    folder, done = compared
    page = (folder / "report.html").read_text("utf-8")
    text = html.unescape(re.sub(r"<[^>]*>", "", page))
    text = text.replace("\N{ZERO WIDTH SPACE}", "")
    for words in (
        "effective rank are of all of the",
        "python -m trainers.compare",
        "--loss=vicreg",
        "mean of the negative terms",  # spring's card
        "batch_size",
        "encoders make of them agree",
    ):
        assert words in " ".join(text.split()), words
    names = {path.stem for path in (folder / "figures").glob("*.png")}
    assert names == {
        "alignment_histogram",
        "alignment_uniformity_map",
        "confusion_matrix",
        "gradient_anatomy",
        "hypersphere",
        "learning_curves",
        "tsne",
    }
    assert page.count("data:image/png;base64") >= len(names)
    assert str(folder / "report.html") in done.stdout


def test_findings_are_told():
    """What the doctor said of each run, and until when."""
    finding = {
        "epoch": 3,
        "until": 5,
        "words": "one point",
        "advice": "rest",
        "collapse": True,
    }
    entries = [
        types.SimpleNamespace(
            name=name,
            label=name,
            epochs=epochs,
            metrics=lambda: {"findings": [finding]},
        )
        for name, epochs in (("a", 5), ("b", 8))
    ]
    lasting, passing = writing.findings_of(entries)
    assert (lasting.run, lasting.epoch, lasting.advice) == ("a", 3, "rest")
    assert lasting.words == "one point"
    assert passing.words == "one point; until epoch 5"
    text = writing.lead((Column("x", "x"),), (), entries, {"c": "?"})
    assert "Collapsed at the end of training: a." in text
    assert "Broken and not in the table: c." in text


def test_ranking():
    """Who leads, by how much, and whether the seeds separate them."""

    def row(label, mean, deviation, kind="loss"):
        return Row(label, kind, {"linear_probe": Cell(mean, deviation, 3)})

    text = writing.ranking(
        [
            row("raw pixels", 30.0, None, "raw"),
            row("spring", 40.0, 1.0),
            row("nce", 59.5, 0.5),
            row("softmax", 59.0, 0.4),
        ]
    )
    assert text.startswith(
        "By the linear probe: nce 59.5 ± 0.5 %, softmax 59.0 ± 0.4 %, "
        "spring 40.0 ± 1.0 %."
    )
    assert "not separate nce from softmax (95 % interval -0.5 to 1.5)" in text
    assert "softmax is 19.0 points above spring (95 % interval 16.9" in text
    assert text.endswith("Beside them: raw pixels 30.0 %.")
    alike = writing.ranking([row("nce", 50.0, 0.0), row("spring", 44.0, 0.0)])
    assert "separate nce from spring: where all seeds" in alike
    alone = writing.ranking(
        [row("nce", 59.5, None), row("spring", 40.0, None)]
    )
    assert "nce 59.5 %, spring 40.0 %. One seed says nothing" in alone
    assert "above" not in alone


def test_what_is_finished_is_skipped(compared, command, tmp_path):
    """A second call trains only what is missing; the first runs stay."""
    folder, _ = compared
    copy = tmp_path / "table"
    shutil.copytree(folder, copy)
    (copy / "vicreg-1" / "history.csv").rmdir()
    kept = {p: p.stat().st_mtime_ns for p in copy.glob("*/metrics.json")}
    done = command(*WORDS, f"--run-dir={copy}")
    assert done.returncode == 0, done.stderr
    assert "3 of 4 runs are finished" in done.stdout
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    assert metrics_of(copy / "vicreg-1")["seed"] == 1
    # What a run beside has judged is not judged again, and is the same.
    log = (copy / "vicreg-1" / "log.txt").read_text()
    assert "untrained encoders and raw pixels as in" in log
    assert (
        metrics_of(copy / "vicreg-1")["untrained"]
        == metrics_of(copy / "spring-weighting-pairs-1")["untrained"]
    )


def test_equal_terms(tmp_path):
    """One seed, one start: weights, order and crops do not see the loss."""
    entries = plan_comparison(
        ["softmax", "triplet", "barlow_twins"],
        [3, 4],
        {"data": "shapes"},
        tmp_path,
    )
    weights, equal = {}, []
    for entry in entries:
        encoders = Stage(entry.plan, 64).encoders()
        weights.setdefault(entry.seed, []).append(
            [array for encoder in encoders for array in encoder.get_weights()]
        )
        own = {"loss": "", "seed": 0, "run_dir": ""}
        equal.append(dataclasses.replace(entry.plan.config, **own))
    assert equal.count(equal[0]) == len(entries)
    for same in weights.values():
        for other in same[1:]:
            for one, two in zip(same[0], other, strict=True):
                np.testing.assert_array_equal(one, two)
    assert np.any(weights[3][0][0] != weights[4][0][0])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"preset": "paper", "flip": False, "picture_side": 70},
        {
            "negatives": "bank(draws=7)",
            "crop": "window(small=reflect)",
            "learning_rate": 3e-4,
            "stop_on_collapse": True,
        },
    ],
)
def test_words_make_the_run(settings, tmp_path):
    """The options of a run, read again, are the run."""
    (entry,) = plan_comparison(
        ["triplet(margin=0.31)"], [5], settings | {"data": "shapes"}, tmp_path
    )
    parser = command_line.make_parser("x", "")
    command_line.add_settings(parser, PretrainConfig)
    again = make_plan(make_config(command_line.parse(parser, entry.words())))
    assert dataclasses.replace(
        again.config, preset=entry.plan.config.preset
    ) == dataclasses.replace(entry.plan.config)


def test_judged_by_others_is_not_finished(tmp_path):
    """A run that `evaluate` judged by another alpha or t is judged anew."""
    (entry,) = plan_comparison(
        ["nce"], [0], {"data": "shapes", "epochs": 3}, tmp_path
    )
    entry.run.create()
    settings = {"loss": "nce", "data": "shapes", "seed": 0, "epochs": 3}
    sphere = {"images": 4, **dict.fromkeys(verdicts.SHAPE, 1.0)}
    judged = verdicts.verdict(settings, sphere)
    for constants, finished in (({}, True), ({"t": 5.0}, False)):
        entry.run.write_json("metrics.json", judged | constants)
        assert entry.finished() is finished


def test_preset(tmp_path):
    """The paper's preset means the paper's form of each loss."""
    entries = plan_comparison(
        ["spring"], [0], {"preset": "paper", "data": "shapes"}, tmp_path
    )
    assert "pairs" in entries[0].loss
    assert entries[0].name == "spring-margin-2.0-weighting-pairs-0"


def test_folder_names():
    """Only what differs from the defaults is in the name of a folder."""
    for loss, name in (
        ("softmax(temperature=0.07)", "softmax-9"),
        ("softmax(temperature=0.5)", "softmax-temperature-0.5-9"),
        ("nce(z=mean)", "nce-z-mean-9"),
    ):
        plan = make_plan(make_config({"loss": loss, "seed": 9}))
        assert folder_name(plan) == name


def test_cells(rng):
    """Mean and sample standard deviation, against a loop."""
    values = rng.normal(size=4)
    cell = cells([{"x": value} for value in values])["x"]
    mean = sum(values) / 4
    assert cell.mean == pytest.approx(mean)
    spread = (sum((value - mean) ** 2 for value in values) / 3) ** 0.5
    assert cell.deviation == pytest.approx(spread)
    assert cells([{"x": 1.5}])["x"].deviation is None


def test_papers_table():
    """The paper's rows, as its Table 1 has them."""
    rows = {row.label: row.cells for row in paper_rows()}
    assert set(rows) == set(PAPER_TABLE)
    assert rows["softmax"]["plain_head"].mean == 48.1
    assert rows["NCE"]["uniformity"].mean == -2.636
    assert rows["triplet"]["alignment"].mean == 0.0473


def test_papers_table_beside_its_own_data():
    """Only where the data are STL-10."""

    def shown(name):
        plan = types.SimpleNamespace(data=types.SimpleNamespace(name=name))
        return writing.published([types.SimpleNamespace(plan=plan)])

    assert shown("shapes") == {}
    rows = shown("stl10")["published"]
    assert [row.label for row in rows] == list(PAPER_TABLE)


@pytest.mark.parametrize("command", [compare, search])
def test_trainings_of_one_machine(command, monkeypatch):
    """They would wait for each other's machines, ten minutes each."""
    cluster = {"worker": ["a:1", "b:1"]}
    task = {"type": "worker", "index": 0}
    config = json.dumps({"cluster": cluster, "task": task})
    monkeypatch.setenv("TF_CONFIG", config)
    for words in ([], ["--strategy=multiworker"]):
        with pytest.raises(UsageError, match="`strategy` must be one or mirr"):
            command.main([*words, "--data=shapes(size=160)"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--losses", "softmax", "tripple"], "Did you mean triplet"),
        (["--losses", "nce", "nce(temperature=0.07)"], "must be different"),
        (["--seeds", "0", "0"], "must be different"),
        (["--seeds", "one"], "a whole number"),
        (["--jobs=0"], "at least 1"),
        (["--loss=softmax"], "Did you mean --losses"),
    ],
)
def test_mistakes(words, told, command):
    """One or two plain lines on stderr, exit code 2, before any training."""
    done = command("trainers.compare", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert told in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_a_note_on_the_pictures_is_printed_once(capsys):
    """All runs have the same; how each goes is told with its name."""
    notes = set()
    for name in ("nce-0", "nce-1"):
        for line in (
            "folder:a",
            "  note: 1 of 70 test pictures stands in train too",
            "  epoch 1/2",
            "  note: no font on this machine has a",
        ):
            compare._show(name, line, 5, notes)
    assert capsys.readouterr().out.splitlines() == [
        "  note: 1 of 70 test pictures stands in train too",
        "nce-0  epoch 1/2",
        "nce-1  epoch 1/2",
    ]
