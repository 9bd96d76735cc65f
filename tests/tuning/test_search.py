"""Searches that train: killed, gone on with, refused, judged apart."""

import dataclasses
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tfcmc.data import Source, Split
from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.validation import choose_on_validation
from tfcmc.experiment import pretrain
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.locks import held
from tfcmc.runs.folder import Run
from tfcmc.search.oracle import Tuner
from tfcmc.search.plan import plan_search, settled, with_objective
from tfcmc.search.port import NAMES
from tfcmc.search.ranking import defaults, scores_of
from tfcmc.search.records import (
    read_search,
    read_trials,
    trial_folder,
    write_record,
)
from tfcmc.search.trial import go_on_from
from trainers import evaluate
from tuning import search

ROOT = pathlib.Path(__file__).parents[2]
TINY = [
    "--data=shapes(size=160)",
    "--epochs=1",
    "--batch-size=16",
    "--tuner=random",
]
# Of three trials at seed 4, one has more pictures a batch than there are.
WORDS = [*TINY, "--space=batch_size=16|32|4096", "--seed=4", "--trials=3"]


def begin(*words):
    """Starts a search in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "tuning.search", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at(process, start):
    """Reads what a search prints, and kills it at a line that begins so."""
    for line in process.stdout:
        if line.startswith(start):
            process.kill()
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def proposed(words):
    """The trials that a random search makes, whatever their scores."""
    given = search.command_line.parse(search._parser(), words)
    wanted, config, _ = plan_search(given)
    wanted = dataclasses.replace(wanted, objective="knn")
    return Tuner(wanted, config.epochs).propose(wanted.trials)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search that was killed in its second trial and then went on."""
    folder = tmp_path_factory.mktemp("search") / "tune"
    words = [*WORDS, f"--run-dir={folder}"]
    kill_at(begin(*words), "trial 1: ")
    left = [path.parent.name for path in folder.glob("trials/*/trial.json")]
    process = begin(*words)
    out, error = process.communicate(timeout=400)
    assert process.returncode == 0, error
    return folder, left, out


def test_killed_and_gone_on(searched):
    """The same trials as without the kill, and the first is not run again."""
    folder, left, out = searched
    assert left == ["0000"]
    wanted = proposed(WORDS)
    trials = read_trials(folder)
    assert [trial.values for trial in trials] == [p.values for p in wanted]
    assert "\ntrial 0: " not in out and "\ntrial 2: " in out
    assert read_search(folder).objective == "linear_probe"


def test_a_trial_that_fails(searched):
    """It is recorded with its reason in one line; the others have scores."""
    folder, _, out = searched
    trials = read_trials(folder)
    failed = [trial for trial in trials if trial.status == "failed"]
    assert len(failed) == 1 and failed[0].values["batch_size"] == 4096
    assert "number of pictures to learn from, 160" in failed[0].reason
    assert f"failed: {failed[0].reason}" in out
    for trial in trials:
        if trial.status == "done":
            assert trial.scores.keys() == {
                "linear_probe",
                "knn",
                "alignment_uniformity",
                "effective_rank",
            }


def test_run_folders(searched):
    """Trials are runs like any other, judged briefly and on validation."""
    folder, _, _ = searched
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
        assert len(labels) == 30  # three of every sixteen of a class
        assert list(run.glob("tensorboard/events*"))
        assert list(run.glob("tensorboard/verdict/*hparams*"))
        assert not list(run.glob("figures/*"))
    assert len(controls) == 1
    log = (runs[1] / "log.txt").read_text()
    assert "untrained encoders and raw pixels as in" in log


def test_evaluate_a_trial(searched, tmp_path, capsys):
    """All probes, on the validation part still; by other constants.

    The history keeps its own: neither the doctor nor a figure mixes them, and
    reports of the search refuse the mixture.
    """
    folder, _, _ = searched
    run = tmp_path / "default"
    shutil.copytree(folder / "default", run)
    before = json.loads((run / "metrics.json").read_text())
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
    search = read_search(folder)
    with pytest.raises(UsageError, match="their own alpha and t"):
        defaults(tmp_path, search)
    for name in ("linear_probe", "knn"):
        assert after[name]["accuracy"] == before[name]["accuracy"]
    assert "mlp_head" in after


