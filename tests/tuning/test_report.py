"""What a search is said to have found: order, figures, words, verdict."""

import csv
import dataclasses
import io
import json
import os
import re
import shutil

import numpy as np
import pytest

from tfcmc.cli import command_line
from tfcmc.encoders import save_encoder
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.runs.folder import Run
from tfcmc.runs.record import identity_of, read_settings
from tfcmc.search import drawing, ranking, table, telling
from tfcmc.search.label_free import agreement
from tfcmc.search.records import (
    FAILED,
    Search,
    Trial,
    read_verdict,
    trial_folder,
    write_record,
)
from tfcmc.search.regression import FEWEST_WEIGHED, importance, smooth
from trainers import compare, evaluate, pretrain
from tuning import report as reporting

SPACE = {
    "temperature": {"low": 0.01, "high": 1.0, "scale": "log"},
    "learning_rate": {"low": 1e-4, "high": 1e-2, "scale": "log"},
}
TRIAL_0 = "trials/0000/trial.json"
NAN = float("nan")
TINY = ("--data=shapes(size=160)", "--epochs=1", "--batch-size=16")


def search_of(space=SPACE, **changes):
    """A search of softmax."""
    plain = Search(
        loss="softmax(temperature=0.07)",
        space=space,
        tuner="random",
        objective="linear_probe",
        trials=20,
        seed=0,
        settings={"data": "shapes", "epochs": 3, "seed": 0},
    )
    return dataclasses.replace(plain, **changes)


def trials_of(rng, count, *, labelled=True, epochs=3):
    """Trials whose scores depend on the temperature, with some noise."""
    trials = []
    for number in range(count):
        values = {
            "temperature": float(10 ** rng.uniform(-2, 0)),
            "learning_rate": float(10 ** rng.uniform(-4, -2)),
        }
        off = (np.log10(values["temperature"]) + 1.2) ** 2
        scores = {
            "alignment_uniformity": float(off - 2 + 0.1 * rng.normal()),
            "effective_rank": float(200 - 50 * off + 30 * rng.normal()),
        }
        if labelled:
            scores["linear_probe"] = float(
                0.6 - 0.2 * off + 0.02 * rng.normal()
            )
            scores["knn"] = scores["linear_probe"] - 0.1
        trials.append(
            Trial(number, values, epochs, scores=scores, seconds=7.5 + number)
        )
    return trials


def failed(number):
    """A trial that failed."""
    values = {"temperature": 0.011, "learning_rate": 0.009}
    return Trial(
        number, values, 1, status=FAILED, reason="the loss is nan at step 3"
    )


def test_order(rng):
    """Best first by either direction; what cannot be compared has no rank."""
    trials = trials_of(rng, 7)
    trials[3] = dataclasses.replace(trials[3], epochs=1, parent=1)
    trials.append(failed(7))
    for objective, sign in (("linear_probe", -1), ("alignment_uniformity", 1)):
        search = search_of(objective=objective)
        order = table.order_trials(search, trials)
        assert [rank for rank, _ in order] == [1, 2, 3, 4, 5, 6, None, None]
        scores = [t.scores[objective] for _, t in order[:6]]
        assert scores == sorted(scores, key=lambda score: sign * score)
        assert [t.number for _, t in order[6:]] == [3, 7]
        assert ranking.best_trial(search, trials) is order[0][1]
    same = [dataclasses.replace(t, scores={"knn": 0.5}) for t in trials[:3]]
    assert ranking.ranked(same[::-1], "knn")[0].number == 0


