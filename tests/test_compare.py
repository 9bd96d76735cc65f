"""Comparing losses: equal terms, what is skipped, what breaks, the words."""

import contextlib
import csv
import dataclasses
import html
import io
import itertools
import json
import re
import shlex
import types

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests import verdicts
from tests.dirty.clusters import tf_config
from tests.equal_runs import check_same
from tests.here import in_this_process, ran
from tests.plain import leave_out_distortions, leave_out_what_is_not_asserted
from tests.report.conftest import table_of
from tests.tiny import NORMED
from tfcmc.cli import command_line, workers
from tfcmc.commands.compare import _show, plan_entries, train_missing
from tfcmc.comparison import drawing, rows, writing
from tfcmc.comparison.entries import Variant, folder_name, plan_variants
from tfcmc.comparison.rows import LINEAR, PAPER_TABLE
from tfcmc.comparison.tuned import interval_words, tuned_words
from tfcmc.evaluation.features import Encoded
from tfcmc.experiment import cost
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.report import Column, over_seeds
from tfcmc.report.figures import maps
from tfcmc.runs.folder import Run
from trainers import compare
from tuning import search

TINY = [
    "--data=shapes(size=160)",
    "--epochs=1",
    "--batch-size=16",
    "--evaluate=brief",
]
SPRING = "spring(margin=1.4, weighting=pairs)"
LOSSES = ("spring(weighting=pairs)", "vicreg")
WORDS = ["--losses", *LOSSES, "--seeds", "0", "1", *TINY]
WORDS += ["--encoder=paper(width=0.3)", "--side=32"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison of two seeds in which one run breaks, made twice."""
    folder = tmp_path_factory.mktemp("compared") / "table"
    # A history that is no file: a fault of the machine, found by the run.
    (folder / "vicreg-1" / "history.csv").mkdir(parents=True)
    words = [*WORDS, f"--run-dir={folder}"]
    with in_this_process(), pytest.MonkeyPatch.context() as patch:
        leave_out_what_is_not_asserted(patch)
        patch.setattr(maps, "ITERATIONS", 250)  # as few as there can be
        first = ran(compare.main, words)
        page = (folder / "report.html").read_text("utf-8")
        times = {p: p.stat().st_mtime_ns for p in folder.glob("*/metrics*")}
        patch.setattr(writing, "draw", lambda *_: ())
        again = ran(compare.main, words)
    return types.SimpleNamespace(
        folder=folder, first=first, page=page, times=times, again=again
    )


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_one_that_breaks(compared):
    """It is told with its reason; the others are all there."""
    code, printed, _ = compared.first
    assert code == 1
    (line,) = [n for n in printed.splitlines() if "FAILED" in n]
    assert line.startswith("vicreg-1") and "Is a directory" in line
    finished = sorted(path.parent.name for path in compared.times)
    names = ["spring-weighting-pairs-0", "spring-weighting-pairs-1"]
    assert finished == [*names, "vicreg-0"]
    assert "Broken and not in the table: vicreg-1." in compared.page


def test_what_is_finished_is_skipped(compared):
    """A second call trains only what is missing; the first runs stay."""
    code, printed, _ = compared.again
    assert code == 1 and printed.count("FAILED") == 1
    assert printed.startswith("3 of 4 runs are finished\n")
    for path, time in compared.times.items():
        assert path.stat().st_mtime_ns == time
    names = ("spring-weighting-pairs-0", "vicreg-0")
    first, beside = (metrics_of(compared.folder / name) for name in names)
    # What a run beside has judged is not judged again, and is the same.
    assert beside["untrained"] == first["untrained"]


def test_table(compared):
    """Means and deviations over the seeds, and the controls."""
    folder = compared.folder
    with open(folder / "table.csv", newline="", encoding="utf-8") as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert list(rows) == [
        "raw pixels",
        "untrained encoders",
        SPRING,
        "vicreg(invariance=25.0)",
    ]
    runs = [folder / f"spring-weighting-pairs-{seed}" for seed in (0, 1)]
    spring = [metrics_of(run) for run in runs]
    untrained = [metrics["untrained"] for metrics in spring]
    for label, both in ((SPRING, spring), ("untrained encoders", untrained)):
        found = {
            "linear_probe": [
                100 * m["linear_probe"]["accuracy"] for m in both
            ],
            "knn": [100 * m["knn"]["accuracy"] for m in both],
            "uniformity": [m["sphere"]["uniformity"] for m in both],
        }
        if label == SPRING:
            found["seconds"] = []
            for run in runs:
                with open(run / "history.csv", newline="") as file:
                    spent = [float(r["seconds"]) for r in csv.DictReader(file)]
                found["seconds"].append(sum(spent))
        for column, values in found.items():
            row = rows[label]
            assert float(row[column]) == pytest.approx(np.mean(values))
            assert float(row[f"{column}_deviation"]) == pytest.approx(
                np.std(values, ddof=1)
            )
            assert row[f"{column}_count"] == "2"
    text = (folder / "table.md").read_text("utf-8")
    assert SPRING in text and "±" in text
    assert r"\begin{tabular}" in (folder / "table.tex").read_text("utf-8")


def test_table_without_labels(compared):
    """Means of what each run measured, beside untrained encoders."""
    folder = compared.folder
    with open(folder / "without_labels.csv", encoding="utf-8") as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert list(rows)[:2] == ["untrained encoders", SPRING]
    runs = [folder / f"spring-weighting-pairs-{seed}" for seed in (0, 1)]
    found = [metrics_of(run) for run in runs]
    for label, kind in ((SPRING, None), ("untrained encoders", "untrained")):
        for name in ("lidar", "alpha_req", "nesum", "retrieval_at_5"):
            values = [(m[kind] if kind else m)["sphere"][name] for m in found]
            assert float(rows[label][name]) == pytest.approx(np.mean(values))
    assert "Without labels" in compared.first[1]
    assert 'id="without-labels"' in compared.page
    history = (runs[0] / "history.csv").read_text()
    assert {"lidar", "modality_gap"} <= set(history.split("\n")[0].split(","))


def test_agreement_without_labels():
    """How measures without labels rank what was trained, by the probe."""
    probed = {"a": 10.0, "b": 30.0, "c": 20.0, "d": 40.0}
    lidar = {"a": 1.0, "b": 3.0, "c": 4.0, "d": 9.0}
    slope = {"a": 0.2, "b": 0.9, "c": 1.4, "d": 1.05}
    gap = {"a": 0.9, "b": 0.1, "c": 0.5, "d": 0.5}
    records = [
        {
            "label": label,
            "kind": "loss",
            "linear_probe": probed[label],
            "lidar": lidar[label],
            "alpha_req": slope[label],
            "nesum": 2.0,
            "modality_gap": gap[label],
        }
        for label in probed
    ]
    records.append({**records[0], "label": "untrained", "kind": "untrained"})
    columns = (rows.LINEAR, *rows.WITHOUT_LABELS)
    found = rows.agreement(over_seeds(columns, records))
    assert found == {
        "LiDAR": pytest.approx(0.8),
        "distance of alpha-ReQ from 1": pytest.approx(1.0),
        "modality gap": pytest.approx(
            -spearmanr([*gap.values()], [*probed.values()]).statistic
        ),
    }
    assert rows.agreement(over_seeds(columns, records[:2])) == {}


def test_report(compared):
    """Losses, cards, commands, settings, figures and the doctor's words."""
    folder = compared.folder
    text = html.unescape(re.sub(r"<[^>]*>", "", compared.page))
    for words in (
        "effective rank are of all of the",
        "tfcmc compare",
        "--loss=vicreg",
        "mean of the negative terms",  # spring's card
        "batch_size",
        "encoders make of them agree",
        "Equal was the number of epochs: 1 epoch each",
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
    assert compared.page.count("data:image/png;base64") == len(names)
    assert str(folder / "report.html") in compared.first[1]


@pytest.fixture(scope="module")
def methods(tmp_path_factory):
    """A comparison of two methods: the folder, and what was printed."""
    folder = tmp_path_factory.mktemp("methods") / "table"
    words = ["--presets", "paper", "simclr", "--seeds", "0", *TINY]
    words[words.index("--epochs=1")] = "--budget=0.02min"
    words += [f"--encoder={NORMED}", "--side=32", f"--run-dir={folder}"]
    with in_this_process(), pytest.MonkeyPatch.context() as patch:
        leave_out_distortions(patch)
        leave_out_what_is_not_asserted(patch)
        patch.setattr(writing, "draw", lambda *_: ())
        # Twelve steps fit, of a second and a fifth.
        patch.setattr(cost, "seconds_a_step", lambda *_: 0.1)
        first = ran(compare.main, words)
        patch.setattr(cost, "seconds_a_step", lambda *_: 0.2)
        again = ran(compare.main, words)
    assert (first[0], again[0]) == (0, 0), first[1:]
    return folder, first[1], again[1]


def test_methods_are_compared(methods):
    """A row a preset; controls of those with equal views and encoders."""
    folder, printed, again = methods
    assert again.startswith("2 of 2 runs are finished\n")
    assert {path.parent.name for path in folder.glob("*/metrics.json")} == {
        "paper-0",
        "simclr-0",
    }
    with open(folder / "table.csv", newline="", encoding="utf-8") as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert float(rows["simclr"]["seen"]) == 12 * 16 / 1000
    # Those of raw pixels may be right of as many pictures in both views.
    assert [label for label in rows if not label.startswith("raw")] == [
        "untrained encoders of paper",
        "untrained encoders of simclr",
        "paper",
        "simclr",
    ]
    page = (folder / "report.html").read_text("utf-8")
    text = " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())
    for words in (
        "Methods on shapes(size=160, seed=0), 0.02min of training",
        "Results, a row a method",
        "All methods learnt from the same pictures",
        "Equal was the time, 0.02min of training each",
        "recipe: ResNet-50",
        "--preset=simclr",
    ):
        assert words in text, words
    assert "By the linear probe: " in printed


def test_controls_that_are_the_same():
    """Told once; those of other views beside the rows they are of."""

    def entry(label, seed, accuracy):
        judged = {"knn": {"accuracy": accuracy}}
        return types.SimpleNamespace(
            label=label, seed=seed, metrics=lambda: {"untrained": judged}
        )

    def told(*entries):
        found = rows._controls(entries, "untrained", "before", "untrained")
        return [(each["label"], each["knn"]) for each in found]

    one = [entry("a", 0, 0.5), entry("a", 1, 0.6), entry("b", 1, 0.6)]
    assert told(*one) == [("before", 50.0), ("before", 60.0)]
    other = entry("c", 1, 0.25)
    assert told(*one, other) == [
        ("before of a, b", 50.0),
        ("before of a, b", 60.0),
        ("before of c", 25.0),
    ]


def test_controls_of_other_extents(rng):
    """Those judged briefly are the same, and have some of the numbers."""
    shares = rng.uniform(size=(2, 3))

    def entry(label, seed, *probes, apart=0.0):
        judged = {
            name: {"accuracy": shares[seed, place] + apart}
            for place, name in enumerate(("linear_probe", "knn", "mlp_head"))
            if name in probes
        }
        return types.SimpleNamespace(
            label=label, seed=seed, metrics=lambda: {"raw_pixels": judged}
        )

    brief, full = ("linear_probe", "knn"), ("linear_probe", "knn", "mlp_head")
    entries = [
        entry("a", 0, *brief),
        entry("a", 1, *brief),
        entry("b", 0, *full),
        entry("c", 1, *full),
    ]
    found = list(rows._controls(entries, "raw_pixels", "raw pixels", "raw"))
    assert [each["label"] for each in found] == ["raw pixels"] * 2
    for each, wanted in zip(found, 100 * shares, strict=True):
        assert [each[name] for name in full] == pytest.approx(list(wanted))
    other = entry("d", 0, *brief, apart=0.01)
    found = list(rows._controls([*entries, other], "raw_pixels", "raw", "raw"))
    labels = ["raw of a, b, c", "raw of a, b, c", "raw of d"]
    assert [each["label"] for each in found] == labels


def test_a_loss_looks_alike_in_all_figures(monkeypatch):
    """The figure of gradients knows of those that it cannot draw, too."""
    labels = ["vicreg", "softmax"]
    entries = [
        types.SimpleNamespace(
            label=label, seed=2, name=f"{label}-2", run=None, plan=label,
            metrics=lambda: {"uniformity": -2.0},
        )
        for label in labels
    ]  # fmt: skip
    panel = types.SimpleNamespace(names=("rgb",), confusion=None)
    panel.encoded = Encoded(([0, 1],), ([0, 1],))
    monkeypatch.setattr(drawing, "read_panel", lambda *_: panel)
    monkeypatch.setattr(drawing, "trace_of", lambda *_: None)
    monkeypatch.setattr(drawing, "_judged", lambda entry: None)
    weighed = {"vicreg": None, "softmax": ([0.5], [1.0])}
    monkeypatch.setattr(drawing, "weigh", lambda plan, _: weighed[plan])
    *_, (name, _, curves, told) = drawing._figures(entries, ())
    assert name == "gradient_anatomy" and curves == [("softmax", [0.5], [1.0])]
    assert told["labels"] == labels
    assert "not one by one: vicreg" in told["note"]


def test_findings_are_told():
    """What the doctor said of each run, and until when."""
    finding = {"epoch": 3, "until": 5, "words": "one point", "advice": "rest"}
    judged = {"findings": [finding | {"collapse": True}]}
    entries = [
        types.SimpleNamespace(
            name=name, label=name, epochs=epochs, metrics=lambda: judged
        )
        for name, epochs in (("a", 5), ("b", 8))
    ]
    told = [dataclasses.astuple(each) for each in writing.findings_of(entries)]
    assert told == [
        ("a", 3, "one point", "rest"),
        ("b", 3, "one point; until epoch 5", "rest"),
    ]
    table = table_of([("a", "loss", {})], (Column("x", "x"),))
    assert list(writing.lead(table, entries, {"c": "?"})) == [
        "Collapsed at the end of training: a.",
        "Broken and not in the table: c.",
    ]
    (text,) = writing.lead(table, [], {})
    assert text == "The data have no labels: there is no probe."


def accuracies(rows):
    """A table of the linear probe: label to mean and spread of three seeds."""
    kinds = {"raw pixels": "raw"}
    cells = [
        (label, kinds.get(label, "loss"), {LINEAR.key: (*cell, 3)})
        for label, cell in rows.items()
    ]
    return table_of(cells, (LINEAR,))


def test_ranking():
    """Who leads, by how much, and whether the seeds separate them."""
    losses = {"spring": (40, 1), "nce": (59.5, 0.5), "softmax": (59, 0.4)}
    text = writing.ranking(accuracies({"raw pixels": (30, None)} | losses))
    assert text.startswith(
        "By the linear probe: nce 59.5 ± 0.5 %, softmax 59.0 ± 0.4 %, "
        "spring 40.0 ± 1.0 %."
    )
    assert "not separate nce from softmax (95 % interval -0.5 to 1.5)" in text
    assert "softmax is 19.0 points above spring (95 % interval 16.9" in text
    assert text.endswith("Beside them: raw pixels 30.0 %.")
    alike = accuracies({"nce": (50, 0), "spring": (44, 0)})
    told = "separate nce from spring: where all seeds"
    assert told in writing.ranking(alike)
    # What is told apart is not told as 0.
    near = accuracies({"nce": (50.04, 0.004), "spring": (50, 0.004)})
    assert "nce is 0.04 points above spring (95 % interval 0.03 to 0.05)" in (
        writing.ranking(near)
    )
    assert interval_words((-0.03, 3.1)) == " (95 % interval -0.03 to 3.1)"
    assert interval_words((0.0, 1e-9)) == " (95 % interval 0.0 to 0.0)"
    alone = accuracies({"nce": (59.5, None), "spring": (40, None)})
    text = writing.ranking(alone)
    told = "nce 59.5 %, spring 40.0 %. One seed says nothing of the spread."
    assert told in text
    assert "above" not in text


def test_ranking_of_one_seed_beside_others():
    """A row of which all other seeds broke silences no others."""
    losses = {"nce": (59.5, 0.5), "vicreg": (59, None), "triplet": (48, None)}
    losses = losses | {"softmax": (58.5, 0.4), "spring": (40, 1)}
    text = writing.ranking(accuracies({"raw pixels": (30, None)} | losses))
    assert (
        "vicreg 59.0 %, softmax 58.5 ± 0.4 %, triplet 48.0 %, spring" in text
    )
    assert "not separate nce from softmax (95 % interval" in text
    assert "softmax is 18.5 points above spring (95 % interval" in text
    assert text.endswith(
        "One seed says nothing of the spread of vicreg and triplet. "
        "Beside them: raw pixels 30.0 %."
    )


NCE, SPRINGS = PAIRS = (
    ("nce(a=1)", "nce(a=2), tuned"),
    ("spring(m=1)", "spring(m=3), tuned"),
)


def told_of_tuning(deviation, *means, pairs=PAIRS):
    """The words for two losses: each at its defaults, then tuned."""
    cells = zip(means, [deviation] * 4, strict=True)
    table = accuracies(dict(zip(NCE + SPRINGS, cells, strict=True)))
    return tuned_words(pairs, table)


@pytest.mark.parametrize(
    ("means", "upper"),
    [
        ((60, 61, 50, 70), "nce"),
        ((50, 70, 60, 61), "spring"),
        ((60, 61, 50, 62.5), None),  # tuned, 1.5 apart: within 2.3
        ((60, 61, 58.5, 70), None),  # at the defaults, 1.5 apart
        ((60, 70, 50, 61), None),
    ],
)
def test_tuning_changes_the_ranking(means, upper):
    """It does where both orders are beyond chance, and differ."""
    text = told_of_tuning(1, *means)
    if upper is None:
        assert "changes no place" in text
        return
    high, low = PAIRS if upper == "nce" else PAIRS[::-1]
    told = f"{low[0]} is below {high[0]}, and {low[1]} above {high[1]}."
    assert (
        f"changes the ranking, beyond what the seeds explain: {told}" in text
    )


def test_what_tuning_gains():
    """Beyond or within chance; nothing of a spread that is not known."""
    text = told_of_tuning(1, 60, 61.5, 50, 46)
    assert "1.5 points above its defaults (95 % interval -0.8 to 3.8)" in text
    assert "4.0 points below its defaults (95 % interval -6.3 to -1.7)" in text
    assert "), within what" in text and "), beyond what" in text
    alone = told_of_tuning(None, 60, 61.5, 50, 70)
    assert "beyond" not in alone and "One seed has no spread" in alone
    same = ((NCE[0], NCE[0]), SPRINGS)
    text = told_of_tuning(1, 60, 61.5, 50, 46, pairs=same)
    assert "nce(a=1) was best at its defaults." in text


def planned(folder, *losses, seeds=(0,), **settings):
    """Plans a comparison on the embedded shapes."""
    rows = [
        Variant({"data": "shapes"} | settings | {"loss": n}) for n in losses
    ]
    return plan_variants(rows, seeds, folder)


def test_equal_terms(tmp_path):
    """One seed, one start: weights, order and crops do not see the loss."""
    losses = ("softmax", "triplet", "barlow_twins")
    weights, configs = {}, []
    for entry in planned(tmp_path, *losses, seeds=(3, 4)):
        branches = Architecture(entry.plan, 64).branches().values()
        arrays = [array for each in branches for array in each.get_weights()]
        own = {"loss": "", "seed": 0, "run_dir": ""}
        configs.append(dataclasses.replace(entry.plan.config, **own))
        first = weights.setdefault(entry.seed, arrays)
        check_same(first, arrays)
    assert configs.count(configs[0]) == 6
    assert np.any(weights[3][0] != weights[4][0])


def test_a_run_elsewhere_says_nothing(tmp_path, monkeypatch):
    """Steps that another run's time came to are not those of these."""
    monkeypatch.chdir(tmp_path)
    run = Run("runs/shapes-softmax-0")
    run.create()
    plan = make_plan(make_config({"data": "shapes", "budget": "2min"}))
    settings = dataclasses.asdict(plan.config)
    run.write_json("config.json", settings | {"steps": 4000, "epochs": 50})
    entries = planned(tmp_path / "all", "softmax", "nce", budget="2min")
    assert [entry.plan.config.steps for entry in entries] == [None, None]
    other = planned("runs", "softmax", budget="2min", data="shapes(size=100)")
    assert other[0].epochs is None
    (tmp_path / "all").mkdir()
    run.folder.rename(tmp_path / "all" / "softmax-0")
    entries = planned(tmp_path / "all", "softmax", budget="2min")
    assert entries[0].plan.config.steps == 4000


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ({}, "At each seed all losses started from the same weights"),
        ({"controls_key": "b"}, "NOT EQUAL"),
        ({"controls_key": "b", "evaluate": "brief"}, "is not known"),
        ({"controls_key": "b", "versions": {"tfcmc": "9"}}, "is not known"),
    ],
)
def test_whether_all_started_alike(second, told):
    """Only what was judged alike has keys that tell."""
    first = {"controls_key": "a", "versions": {"tfcmc": "1"}}
    entries = [
        types.SimpleNamespace(
            seed=3, named_by=("loss",), metrics=lambda found=found: found
        )
        for found in (first, first | second)
    ]
    assert told in writing._start_words(entries)