def test_promoted(tmp_path):
    """Two epochs of three, and gone on with elsewhere, are three at once."""
    metrics, rows = {}, {}
    for name, until in (("two", 2), ("on", 3), ("three", None)):
        config = make_config(
            {
                "data": "shapes(size=160)",
                "epochs": 3,
                "batch_size": 16,
                "beta_1": 0.9,
                "encoder": "paper(width=0.5)",
                "evaluate": "brief",
                "run_dir": str(tmp_path / name),
            }
        )
        run = Run(tmp_path / name)
        if name == "on":
            for _ in range(2):  # as where it was killed and begins again
                go_on_from(Run(tmp_path / "two"), run)
        metrics[name] = pretrain.pretrain(make_plan(config), until=until)
        rows[name] = run.read_history()
        for row in rows[name]:
            del row["seconds"]
        (table,) = run.tensorboard.glob("verdict/*hparams*")
        assert b"encoder.width" in table.read_bytes()
        assert b"beta_1" in table.read_bytes()
    assert [metrics[name]["epochs"] for name in metrics] == [2, 3, 3]
    assert rows["on"] == rows["three"] and rows["on"][:2] == rows["two"]
    assert metrics["on"] == metrics["three"]
    assert len(list(tmp_path.glob("on/tensorboard/events*"))) == 2


def test_objective_by_the_data():
    """The probe where there are labels; told where there are none."""
    wanted, _, _ = plan_search({})
    labels_free = {"alignment_uniformity": -2.0, "effective_rank": 30.0}
    all_scores = {"knn": 0.5, "linear_probe": 0.6} | labels_free
    for scores, objective in (
        (all_scores, "linear_probe"),
        (labels_free, "alignment_uniformity"),
    ):
        found = with_objective(wanted, scores, None)
        assert found.objective == objective
    with pytest.raises(UsageError, match="it broke"):
        with_objective(wanted, {}, "it broke")
    chosen = dataclasses.replace(wanted, objective="knn")
    assert with_objective(chosen, {}, "it broke") == chosen
    with pytest.raises(UsageError, match="have no labels"):
        with_objective(chosen, labels_free, None)


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


def refused(folder, *words):
    """What a user is told who searches for something else in a folder."""
    with pytest.raises(UsageError) as caught:
        search.main([*words, f"--run-dir={folder}"])
    assert len(str(caught.value).splitlines()) <= 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("--space=batch_size=16|32", "space"),
        ("--tuner=bayesian", "tuner 'random' and not 'bayesian'"),
        ("--objective=knn", "objective 'linear_probe' and not 'knn'"),
        ("--seed=6", "seed 4 and not 6"),
        ("--jobs=2", "jobs 1 and not 2"),
        ("--beta-1=0.9", "beta_1 0.5 and not 0.9"),
        ("--loss=softmax(temperature=0.1)", "loss"),
    ],
)
def test_another_search_in_the_folder(word, told, searched):
    """A folder of another search is refused, with what differs."""
    folder, _, _ = searched
    before = (folder / "search.json").read_text()
    assert told in refused(folder, *WORDS, word)
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


def test_more_trials_are_the_same_search(searched):
    """A longer search, and one with the data elsewhere, go on."""
    folder, _, _ = searched
    stored = read_search(folder)
    for longer in (
        dataclasses.replace(stored, trials=9),
        dataclasses.replace(stored, objective=None),
        dataclasses.replace(
            stored, settings=stored.settings | {"data_dir": "/elsewhere"}
        ),
    ):
        assert settled(longer, folder).objective == "linear_probe"


def test_one_search_a_folder(searched):
    """A second process is refused while the first is there."""
    folder, _, _ = searched
    with held(folder):
        assert "by one process at a time" in refused(folder, *WORDS)
    with held(folder, part="one-"), held(folder, part="two-"):
        pass