def test_table(rng, tmp_path, search_folder):
    """Every trial with its numbers, the defaults and reasons beside them."""
    search = search_of()
    trials = [*trials_of(rng, 5), failed(5)]
    folder = search_folder(tmp_path / "a", search, trials)
    reason = f"={trials[5].reason}"
    trials[5] = dataclasses.replace(trials[5], reason=reason)
    default = ranking.defaults(folder, search)
    assert default.values == {"temperature": 0.07, "learning_rate": 1e-3}
    assert default.scores["alignment_uniformity"] == pytest.approx(-1.5)
    text = table.csv_text(search, trials, default)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["trial"] == "default" and rows[0]["rank"] == ""
    for row in rows[1:-1]:
        trial = trials[int(row["trial"])]
        for name, value in (trial.values | trial.scores).items():
            assert float(row[name]) == value
        assert float(row["seconds"]) == trial.seconds
    assert [row["rank"] for row in rows[1:]] == ["1", "2", "3", "4", "5", ""]
    assert rows[-1]["reason"] == "'=" + trials[5].reason[1:]
    assert rows[-1]["status"] == FAILED
    page = table.markdown(search, trials, default)
    lines = page.splitlines()[: len(rows) + 2]
    assert len({len(line) for line in lines}) == 1
    best = max(trials[:5], key=lambda trial: trial.scores["linear_probe"])
    assert f" {100 * best.scores['linear_probe']:.1f} |" in lines[3]
    assert "failed: =the loss is nan" in lines[-1]
    shown = table.screen_text(search, trials * 4, default)
    assert max(map(len, shown.splitlines())) <= 99
    assert shown.endswith("in table.md")


@pytest.mark.parametrize("ties", [False, True])
def test_label_free_objectives(rng, ties):
    """Spearman's correlation and regrets, against loops."""
    trials = trials_of(rng, 9)
    if ties:
        for trial in trials[::2]:
            trial.scores["linear_probe"] = 0.31
    for objective, sign in (
        ("alignment_uniformity", -1),
        ("effective_rank", 1),
    ):
        found = agreement(objective, trials, {"linear_probe": 0.4})
        one = [sign * trial.scores[objective] for trial in trials]
        two = [trial.scores["linear_probe"] for trial in trials]
        assert found.correlation == pytest.approx(spearman(one, two))
        chosen = one.index(max(one))
        assert found.chosen == chosen
        assert found.regret == pytest.approx(max(two) - two[chosen])
        mean = sum(two) / len(two)
        assert found.random_regret == pytest.approx(max(two) - mean)
        assert found.default_regret == pytest.approx(max(two) - 0.4)
    constant = [
        dataclasses.replace(t, scores=t.scores | {"effective_rank": 3.0})
        for t in trials
    ]
    assert agreement("effective_rank", constant, None).correlation is None
    assert agreement("effective_rank", trials[:2], None) is None


def spearman(first, second):
    """Pearson's correlation of ranks, ties at their mean, by loops."""
    ranks = [
        [
            sum(other < value for other in values)
            + sum(other == value for other in values) / 2
            for value in values
        ]
        for values in (first, second)
    ]
    means = [sum(values) / len(values) for values in ranks]
    moments = [0.0, 0.0, 0.0]
    for one, two in zip(*ranks, strict=True):
        one, two = one - means[0], two - means[1]
        moments[0] += one * two
        moments[1] += one * one
        moments[2] += two * two
    return moments[0] / (moments[1] * moments[2]) ** 0.5


def test_importance(rng):
    """The interval holds the share that the function has, at few trials too.

    Of x uniform in [0, 1], x^2 has the variance 4/45, x 1/12.
    """
    parts = np.array([0.0, 9 * 4 / 45, 1.8**2 / 12])
    truth = parts / (parts.sum() + 0.3**2)
    held, means, widths = [], [], []
    for trials in (20, 20, 20, 20, 60):
        places = rng.uniform(size=(trials, 3))
        scores = 3 * places[:, 1] ** 2 + 1.8 * places[:, 2]
        scores += 0.3 * rng.normal(size=trials)
        mean, low, high = importance(places, scores, [None] * 3)
        # No share that is drawn is 0 to the last digit.
        held.append((low - 0.01 <= truth) & (truth <= high))
        means.append(mean)
        widths.append((high - low)[1])
    # Each of an interval of 95 %: that two of fifteen miss is rare enough.
    assert np.sum(held) >= 13
    assert np.mean(means, axis=0) == pytest.approx(truth, abs=0.1)
    assert widths[-1] < np.mean(widths[:-1])
    again = importance(places, 10 * scores - 4, [None] * 3)
    np.testing.assert_allclose(again, (mean, low, high), atol=1e-6)
    few = FEWEST_WEIGHED - 1
    assert importance(places[:few], scores[:few], [None] * 3) is None
    assert importance(places, np.ones(trials), [None] * 3) is None