def test_commands_are_for_a_shell(tmp_path):
    """Whatever the folder is called."""
    folder = tmp_path / "it's a folder"
    entry = types.SimpleNamespace(
        run=Run(folder / "nce-1"), label="nce", seed=1, command=lambda: "one"
    )
    found = writing.commands_of([entry], "all")
    shown = found.pop("In TensorBoard")
    assert shlex.split(shown) == ["tensorboard", f"--logdir={folder}"]
    assert found == {"The whole comparison": "all", "nce, seed 1": "one"}


def test_versions_of_all_runs():
    """Those that differ are all told, in the order of the runs."""
    entries = [
        types.SimpleNamespace(metrics=lambda found=found: {"versions": found})
        for found in (
            {"tfcmc": "0.3.0", "keras": "3.15.1"},
            {"tfcmc": "0.2.0", "keras": "3.15.1", "tensorflow": "2.21.0"},
            {"tfcmc": "0.3.0", "keras": "3.15.1"},
            {"tfcmc": "0.4.0"},
        )
    ]
    assert writing.versions_of(entries) == {
        "tfcmc": "0.3.0, 0.2.0 and 0.4.0",
        "keras": "3.15.1",
        "tensorflow": "2.21.0",
    }


@pytest.mark.parametrize(
    ("floors", "told"),
    [
        ((-3.9312, -3.9312, -3.9344), "is -3.93 on an evenly covered"),
        (
            (-3.862, -3.969, -3.5207),
            "is from -3.97 to -3.52, by the dimensions of the embeddings, on",
        ),
    ],
)
def test_floors_of_all_runs(floors, told):
    """Runs whose embeddings have other dimensions have another floor."""
    entries = []
    for seed, floor in enumerate(floors):
        known = {"loss": "nce", "data": "shapes", "seed": seed, "epochs": 2}
        sphere = {"images": 16, **dict.fromkeys(verdicts.SHAPE, 0.5)}
        found = verdicts.verdict(known, sphere)
        found["floors"]["uniformity_uniform_sphere"] = floor
        found["versions"] = {"tfcmc": "1"}
        entries.append(
            types.SimpleNamespace(
                seed=seed,
                named_by=("loss",),
                plan=types.SimpleNamespace(config=PretrainConfig(epochs=2)),
                metrics=lambda found=found: found,
            )
        )
    (words,) = (n for n in writing.notes_of(entries) if "evenly" in n)
    assert words.startswith(f"Uniformity {told}")
    assert words.endswith("and 2 for unrelated views (at alpha 2).")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"preset": "paper", "flip": False, "picture_side": 70},
        {"preset": "simclr", "batch_size": 64},
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
    (entry,) = planned(
        tmp_path, "triplet(margin=0.31)", seeds=(5,), **settings
    )
    parser = command_line.make_parser("x", "")
    command_line.add_settings(parser, PretrainConfig)
    again = make_plan(make_config(command_line.parse(parser, entry.words())))
    preset = entry.plan.config.preset
    assert dataclasses.replace(again.config, preset=preset) == (
        entry.plan.config
    )


