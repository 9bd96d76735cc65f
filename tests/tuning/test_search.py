"""A search that trains: killed, gone on with, refused, judged, compared."""

import contextlib
import csv
import dataclasses
import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from tests import plain
from tests.conftest import ROOT
from tests.here import Killed, in_this_process
from tfcmc.comparison import drawing
from tfcmc.data import Source, Split
from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.validation import choose_on_validation
from tfcmc.encoders import save_encoder
from tfcmc.evaluation.label_free import MEASURES
from tfcmc.experiment import artifacts, pretrain
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.locks import held
from tfcmc.runs.folder import Run
from tfcmc.runs.record import identity_of, read_metrics, read_settings
from tfcmc.searches import processes, study
from tfcmc.searches.distributed import NAMES
from tfcmc.searches.ranking import open_search, scores_of
from tfcmc.searches.records import (
    Trial,
    read_search,
    read_trials,
    trial_folder,
    write_record,
)
from tfcmc.searches.rounds import record
from tfcmc.searches.study import plan_search, settled, with_objective
from tfcmc.searches.trial import go_on_from
from trainers import compare, evaluate
from tuning import report, search

TINY = ["--data=shapes(size=160)", "--epochs=1", "--batch-size=16"]
TINY += ["--encoder=paper(width=0.3)", "--side=32"]
# One of the three has more pictures a batch than there are.
WORDS = [*TINY, "--loss=softmax(temperature=0.07)", "--tuner=random"]
WORDS += ["--space=batch_size=32|64|4096", "--seed=4", "--trials=3"]
LABEL_FREE = {"alignment_uniformity": -2.0, "effective_rank": 30.0}
LABEL_FREE |= dict.fromkeys(MEASURES, 1.5)