def test_importance_of_a_choice(rng):
    """It is varied among what it can be, and nothing between."""
    places = rng.uniform(size=(30, 2))
    places[:, 0] = places[:, 0] > 0.5
    scores = places[:, 0] + 0.1 * rng.normal(size=30)
    mean, _, _ = importance(places, scores, [[0.0, 1.0], None])
    # Of 0 and 1 the variance is 1/4; spread evenly between it is 1/12.
    assert mean[0] == pytest.approx(0.25 / 0.26, abs=0.05)


def test_smooth_estimate(rng):
    """Near the truth between trials; the band is as wide as the noise."""
    places = np.sort(rng.uniform(size=60))
    scores = 0.3 + 0.2 * np.sin(4 * places) + 0.03 * rng.normal(size=60)
    at = np.linspace(0.1, 0.9, 30)
    mean, deviation = smooth(places, scores, at)
    truth = 0.3 + 0.2 * np.sin(4 * at)
    assert np.abs(mean - truth).max() < 0.03
    assert 0.02 < deviation.min() < deviation.max() < 0.05
    assert smooth([0.1, 0.2, 0.3, 0.3, 0.4], np.arange(5), at) is None
    flat, none = smooth(places, np.full(60, 0.4), at)
    assert set(flat) == {0.4} and set(none) == {0.0}


def test_places_in_a_range(rng):
    """Ends at 0 and 1, even on its scale, and back again."""
    for limits in (
        SPACE["temperature"],
        {"low": -3, "high": 5, "scale": "linear"},
    ):
        shares = rng.uniform(size=8)
        values = drawing.value_at(limits, shares)
        back = [drawing.share_of(limits, value) for value in values]
        np.testing.assert_allclose(back, shares)
        assert drawing.share_of(limits, limits["low"]) == 0
        assert drawing.share_of(limits, limits["high"]) == 1
    words = {"choices": ["all", "hard", "semihard"]}
    assert [drawing.share_of(words, w) for w in words["choices"]] == [
        0,
        0.5,
        1,
    ]


def test_report(rng, tmp_path, capsys, search_folder):
    """Settings, tables, figures, analysis; no verdict before the end."""
    trials = [*trials_of(rng, 14), failed(14)]
    folder = search_folder(tmp_path / "search", search_of(), trials)
    reporting.main([str(folder)])
    told = capsys.readouterr().out
    best = max(trials[:14], key=lambda trial: trial.scores["linear_probe"])
    settings = json.loads((folder / "best.json").read_text())
    assert settings["loss"] == (
        f"softmax(temperature={best.values['temperature']})"
    )
    assert settings["learning_rate"] == best.values["learning_rate"]
    assert settings["judge_on"] == "test" and "run_dir" not in settings
    again = make_plan(PretrainConfig.from_dict(settings)).config
    assert again.epochs == 3 and again.loss == settings["loss"]
    assert f"linear probe is {best.number}: " in told
    assert "when the search has ended" in told
    assert not (folder / "verdict.json").exists()
    analysis = json.loads((folder / "analysis.json").read_text())
    shares = {k: v["share"] for k, v in analysis["importance"].items()}
    assert max(shares, key=shares.get) == "temperature"
    assert len(analysis["label_free"]) == 2
    names = sorted(path.name for path in (folder / "figures").iterdir())
    assert names == [
        "label_free_objectives.png",
        "objective_over_options.png",
        "option_importance.png",
    ]
    for name in ("table.md", "table.csv"):
        assert (folder / name).exists()