def planned_by(tmp_path, *words):
    """The entries of the words of a command."""
    parser = command_line.make_parser("x", "")
    for name in ("losses", "presets"):
        parser.add_argument(f"--{name}", nargs="+")
    command_line.add_settings(parser, PretrainConfig, but=("loss", "seed"))
    given = command_line.parse(parser, [*words, f"--run-dir={tmp_path}"])
    return plan_entries(given | {"seeds": [3]})[0]


def test_rows_of_presets(tmp_path):
    """Named by the preset, by the loss in it, or by both."""
    both = planned_by(tmp_path, "--presets", "simclr", "vicreg")
    assert [entry.label for entry in both] == ["simclr", "vicreg"]
    assert [entry.name for entry in both] == ["simclr-3", "vicreg-3"]
    assert "--preset=simclr" in both[0].words()
    assert not any(word.startswith("--loss") for word in both[0].words())
    framed = planned_by(
        tmp_path, "--preset=simclr", "--losses", "triplet", "nt_xent"
    )
    assert [n.label for n in framed] == [
        "triplet(margin=0.2)",
        "nt_xent(temperature=0.1)",
    ]
    assert {n.plan.config.head for n in framed} == {both[0].plan.config.head}
    product = planned_by(
        tmp_path, "--presets", "simclr", "vicreg", "--losses", "triplet"
    )
    assert [n.label for n in product] == [
        "simclr, triplet(margin=0.2)",
        "vicreg, triplet(margin=0.2)",
    ]
    assert product[0].name == "simclr-triplet-3"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--presets", "simclr", "simclr"],
            "`presets` and `seeds` must be different. Received twice: "
            "simclr-3",
        ),
        (
            ["--presets", "paper", "simclr"],
            "`epochs` must be given where presets have different ones. "
            "Received: '18 and 100'",
        ),
        (
            ["--presets", "simclr", "--preset=paper"],
            "`preset` must be left out with --presets. Received: 'paper'",
        ),
        (
            ["--losses", "nce", "nce"],
            "`losses` and `seeds` must be different. Received twice: nce-3",
        ),
    ],
)
def test_rows_that_are_refused(words, told, tmp_path):
    """In one line."""
    with pytest.raises(UsageError) as caught:
        planned_by(tmp_path, *words)
    assert str(caught.value) == told