@pytest.fixture(scope="module", autouse=True)
def little():
    """Nothing is traced to train, and probes have little to choose among."""
    with pytest.MonkeyPatch.context() as patch:
        plain.leave_out_what_is_not_asserted(patch)
        yield


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search that was killed in its second trial and then went on."""
    folder = tmp_path_factory.mktemp("search") / "tune"
    words = [*WORDS, f"--run-dir={folder}"]
    with in_this_process(killed_at=1), pytest.raises(Killed):
        search.main(words)
    left = [path.parent.name for path in folder.glob("trials/*/trial.json")]
    assert left == ["0000"]
    printed = pathlib.Path(folder, "printed.txt")
    with open(printed, "w") as file, contextlib.redirect_stdout(file):
        with in_this_process():
            search.main(words)
    return folder, printed.read_text()


def test_killed_and_gone_on(searched):
    """Each trial is run once; one that fails has its reason in a line."""
    folder, out = searched
    trials = read_trials(folder)
    assert "\ntrial 0: " not in out and "\ntrial 2: " in out
    assert sorted(t.values["batch_size"] for t in trials) == [32, 64, 4096]
    assert read_search(folder).objective == "least_probe"
    (failed,) = [trial for trial in trials if trial.status == "failed"]
    assert failed.values["batch_size"] == 4096
    assert "number of pictures to learn from, 160" in failed.reason
    assert f"failed: {failed.reason}" in out
    for trial in trials:
        if trial != failed:
            probes = {"linear_probe", "knn"}
            wanted = {"least_probe", *probes, *LABEL_FREE}
            assert trial.scores.keys() == wanted
            least = min(trial.scores[name] for name in probes)
            assert trial.scores["least_probe"] == least


def test_run_folders(searched):
    """Trials are runs like any other, judged briefly and on validation."""
    folder, _ = searched
    done = [t.number for t in read_trials(folder) if t.status == "done"]
    runs = [folder / "default", *(trial_folder(folder, n) for n in done)]
    controls = set()
    for run in runs:
        metrics = json.loads((run / "metrics.json").read_text())
        assert metrics["judged_on"] == "validation"
        assert {"linear_probe", "knn"} < metrics.keys()
        assert "mlp_head" not in metrics and "L" not in metrics["knn"]
        controls.add(metrics["controls_key"])
        labels = np.load(run / "embedded.npz")["labels"]
        assert len(labels) == 160  # all of the train part
        assert list(run.glob("tensorboard/events*"))
        assert list(run.glob("tensorboard/verdict/*hparams*"))
        assert not list(run.glob("figures/*"))
    assert len(controls) == 1
    log = (runs[1] / "log.txt").read_text()
    assert "untrained encoders and raw pixels as in" in log


def test_evaluate_a_trial(searched, tmp_path, capsys, monkeypatch):
    """All probes, on the validation part still; by other constants.

    The history keeps its own: neither the doctor nor a figure mixes them, and
    reports of the search refuse the mixture.
    """
    folder, _ = searched
    run = tmp_path / "default"
    shutil.copytree(folder / "default", run)
    before = json.loads((run / "metrics.json").read_text())
    for name in ("tsne", "control_maps", "tsne_map"):  # what takes long
        monkeypatch.setattr(artifacts.figures, name, lambda *_, **__: None)
    evaluate.main([str(run), "--alpha=1", "--t=5"])
    after = json.loads((run / "metrics.json").read_text())
    assert after["judged_on"] == "validation"
    out = capsys.readouterr().out
    assert "validation accuracy, %" in out
    assert "measured with alpha 2 and t 2" in " ".join(out.split())
    assert (after["alpha"], after["t"]) == (1.0, 5.0)
    assert after["findings"] == before["findings"]
    assert after["floors"]["alignment_unrelated_views"] == 2**0.5
    drawn = {path.stem for path in run.glob("figures/*.png")}
    assert "hypersphere" in drawn
    assert not drawn & {"alignment_uniformity_map", "learning_curves"}
    shutil.copy(folder / "search.json", tmp_path)
    with pytest.raises(UsageError, match="their own alpha and t"):
        report.main([str(tmp_path)])
    for name in ("linear_probe", "knn"):
        assert after[name]["accuracy"] == before[name]["accuracy"]
    assert "mlp_head" in after


@pytest.fixture(scope="module")
def judged(searched, tmp_path_factory):
    """The best trial and the defaults, judged on test by `evaluate`."""
    folder = tmp_path_factory.mktemp("judged")
    verdict = json.loads((searched[0] / "verdict.json").read_text())
    size = verdict["values"]["batch_size"]
    runs = {
        "default": (folder / "softmax-4", searched[0] / "default"),
        "winner": (
            folder / f"softmax-batch_size-{size}-4",
            trial_folder(searched[0], verdict["trial"]),
        ),
    }
    for run, source in runs.values():
        shutil.copytree(source, run)
        judge_on_test(Run(run))
        evaluate.main([str(run), "--evaluate=brief"])
    return folder, {name: run for name, (run, _) in runs.items()}


def judge_on_test(run):
    """Makes a run another one, judged on test, with the same encoders."""
    config, identity = read_settings(run), identity_of(run)
    for settings in (config, identity["settings"]):
        settings["judge_on"] = "test"
    run.write_json("config.json", config)
    run.write_json("identity.json", identity)
    for path in run.encoders.iterdir():
        save_encoder(path, keras.models.load_model(path), identity)


def test_verdict(searched, judged, capsys, monkeypatch):
    """What `evaluate` measures on the test part; and never a second time."""
    folder, _ = searched
    verdict = json.loads((folder / "verdict.json").read_text())
    assert verdict["judged_on"] == "test" and verdict["before"] == []
    for name, run in judged[1].items():
        metrics = json.loads((run / "metrics.json").read_text())
        found = verdict[name]
        assert found["encoders_sha256"] == metrics["encoders_sha256"]
        for probe in ("linear_probe", "knn"):
            accuracy = metrics[probe]["accuracy"]
            assert found[probe]["accuracy"] == accuracy
            low, high = found[probe]["interval"]
            assert low < accuracy < high
        assert found["alignment"] == pytest.approx(metrics["alignment"])
        assert found["uniformity"] == pytest.approx(metrics["uniformity"])

    def refuse(*parts):
        raise RuntimeError(f"the test part is read again: {parts}")

    monkeypatch.setattr("tfcmc.searches.verdict.judge_winner", refuse)
    report.main([str(folder)])
    assert "On the test pictures" in capsys.readouterr().out
    assert json.loads((folder / "verdict.json").read_text()) == verdict
    changed = verdict | {"trial": 99}
    (folder / "verdict.json").write_text(json.dumps(changed))
    with pytest.raises(RuntimeError, match="read again"):
        report.main([str(folder)])
    (folder / "verdict.json").write_text(json.dumps(verdict))


@pytest.mark.parametrize("labelled", [True, False])
def test_what_chooses_without_labels_is_told(
    labelled, tmp_path, monkeypatch, capsys
):
    """That it chose no better than chance; nothing where probes choose."""
    probes = {"least_probe": 0.5} if labelled else {}
    monkeypatch.setattr(
        study, "run_default", lambda *_: (probes | LABEL_FREE, None)
    )
    wanted, config, _ = plan_search({"data": "shapes(size=100)"})
    wanted = study._train_default(wanted, config, tmp_path)
    told = capsys.readouterr().out
    assert ("chose no better than chance" in told) is not labelled
    assert (wanted.objective == "least_probe") is labelled


def test_verdict_without_labels(tmp_path, patches, capsys):
    """Alignment and uniformity of held-out pictures, and no probe."""
    pictures, folder = tmp_path / "pictures", tmp_path / "search"
    pictures.mkdir()
    given = {"data": patches(pictures, 20).removeprefix("--data=")}
    given |= {"epochs": 1, "batch_size": 4, "trials": 1}
    given |= {"encoder": "paper(width=0.3)", "side": 32}
    wanted, config, _ = plan_search(given)
    with in_this_process():
        scores, _ = processes.run_default(config, folder)
    wanted = with_objective(wanted, scores, None)
    assert wanted.objective == "alignment_uniformity"
    write_record(folder / "search.json", wanted)
    shutil.copytree(folder / "default", trial_folder(folder, 0))
    record(folder, Trial(0, {"temperature": 0.1}, 1, scores=scores))
    capsys.readouterr()
    report.main([str(folder)])
    told = capsys.readouterr().out
    assert "On the held-out pictures" in told
    assert "linear probe" not in told
    verdict = json.loads((folder / "verdict.json").read_text())
    assert "difference" not in verdict
    assert verdict["winner"] == verdict["default"]
    metrics = json.loads((folder / "default" / "metrics.json").read_text())
    alignment = verdict["winner"]["alignment"]
    assert alignment == pytest.approx(metrics["alignment"])


def test_compare_tuned(searched, judged, capsys, monkeypatch):
    """Both rows, marked; the runs that are there are not trained again."""
    folder, _ = searched
    figures = drawing._figures
    monkeypatch.setattr(
        drawing, "_figures", lambda *of: itertools.islice(figures(*of), 1)
    )
    words = ["--tuned", str(folder), f"--run-dir={judged[0]}"]
    compare.main([*words, "--seeds", "4", "--evaluate=brief"])
    told = capsys.readouterr().out
    assert "2 of 2 runs are finished" in told
    table = (judged[0] / "table.csv").read_text("utf-8").splitlines()
    labels = [row["label"] for row in csv.DictReader(table)]
    best = json.loads((folder / "best.json").read_text())["batch_size"]
    loss = "softmax(temperature=0.07)"
    assert labels[-2:] == [loss, f"{loss}, tuned, batch_size={best}"]
    assert (judged[0] / "figures" / "tuned_and_default.png").exists()
    page = (judged[0] / "report.html").read_text("utf-8")
    assert "3 trials of 1 epoch, 1 of which failed" in page
    assert "Seed 4 is also what the searches chose at" in page
    assert "its defaults" in page


def test_promoted(tmp_path):
    """Two epochs of three, and gone on with elsewhere, are three at once."""
    rows = {}
    for name, until in (("two", 2), ("on", 3), ("three", None)):
        config = make_config(
            {
                "data": "shapes(size=160)",
                "epochs": 3,
                "batch_size": 16,
                "beta_1": 0.9,
                "encoder": "paper(width=0.5)",
                "side": 32,
                "evaluate": "none" if name == "two" else "brief",
                "run_dir": str(tmp_path / name),
            }
        )
        run = Run(tmp_path / name)
        if name == "on":
            for _ in range(2):  # as where it was killed and begins again
                go_on_from(Run(tmp_path / "two"), run)
        pretrain.pretrain(make_plan(config), until=until)
        rows[name] = run.read_history()
        for row in rows[name]:
            del row["seconds"]
    (table,) = run.tensorboard.glob("verdict/*hparams*")
    assert b"encoder.width" in table.read_bytes()
    assert b"beta_1" in table.read_bytes()
    assert len(rows["two"]) == 2
    assert rows["on"] == rows["three"] and rows["on"][:2] == rows["two"]
    metrics = [read_metrics(Run(tmp_path / n)) for n in ("on", "three")]
    assert metrics[0] == metrics[1] and metrics[0]["epochs"] == 3
    assert len(list(tmp_path.glob("on/tensorboard/events*"))) == 2


def test_objective_by_the_data():
    """The probe where there are labels; told where there are none."""
    wanted, _, _ = plan_search({})
    probed = {"knn": 0.5, "linear_probe": 0.6}
    all_scores = probed | {"least_probe": 0.5} | LABEL_FREE
    for scores, objective in (
        (all_scores, "least_probe"),
        (probed | LABEL_FREE, "linear_probe"),
        (LABEL_FREE, "alignment_uniformity"),
    ):
        found = with_objective(wanted, scores, None)
        assert found.objective == objective
    with pytest.raises(UsageError, match="it broke"):
        with_objective(wanted, {}, "it broke")
    chosen = dataclasses.replace(wanted, objective="knn")
    assert with_objective(chosen, {}, "it broke") == chosen
    with pytest.raises(UsageError, match="have no labels"):
        with_objective(chosen, LABEL_FREE, None)


def test_scores():
    """Every objective that a verdict has, and that is a number."""
    metrics = {
        "alignment": 0.75,
        "uniformity": -3.5,
        "sphere": {"effective_rank": 12.5},
    }
    wanted = {"alignment_uniformity": -2.75, "effective_rank": 12.5}
    assert scores_of(metrics) == wanted
    metrics["knn"] = {"accuracy": 0.25}
    assert scores_of(metrics) == wanted | {"knn": 0.25}
    metrics["uniformity"] = float("nan")
    assert scores_of(metrics) == {"effective_rank": 12.5, "knn": 0.25}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("--space=batch_size=16|32", "space"),
        ("--tuner=bayesian", "tuner 'random' and not 'bayesian'"),
        ("--objective=knn", "objective 'least_probe' and not 'knn'"),
        ("--seed=6", "seed 4 and not 6"),
        ("--jobs=2", "jobs 1 and not 2"),
        ("--beta-1=0.9", "beta_1 0.5 and not 0.9"),
        ("--loss=softmax(temperature=0.1)", "loss"),
    ],
)
def test_another_search_in_the_folder(word, told, searched, refused):
    """A folder of another search is refused, with what differs."""
    folder, _ = searched
    before = (folder / "search.json").read_text()
    assert told in refused(search.main, *WORDS, word, f"--run-dir={folder}")
    assert (folder / "search.json").read_text() == before


def test_a_grid_is_another_search(tmp_path):
    """Whichever of a grid and another tuner was there first."""
    found = [
        dataclasses.replace(plan_search(given)[0], objective="knn")
        for given in ({"tuner": "grid"}, {"trials": 3})
    ]
    for stored, wanted in (found, found[::-1]):
        write_record(tmp_path / "search.json", stored)
        told = f"tuner '{stored.tuner}' and not '{wanted.tuner}'"
        with pytest.raises(UsageError, match=told):
            settled(wanted, tmp_path)


def test_the_same_search(searched, monkeypatch, capsys, refused):
    """A longer one goes on, and one with the data elsewhere; one at a time.

    A worker that comes when all trials have ended waits for no chief.
    """
    folder, _ = searched
    stored = read_search(folder)
    place = stored.settings | {"data_dir": "/elsewhere"}
    for changes in ({"trials": 9}, {"objective": None}, {"settings": place}):
        wanted = dataclasses.replace(stored, **changes)
        assert settled(wanted, folder).objective == "least_probe"
    usual = [*WORDS, f"--run-dir={folder}"]
    with held(folder):
        assert "by one process at a time" in refused(search.main, *usual)
    with held(folder, part="one-"), held(folder, part="two-"):
        pass
    for name, value in zip(NAMES, ("late", "127.0.0.1", "9"), strict=True):
        monkeypatch.setenv(name, value)
    words = [*usual, "--objective=least_probe"]
    with in_this_process():
        search.main(words)
    assert "all trials have ended" in capsys.readouterr().out
    assert "`objective` must be given" in refused(search.main, *usual)
    assert "start workers" in refused(search.main, *words, "--jobs=2")


def test_the_test_part_is_never_read(rng):
    """A fifth of every class of the train part stands in its place."""

    class Unread:
        side = 8

        def __len__(self):
            raise AssertionError("the test part was read")

        read = __len__

    pictures = rng.integers(0, 256, (40, 8, 8, 3), np.uint8)
    labels = np.repeat([0, 1], [15, 25])
    source = Source(
        pretrain=ArrayPictures(pictures),
        probe_train=Split(ArrayPictures(pictures), labels),
        test=Split(Unread(), labels),
        class_names=("a", "b"),
        unseen=False,
    )
    chosen = choose_on_validation(source)
    assert chosen.test is chosen.probe_train is source.probe_train
    unlabelled = dataclasses.replace(source, probe_train=None)
    assert choose_on_validation(unlabelled).test is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tuner=bayes"], "`tuner` must be one of"),
        (["--objective=mlp_head"], "`objective` must be one of"),
        (["--trials=0"], "at least 1"),
        (["--trials=many"], "a whole number"),
        (["--tuner=grid", "--trials=1000000000"], "and at most 10,000"),
        (["--judge-on=test"], "Unknown option"),
        (["--space=temprature=0.1:1"], "Did you mean temperature"),
        (["--loss=sofmax"], "Did you mean softmax"),
    ],
)
def test_mistakes(words, told, tmp_path, refused):
    """Told before anything is trained or written."""
    folder = tmp_path / "new"
    assert told in refused(search.main, *words, f"--run-dir={folder}")
    assert not folder.exists()


def begin(*words, **variables):
    """Starts a search in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "tuning.search", *words],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process):
    """Waits for a search, and returns what it printed."""
    out, error = process.communicate(timeout=1200)
    assert process.returncode == 0, error
    return out