def test_report_without_labels(rng, tmp_path, capsys, search_folder):
    """No column and no figure of a probe; what needs no labels is there."""
    search = search_of(objective="alignment_uniformity")
    trials = trials_of(rng, 6, labelled=False)
    scores = {"alignment_uniformity": -9.0, "effective_rank": 50.0}
    folder = search_folder(tmp_path / "search", search, trials, scores)
    reporting.report(folder, ended=False)
    told = " ".join(capsys.readouterr().out.split())
    assert "linear" not in (folder / "table.csv").read_text()
    assert "No trial is better than the defaults" in told
    best = min(t.scores["alignment_uniformity"] for t in trials)
    assert f"{best:.3f}" in (folder / "table.md").read_text().splitlines()[3]
    names = [path.name for path in (folder / "figures").iterdir()]
    assert names == ["objective_over_options.png"]


def test_nothing_done(tmp_path, capsys, search_folder):
    """A search whose every trial failed says so, with the reasons."""
    folder = search_folder(tmp_path / "a", search_of(), [failed(0), failed(1)])
    reporting.report(folder)
    told = capsys.readouterr().out
    assert "no trial is done" in told and "nan at step 3" in told
    assert not (folder / "best.json").exists()


def verdict_of(winner, default, **changes):
    """A verdict on 1,000 pictures, of two accuracies."""
    from tfcmc.search.verdict import difference

    sphere = {
        "images": 1000,
        "alignment": 0.7,
        "uniformity": -2.5,
        "effective_rank": 88.0,
    }

    def judged(accuracy):
        return {
            "loss": "softmax(temperature=0.1)",
            "encoders_sha256": {"L": "00ff"},
            "sphere_all": sphere,
            "linear_probe": {"accuracy": accuracy, "interval": (0.1, 0.2)},
            "knn": {"accuracy": 0.4, "interval": (0.3, 0.5)},
        }

    return {
        "trial": 3,
        "judged_on": "test",
        "winner": judged(winner),
        "default": judged(default),
        "difference": difference(winner, default, 1000),
        "before": [],
    } | changes


def test_what_is_within_the_noise():
    """Small differences are said to be noise, large ones to be of one seed."""
    near = telling.verdict_words(verdict_of(0.512, 0.500))
    assert "1.2 points above" in near and near.endswith("within the noise.")
    below = telling.verdict_words(verdict_of(0.40, 0.5))
    assert "10.0 points below" in below and "It is one seed" in below
    assert "noise: " not in below and "within the noise" not in below
    twice = telling.verdict_words(verdict_of(0.5, 0.5, before=[1]))
    assert "1 time." in twice


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("search.json", [], "it is no table of names"),
        ("search.json", {"space": ["temperature"]}, "space is no table"),
        ("search.json", {"tuner": "best"}, "tuner is 'best'"),
        ("search.json", {"objective": 3}, "objective is 3"),
        ("search.json", {"trials": "many"}, "trials is 'many'"),
        ("search.json", {"jobs": None}, "it lacks jobs"),
        (TRIAL_0, 7, "it is no table of names"),
        (TRIAL_0, {"number": 3}, "number is 3"),
        (TRIAL_0, {"values": [0.1, 0.001]}, "values is no table of names"),
        (TRIAL_0, {"values": {"margin": 1}}, "values of margin"),
        (TRIAL_0, {"epochs": 1.5}, "epochs is 1.5"),
        (TRIAL_0, {"status": "lost"}, "status is 'lost'"),
        (TRIAL_0, {"scores": {"knn": 0.5}}, "scores lacks linear_probe"),
        (TRIAL_0, {"scores": {"linear_probe": "0.9"}}, "linear_probe is '0.9"),
        (TRIAL_0, {"scores": {"linear_probe": NAN}}, "linear_probe is nan"),
        (TRIAL_0, {"scores": {"linear_probe": 9}}, "linear_probe is 9"),
        ("verdict.json", {"winner": None}, "it lacks winner"),
        ("verdict.json", {"default": []}, "default is no table of names"),
        ("verdict.json", {"before": 1}, "before is no list"),
        ("verdict.json", {"difference": {"linear_probe": 0.1}}, "it lacks|"
         "difference lacks|interval"),
    ],
)  # fmt: skip
def test_damaged_records(name, change, told, tmp_path, rng, search_folder):
    """Told in one sentence, which names the file and what is wrong in it."""
    folder = search_folder(tmp_path / "a", search_of(), trials_of(rng, 2))
    verdict = verdict_of(0.5, 0.4) | {"trial": 1}
    (folder / "verdict.json").write_text(json.dumps(verdict))
    assert read_verdict(folder) == json.loads(json.dumps(verdict))
    found = json.loads((folder / name).read_text())
    if isinstance(change, dict):
        gone = {key for key in change if change[key] is None}
        found |= change
        change = {key: found[key] for key in found.keys() - gone}
    (folder / name).write_text(json.dumps(change))
    with pytest.raises(UsageError) as refused:
        ranking.open_search(folder)
        read_verdict(folder)
    text = str(refused.value)
    assert re.search(told, text) and "\n" not in text
    assert str(folder / name) in text and "as a search wrote it" in text