def test_judged_by_others_is_not_finished(tmp_path):
    """A run that `evaluate` judged by another alpha or t is judged anew."""
    (entry,) = planned(tmp_path, "nce", epochs=3)
    entry.run.create()
    settings = {"loss": "nce", "data": "shapes", "seed": 0, "epochs": 3}
    sphere = {"images": 4, **dict.fromkeys(verdicts.SHAPE, 1.0)}
    judged = verdicts.verdict(settings, sphere)
    for constants, finished in (({}, True), ({"t": 5.0}, False)):
        entry.run.write_json("metrics.json", judged | constants)
        assert entry.finished() is finished


def test_folder_names():
    """What differs from the defaults; the paper's preset means its losses."""
    for settings, name in (
        ({"loss": "softmax(temperature=0.07)"}, "softmax-9"),
        ({"loss": "softmax(temperature=0.5)"}, "softmax-temperature-0.5-9"),
        ({"loss": "nce(z=mean)"}, "nce-z-mean-9"),
        (
            {"loss": "spring", "preset": "paper"},
            "spring-margin-2.0-weighting-pairs-9",
        ),
    ):
        plan = make_plan(make_config(settings | {"seed": 9}))
        assert folder_name(plan, Variant(settings)) == name


def test_papers_table():
    """Its Table 1, only beside the data that it is of."""

    def shown(name):
        plan = types.SimpleNamespace(data=types.SimpleNamespace(name=name))
        finished = [types.SimpleNamespace(plan=plan)]
        return list(writing.more_tables(finished, None))

    assert shown("shapes") == []
    frame = shown("stl10")[0].table.frame
    assert list(frame.index) == list(PAPER_TABLE)
    assert frame.at["softmax", "plain_head"] == 48.1
    assert frame.at["NCE", "uniformity"] == -2.636
    assert frame.at["triplet", "alignment"] == 0.0473