@pytest.mark.slow
@pytest.mark.parametrize("tuner", ["bayesian", "hyperband"])
def test_killed_at_random_moments(tuner, tmp_path):
    """Five kills -9, and the trials and scores of a search without any."""
    words = [
        *("--data=shapes(size=320)", "--batch-size=16", "--epochs=3"),
        *(f"--tuner={tuner}", "--trials=6", "--jobs=2"),
    ]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    begun = time.monotonic()
    end(begin(*words, f"--run-dir={whole}"))
    seconds = time.monotonic() - begun
    generator = random.Random(11)
    for _ in range(5):
        process = begin(*words, f"--run-dir={killed}")
        time.sleep(generator.uniform(0.1, 0.5) * seconds)
        process.kill()
        process.communicate()
    end(begin(*words, f"--run-dir={killed}"))
    found, wanted = (
        [dataclasses.replace(t, seconds=0) for t in read_trials(folder)]
        for folder in (killed, whole)
    )
    assert found == wanted
    if tuner == "hyperband":
        for trial in found:
            run = trial_folder(killed, trial.number)
            lines = (run / "history.csv").read_text().splitlines()
            assert len(lines) == 1 + trial.epochs


@pytest.mark.slow
def test_chief_and_workers(tmp_path):
    """Three processes share eight trials; none is lost or run twice.

    Encoder and views are of a file of one's own, which each trial runs.
    """
    file = ROOT / "tests" / "tiny.py"
    words = [*TINY[:3], f"--encoder={file}:plain", f"--views={file}:channels"]
    words += ["--side=32", "--tuner=random", "--trials=8", "--objective=knn"]
    words.append(f"--run-dir={tmp_path}")
    started = {
        name: begin(*words, **dict(zip(NAMES, values, strict=True)))
        for name in ("chief", "one", "two")
        for values in [(name, "127.0.0.1", "8765")]
    }
    printed = {name: end(process) for name, process in started.items()}
    for number in range(8):
        told = [f"trial {number}: " in printed[n] for n in ("one", "two")]
        assert sum(told) == 1
    trials = open_search(tmp_path).trials
    assert [trial.status for trial in trials] == 8 * ["done"]
    for number in range(8):
        code = identity_of(Run(trial_folder(tmp_path, number)))["code"]
        files = {axis: each["file"] for axis, each in code.items()}
        assert files == dict.fromkeys(("encoder", "views"), str(file))
    assert "the defaults" in printed["chief"]