def test_a_pipe_for_a_record(tmp_path, search_folder):
    """It is not waited for."""
    folder = search_folder(tmp_path / "a", search_of(), [])
    (folder / "search.json").unlink()
    os.mkfifo(folder / "search.json")
    with pytest.raises(UsageError, match="not a regular file"):
        ranking.open_search(folder)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A search of two trained trials and one that failed, as it ends."""
    folder = tmp_path_factory.mktemp("search") / "tune-softmax"
    temperatures = {"default": 0.07, "trials/0000": 0.3, "trials/0001": 0.02}
    for name, temperature in temperatures.items():
        words = [
            *TINY,
            f"--loss=softmax(temperature={temperature})",
            "--judge-on=validation",
            "--evaluate=brief",
            f"--run-dir={folder / name}",
        ]
        pretrain.main(words)
    space = {"temperature": SPACE["temperature"]}
    place = {"data": TINY[0].removeprefix("--data=")}
    search = search_of(space, trials=3, settings=place)
    write_record(folder / "search.json", search)
    trial_folder(folder, 2).mkdir()
    for number, temperature in ((0, 0.3), (1, 0.02), (2, 0.5)):
        path = trial_folder(folder, number)
        trial = Trial(number, {"temperature": temperature}, 1)
        if number == 2:
            changes = {"status": FAILED, "reason": "out of memory"}
        else:
            metrics = json.loads((path / "metrics.json").read_text())
            changes = {"scores": ranking.scores_of(metrics), "seconds": 9.0}
        write_record(
            path / "trial.json", dataclasses.replace(trial, **changes)
        )
    kept = {p: p.read_bytes() for p in folder.glob("**/metrics.json")}
    reporting.report(folder)
    assert {p: p.read_bytes() for p in kept} == kept
    return folder


@pytest.fixture(scope="module")
def judged(tuned, tmp_path_factory):
    """The best trial and the defaults, judged on test by `evaluate`."""
    folder = tmp_path_factory.mktemp("judged")
    verdict = json.loads((tuned / "verdict.json").read_text())
    best = json.loads((tuned / "best.json").read_text())
    temperature = verdict["values"]["temperature"]
    assert best["loss"] == f"softmax(temperature={temperature})"
    for name, source in (
        ("softmax-0", tuned / "default"),
        (
            f"softmax-temperature-{temperature}-0",
            trial_folder(tuned, verdict["trial"]),
        ),
    ):
        shutil.copytree(source, folder / name)
        judge_on_test(Run(folder / name))
        evaluate.main([str(folder / name)])
    return folder


def judge_on_test(run):
    """Makes a run another one, judged on test, with the same encoders."""
    config, identity = read_settings(run), identity_of(run)
    for settings in (config, identity["settings"]):
        settings["judge_on"] = "test"
    run.write_json("config.json", config)
    run.write_json("identity.json", identity)
    for path in run.encoders.iterdir():
        save_encoder(path, keras.models.load_model(path), identity)


def test_verdict(tuned, judged, capsys, monkeypatch):
    """What `evaluate` measures on the test part; and never a second time."""
    verdict = json.loads((tuned / "verdict.json").read_text())
    assert verdict["judged_on"] == "test" and verdict["before"] == []
    runs = sorted(judged.iterdir())
    for name, run in zip(("default", "winner"), runs, strict=True):
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

    monkeypatch.setattr("tfcmc.search.verdict.judge_winner", refuse)
    reporting.main([str(tuned)])
    assert "On the test pictures" in capsys.readouterr().out
    again = json.loads((tuned / "verdict.json").read_text())
    assert again == verdict
    changed = verdict | {"trial": 99}
    (tuned / "verdict.json").write_text(json.dumps(changed))
    with pytest.raises(RuntimeError, match="read again"):
        reporting.main([str(tuned)])
    (tuned / "verdict.json").write_text(json.dumps(verdict))


def test_verdict_without_labels(tmp_path, rng, capsys):
    """Alignment and uniformity of held-out pictures, and no probe."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(20):
        pixels = rng.integers(0, 256, (70, 80, 3), np.uint8)
        keras.utils.save_img(pictures / f"{number}.png", pixels)
    folder = tmp_path / "search"
    pretrain.main(
        [
            f"--data=folder:{pictures}",
            "--epochs=1",
            "--batch-size=4",
            "--judge-on=validation",
            f"--run-dir={folder / 'default'}",
        ]
    )
    shutil.copytree(folder / "default", trial_folder(folder, 0))
    scores = ranking.scores_of(
        json.loads((folder / "default" / "metrics.json").read_text())
    )
    space = {"temperature": SPACE["temperature"]}
    search = search_of(
        space,
        trials=1,
        objective="alignment_uniformity",
        settings={"data": f"folder:{pictures}"},
    )
    write_record(folder / "search.json", search)
    trial = Trial(0, {"temperature": 0.07}, 1, scores=scores)
    write_record(trial_folder(folder, 0) / "trial.json", trial)
    capsys.readouterr()
    reporting.report(folder)
    told = capsys.readouterr().out
    assert "On the held-out pictures" in told
    assert "linear probe" not in told
    verdict = json.loads((folder / "verdict.json").read_text())
    assert "difference" not in verdict
    assert verdict["winner"] == verdict["default"]
    metrics = json.loads((folder / "default" / "metrics.json").read_text())
    assert verdict["winner"]["alignment"] == pytest.approx(
        metrics["alignment"]
    )