@pytest.mark.parametrize("command", [compare, search])
def test_trainings_of_one_machine(command, monkeypatch):
    """They would wait for each other's machines, ten minutes each."""
    monkeypatch.setenv("TF_CONFIG", tf_config("a:1", "b:1"))
    for words in ([], ["--strategy=multiworker"]):
        with pytest.raises(UsageError, match="`strategy` must be one or mirr"):
            command.main([*words, "--data=shapes(size=160)"])


def endings(monkeypatch, folder, count, jobs, *limits):
    """What is told of time as runs of ten minutes end."""
    now = [50.0]
    clock = types.SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("tfcmc.commands.compare.time", clock)

    def run_all(asked, *, at_once, show):
        """Ends as many jobs as run at once, ten minutes later."""
        while batch := list(itertools.islice(asked, at_once)):
            now[0] += 600
            for job in batch:
                yield workers.Ended(job, 1, "it broke")

    monkeypatch.setattr(workers, "run_all", run_all)
    entries = [
        types.SimpleNamespace(
            name=f"nce-{seed}",
            finished=lambda: False,
            words=lambda: (),
            run=Run(folder / f"nce-{seed}"),
        )
        for seed in range(count)
    ]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        train_missing(entries, jobs, *limits)
    return [
        line.partition("log.txt)")[2]
        for line in printed.getvalue().splitlines()
    ]