def test_a_worker_that_comes_late(searched, monkeypatch, capsys):
    """Where all trials have ended it says so, and waits for no chief."""
    folder, _, _ = searched
    for name, value in zip(NAMES, ("late", "127.0.0.1", "9"), strict=True):
        monkeypatch.setenv(name, value)
    words = [*WORDS, "--objective=linear_probe", f"--run-dir={folder}"]
    search.main(words)
    assert "all trials have ended" in capsys.readouterr().out
    assert "`objective` must be given" in refused(folder, *WORDS)
    assert "start workers" in refused(folder, *words[:-1], "--jobs=2")


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
    chosen = choose_on_validation(source, seed=3)
    assert np.bincount(chosen.test.labels).tolist() == [3, 5]
    assert np.bincount(chosen.probe_train.labels).tolist() == [12, 20]
    both = np.concatenate(
        [
            split.pictures.read(np.arange(len(split.labels)))
            for split in (chosen.probe_train, chosen.test)
        ]
    )
    assert len(np.unique(both.reshape(40, -1), axis=0)) == 40
    unlabelled = dataclasses.replace(source, probe_train=None)
    assert choose_on_validation(unlabelled, seed=3).test is None


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
def test_mistakes(words, told, tmp_path):
    """Told before anything is trained or written."""
    assert told in refused(tmp_path / "new", *words)
    assert not (tmp_path / "new").exists()


def test_help_is_quick(command):
    """Under a second of work: neither TensorFlow nor KerasTuner is loaded."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = command("tuning.search", "--help")
    mistake = command("tuning.search", "--space=x=1")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert "KERASTUNER_TUNER_ID" in done.stdout
    assert mistake.returncode == 2 and mistake.stdout == ""
    assert len(mistake.stderr.splitlines()) == 2
    worked = (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    )
    assert worked < 2.0


def scores(folder):
    """What trials came to, whatever time they took."""
    return [
        (trial.values, trial.epochs, trial.parent, trial.scores)
        for trial in read_trials(folder)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("tuner", ["bayesian", "hyperband"])
def test_killed_at_random_moments(tuner, tmp_path):
    """Five kills -9, and the trials and scores of a search without any."""
    words = [
        *("--data=shapes(size=320)", "--batch-size=16", "--epochs=3"),
        *(f"--tuner={tuner}", "--trials=6", "--jobs=2"),
    ]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = begin(*words, f"--run-dir={whole}")
    begun = time.monotonic()
    _, error = process.communicate()
    assert process.returncode == 0, error
    seconds = time.monotonic() - begun
    generator = random.Random(11)
    for _ in range(5):
        process = begin(*words, f"--run-dir={killed}")
        time.sleep(generator.uniform(0.1, 0.5) * seconds)
        process.kill()
        process.communicate()
    process = begin(*words, f"--run-dir={killed}")
    _, error = process.communicate()
    assert process.returncode == 0, error
    assert scores(killed) == scores(whole)
    if tuner == "hyperband":
        for trial in read_trials(killed):
            run = trial_folder(killed, trial.number)
            lines = (run / "history.csv").read_text().splitlines()
            assert len(lines) == 1 + trial.epochs


@pytest.mark.slow
def test_chief_and_workers(tmp_path):
    """Three processes share eight trials; none is lost or run twice."""
    words = [*TINY, "--trials=8", "--objective=knn"]
    words.append(f"--run-dir={tmp_path}")
    started = {}
    for name in ("chief", "one", "two"):
        variables = {
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": "8765",
        }
        started[name] = subprocess.Popen(
            [sys.executable, "-u", "-m", "tuning.search", *words],
            cwd=ROOT,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    printed = {}
    for name, process in started.items():
        printed[name], error = process.communicate(timeout=1200)
        assert process.returncode == 0, error
    for number in range(8):
        ends = [
            name
            for name in ("one", "two")
            if f"trial {number}: " in printed[name]
        ]
        assert len(ends) == 1
    assert {trial.status for trial in read_trials(tmp_path)} == {"done"}
    assert len(read_trials(tmp_path)) == 8
    assert "the defaults" in printed["chief"]