def test_compare_tuned(tuned, judged, capsys):
    """Both rows, marked; the runs that are there are not trained again."""
    compare.main(
        ["--tuned", str(tuned), "--seeds", "0", f"--run-dir={judged}"]
    )
    told = capsys.readouterr().out
    assert "2 of 2 runs are finished" in told
    with open(judged / "table.csv", newline="", encoding="utf-8") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    best = json.loads((tuned / "best.json").read_text())["loss"]
    assert labels[-2:] == ["softmax(temperature=0.07)", f"{best}, tuned"]
    assert (judged / "figures" / "tuned_and_default.png").exists()
    page = (judged / "report.html").read_text("utf-8")
    assert "3 trials of 1 epoch, 1 of which failed" in page
    assert "Seed 0 is also what the searches chose at" in page
    assert "its defaults" in page


@pytest.fixture
def searches(rng, tmp_path, search_folder):
    """A function that writes searches of losses, each with its changes."""

    def write(**losses):
        folders = []
        for name, changes in losses.items():
            options = {
                "softmax": {"temperature": 0.11},
                "triplet": {"margin": 0.3},
            }[name]
            defaults = {"temperature": 0.07} | {"margin": 0.2}
            spec = (
                f"{name}({', '.join(f'{o}={defaults[o]}' for o in options)})"
            )
            trials = [
                Trial(n, options, 3, scores=t.scores)
                for n, t in enumerate(trials_of(rng, 2))
            ]
            settings = {"data": "shapes", "epochs": 3, "seed": 4}
            space = {
                option: {"low": 0.01, "high": 1.0, "scale": "log"}
                for option in options
            }
            search = search_of(space, loss=spec, settings=settings)
            search = dataclasses.replace(search, **changes.get("search", {}))
            settings = search.settings | changes.get("settings", {})
            search = dataclasses.replace(search, settings=settings)
            for trial in trials:
                trial.values.update(changes.get("values", {}))
            trials = trials[: changes.get("count", 2)]
            folder = tmp_path / f"tune-{name}"
            shutil.rmtree(folder, ignore_errors=True)
            folders.append(str(search_folder(folder, search, trials)))
        return folders

    return write