def test_time_that_is_left(monkeypatch, tmp_path):
    """What runs beside the first to end does not take its time again."""
    told = endings(monkeypatch, tmp_path, 6, 1)
    assert told[0] == "; 5 to go, 50:00"
    assert told[-2:] == ["; 1 to go, 10:00", ""]
    told = endings(monkeypatch, tmp_path, 12, 4)
    assert told[0] == "; 11 to go, 20:00" and told[3] == "; 8 to go, 20:00"
    assert told[11] == "" and len(told) == 12
    assert endings(monkeypatch, tmp_path, 2, 9)[0] == "; 1 to go, 0:00"


def test_time_that_a_limit_leaves(monkeypatch, tmp_path):
    """Nothing is told of time that no run will have."""
    asked = []

    def begun(entry):
        """All but one, and then only what ends by 25 minutes."""
        asked.append(entry.name)
        return entry.name in ("nce-0", "nce-2")

    told = endings(monkeypatch, tmp_path, 5, 1, begun, 50.0 + 1500)
    assert told == [
        "; at most 4 to go, in the 15:00 that are left",
        "; at most 2 to go, in the 5:00 that are left",
    ]
    assert len(asked) == 5
    late = endings(monkeypatch, tmp_path, 3, 1, lambda entry: True, 100.0)
    assert late[0] == "; at most 2 to go, in the 0:00 that are left"
    early = endings(monkeypatch, tmp_path, 3, 1, lambda entry: True, 9e3)
    assert early[0] == "; 2 to go, 20:00"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--losses", "softmax", "tripple"], "Did you mean triplet"),
        (["--losses", "nce", "nce(temperature=0.07)"], "must be different"),
        (["--seeds", "0", "0"], "must be different"),
        (["--seeds", "one"], "a whole number"),
        (["--jobs=0"], "at least 1"),
        (["--loss=softmax"], "Did you mean --losses"),
        (["--evaluate=none"], "`evaluate` must be full, probes or brief"),
    ],
)
def test_mistakes(words, told, refused):
    """In one or two plain lines, before any training."""
    assert told in refused(compare.main, *words)


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
            _show(name, line, 5, notes)
    assert capsys.readouterr().out.splitlines() == [
        "  note: 1 of 70 test pictures stands in train too",
        "nce-0  epoch 1/2",
        "nce-1  epoch 1/2",
    ]