def entries_of(*words):
    """The runs that a command line plans, and what is tuned of them."""
    given = {"seeds": [4, 5], "run_dir": "nowhere"} | dict(words)
    return compare.plan_entries(given)


def test_tuned_entries(searches):
    """Each loss twice a seed, once where its defaults are its best."""
    folders = searches(
        softmax={
            "search": {"space": SPACE},
            "values": {"learning_rate": 0.0031},
        },
        triplet={"values": {"margin": 0.2}},
    )
    entries, tuned = entries_of(("tuned", folders), ("batch_size", 32))
    assert [entry.name for entry in entries] == [
        f"{name}-{seed}"
        for seed in (4, 5)
        for name in (
            "softmax",
            "softmax-temperature-0.11-learning_rate-0.0031",
            "triplet",
        )
    ]
    best = "softmax(temperature=0.11), tuned, learning_rate=0.0031"
    assert tuned.pairs == (
        ("softmax(temperature=0.07)", best),
        ("triplet(margin=0.2)", "triplet(margin=0.2)"),
    )
    for entry in entries:
        config = entry.plan.config
        assert (config.epochs, config.batch_size) == (3, 32)
        assert config.judge_on == "test"
        tuned_rate = "learning_rate" in entry.name
        assert config.learning_rate == (0.0031 if tuned_rate else 1e-3)
    assert any("Seed 4 is also" in note for note in tuned.notes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"count": 1}, "equal budgets. Received: trials 2"),
        ({"settings": {"epochs": 4}}, "epochs a trial 3"),
        ({"search": {"tuner": "grid"}}, "tuner 'random'"),
        ({"search": {"objective": "knn"}}, "objective 'linear_probe'"),
        ({"settings": {"data": "shapes(size=160)"}}, "on the same pictures"),
        ({"settings": {"batch_size": 64}}, "equal settings. Received: batch"),
        ({"count": 0}, "a trial that is done"),
    ],
)
def test_unequal_searches(searches, changes, told):
    """Refused, with what differs and where."""
    folders = searches(softmax={}, triplet=changes)
    with pytest.raises(command_line.UsageError) as raised:
        entries_of(("tuned", folders))
    text = str(raised.value)
    assert told in text and len(text.splitlines()) <= 2
    assert "tune-triplet" in text


def test_refusals_of_tuned(searches, tmp_path):
    """What does not go with --tuned, and folders that are no searches."""
    folders = searches(
        softmax={
            "search": {"space": SPACE},
            "values": {"learning_rate": 0.0031},
        }
    )
    for words, told in (
        ([("losses", ["nce"])], "`losses` must be left out"),
        ([("preset", "paper")], "`preset` must be left out"),
        ([("learning_rate", 0.1)], "left to the search that chose it"),
        ([("tuned", folders * 2)], "different losses"),
        ([("tuned", [str(tmp_path)])], "search.json"),
    ):
        with pytest.raises(command_line.UsageError, match=told):
            entries_of(("tuned", folders), *words)


def test_the_folder_must_be_a_search(command, tmp_path):
    """Told in plain lines, at once."""
    done = command("tuning.report", str(tmp_path))
    assert done.returncode == 2 and done.stdout == ""
    assert "search.json" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
