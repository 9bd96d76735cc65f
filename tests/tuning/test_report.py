"""What a search is said to have found: order, figures, words, records."""

import csv
import dataclasses
import json
import os
import re
import shlex
import shutil

import numpy as np
import pytest

from tests.verdicts import SPACE, search_of
from tfcmc.commands.compare import plan_entries
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.searches import drawing, table
from tfcmc.searches.label_free import agreements
from tfcmc.searches.ranking import open_search, ranked
from tfcmc.searches.records import FAILED, Trial, read_verdict
from tfcmc.searches.regression import FEWEST_WEIGHED, importance, smooth
from tfcmc.searches.report import best_words, report, verdict_words
from tfcmc.searches.verdict import difference
from tuning import report as command

TRIAL_0 = "trials/0000/trial.json"
NAN = float("nan")


def trials_of(rng, count, *, labelled=True):
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
            "lidar": float(20 - 5 * off + 3 * rng.normal()),
            "alpha_req": float(off + 0.2 * rng.normal()),
        }
        if labelled:
            accuracy = float(0.6 - 0.2 * off + 0.02 * rng.normal())
            scores |= {"linear_probe": accuracy, "knn": accuracy - 0.1}
        trials.append(
            Trial(number, values, 3, scores=scores, seconds=7.5 + number)
        )
    return trials


def failed(number):
    """A trial that failed."""
    values = {"temperature": 0.011, "learning_rate": 0.009}
    return Trial(
        number, values, 1, status=FAILED, reason="=the loss is nan at step 3"
    )


@pytest.fixture
def found(tmp_path, search_folder):
    """A function that writes a search, and opens it."""

    def write(trials, default=None, **changes):
        folder = tmp_path / "search"
        shutil.rmtree(folder, ignore_errors=True)
        search_folder(folder, search_of(**changes), trials, default)
        return open_search(folder)

    return write


def test_order(rng, found):
    """Best first by either direction; what cannot be compared has no rank."""
    trials = trials_of(rng, 7)
    trials[3] = dataclasses.replace(trials[3], epochs=1, parent=1)
    trials.append(failed(7))
    for objective, sign in (("linear_probe", -1), ("alignment_uniformity", 1)):
        results = found(trials, objective=objective)
        order = table.order_trials(results)
        assert [rank for rank, _ in order] == [1, 2, 3, 4, 5, 6, None, None]
        scores = [t.scores[objective] for _, t in order[:6]]
        assert scores == sorted(scores, key=lambda score: sign * score)
        assert [t.number for _, t in order[6:]] == [3, 7]
        assert results.best == order[0][1]
    assert "no rank" in table.markdown(results)
    assert " continues 1 " in table.markdown(results)
    same = [dataclasses.replace(t, scores={"knn": 0.5}) for t in trials[:3]]
    assert ranked(same[::-1], "knn")[0].number == 0


def test_defaults_judged_by_others(rng, tmp_path, search_folder):
    """What judges them again is told as a shell takes it."""
    folder = tmp_path / "a search"
    search_folder(folder, search_of(), trials_of(rng, 1))
    path = folder / "default" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"t": 5.0}))
    with pytest.raises(UsageError, match="their own alpha and t") as raised:
        _ = open_search(folder).default
    command = str(raised.value).splitlines()[1]
    words = shlex.split(command.removesuffix(" judges it again."))
    assert words == ["tfcmc", "evaluate", str(folder / "default")]


def test_table(rng, found):
    """Every trial with its numbers, the defaults and reasons beside them."""
    trials = [*trials_of(rng, 5), failed(5)]
    results = found(trials)
    default = results.default
    assert default.values == {"temperature": 0.07, "learning_rate": 1e-3}
    assert default.scores["alignment_uniformity"] == pytest.approx(-1.5)
    rows = list(csv.DictReader(table.csv_text(results).splitlines()))
    assert rows[0]["trial"] == "default" and rows[0]["rank"] == ""
    for row in rows[1:-1]:
        trial = trials[int(row["trial"])]
        for name, value in (trial.values | trial.scores).items():
            assert float(row[name]) == value
        assert float(row["seconds"]) == trial.seconds
    assert [row["rank"] for row in rows[1:]] == ["1", "2", "3", "4", "5", ""]
    assert rows[-1]["reason"] == "'" + trials[5].reason
    assert rows[-1]["status"] == FAILED
    lines = table.markdown(results).splitlines()[: len(rows) + 2]
    assert len({len(line) for line in lines}) == 1
    best = max(trials[:5], key=lambda trial: trial.scores["linear_probe"])
    assert f" {100 * best.scores['linear_probe']:.1f} |" in lines[3]
    assert "failed: =the loss is nan" in lines[-1]
    many = dataclasses.replace(results, trials=trials * 4)
    shown = table.screen_text(many).splitlines()
    assert max(map(len, shown)) <= 99
    assert shown[-1] == "and 12 more, in table.md"


@pytest.mark.parametrize("ties", [False, True])
def test_label_free_objectives(rng, ties, found):
    """Spearman's correlation and regrets, against loops."""
    trials = trials_of(rng, 9)
    for trial in trials[::2] if ties else ():
        trial.scores["linear_probe"] = 0.31
    results = found(trials)
    for each, sign in zip(agreements(results), (-1, 1, 1, -1), strict=True):
        one = [sign * trial.scores[each.objective] for trial in trials]
        two = [trial.scores["linear_probe"] for trial in trials]
        assert each.correlation == pytest.approx(spearman(one, two))
        chosen = one.index(max(one))
        assert each.chosen == chosen
        assert each.regret == pytest.approx(max(two) - two[chosen])
        mean = sum(two) / len(two)
        assert each.random_regret == pytest.approx(max(two) - mean)
        assert each.default_regret == pytest.approx(max(two) - 0.52)
    for trial in trials:
        trial.scores["effective_rank"] = 3.0
    constant = dataclasses.replace(results, trials=trials)
    assert agreements(constant)[1].correlation is None
    few = dataclasses.replace(results, trials=trials[:2])
    assert agreements(few) == []


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
    for trials in (40, 20, 20, 20):
        places = rng.uniform(size=(trials, 3))
        scores = 3 * places[:, 1] ** 2 + 1.8 * places[:, 2]
        scores += 0.3 * rng.normal(size=trials)
        mean, low, high = importance(places, scores, [None] * 3)
        # No share that is drawn is 0 to the last digit.
        held.append((low - 0.01 <= truth) & (truth <= high))
        means.append(mean)
        widths.append((high - low)[1])
    # Each of an interval of 95 %: that two of twelve miss is rare enough.
    assert np.sum(held) >= 10
    assert np.mean(means, axis=0) == pytest.approx(truth, abs=0.1)
    assert widths[0] < np.mean(widths[1:])
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


def test_slices(rng, found):
    """What one option did: each trial where it belongs."""
    trials = [*trials_of(rng, 6), failed(6)]
    trials[2] = dataclasses.replace(trials[2], epochs=1)
    results = found(trials, objective="knn")
    slice_ = drawing.slice_of("temperature", results)
    pairs = [(t.values["temperature"], t.scores["knn"]) for t in trials[:6]]
    assert slice_.shorter == (pairs.pop(2),)
    assert sorted(slice_.trials) == sorted(pairs)
    assert slice_.best == max(pairs, key=lambda pair: pair[1])
    assert slice_.failed == (0.011,)
    assert slice_.default == (0.07, 0.41) and slice_.log
    values, mean, deviation = slice_.estimate
    assert values[0] == 0.01 and values[-1] == pytest.approx(1.0)
    assert len(values) == len(mean) == len(deviation)


def test_report(rng, found, capsys):
    """Settings, tables, figures, analysis; no verdict before the end."""
    trials = [*trials_of(rng, 14), failed(14)]
    folder = found(trials).folder
    command.main([str(folder)])
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
    assert len(analysis["label_free"]) == 4
    assert {path.name for path in (folder / "figures").iterdir()} == {
        "label_free_objectives.png",
        "objective_over_options.png",
        "option_importance.png",
    }
    assert (folder / "table.md").exists() and (folder / "table.csv").exists()


def test_report_without_labels(rng, found, capsys):
    """No column and no figure of a probe; what needs no labels is there."""
    trials = trials_of(rng, 6, labelled=False)
    scores = {"alignment_uniformity": -9.0, "effective_rank": 50.0}
    folder = found(trials, scores, objective="alignment_uniformity").folder
    report(folder)
    told = " ".join(capsys.readouterr().out.split())
    assert "linear" not in (folder / "table.csv").read_text()
    assert "No trial is better than the defaults" in told
    best = min(t.scores["alignment_uniformity"] for t in trials)
    assert f"{best:.3f}" in (folder / "table.md").read_text().splitlines()[3]
    names = [path.name for path in (folder / "figures").iterdir()]
    assert names == ["objective_over_options.png"]


def test_trials_that_are_shorter_than_the_defaults(rng, found):
    """As of a Hyperband that went no further: nothing is compared."""
    default = {"linear_probe": 0.9, "alignment_uniformity": -9.0}
    default["effective_rank"] = 50.0
    trials = trials_of(rng, 6)
    results = found(trials, default)
    assert results.rival is results.default
    assert "No trial is better than the defaults" in best_words(results)
    short = [dataclasses.replace(each, epochs=2) for each in trials]
    results = found(short, default)
    assert results.default is not None and results.rival is None
    told = best_words(results)
    assert "No trial is better" not in told
    assert "for 2 epochs, and the defaults for 3 epochs: neither" in told
    assert drawing.slice_of("temperature", results).default == (None, None)
    found_free = agreements(results)
    assert {each.default_regret for each in found_free} == {None}
    alone = best_words(found(trials[:1], default))
    assert "other trial" not in alone and "validation pictures" in alone
    verdict = verdict_of(0.3, 0.5)
    verdict["winner"]["epochs"], verdict["default"]["epochs"] = 2, 30
    assert "were trained for 2 and 30 epochs" in verdict_words(verdict)


def test_nothing_done(found, capsys):
    """A search whose every trial failed says so, with the reasons."""
    folder = found([failed(0), failed(1)]).folder
    report(folder, ended=True)
    told = capsys.readouterr().out
    assert "no trial is done" in told and "nan at step 3" in told
    assert not (folder / "best.json").exists()


def verdict_of(winner, default, before=()):
    """A verdict on 1,000 pictures, of two accuracies."""
    sphere = {
        "images": 1000,
        "alignment": 0.7,
        "uniformity": -2.5,
        "effective_rank": 88.0,
    }
    judged = {
        name: {
            "loss": "softmax(temperature=0.1)",
            "encoders_sha256": {"L": "00ff"},
            "sphere_all": sphere,
            "linear_probe": {"accuracy": accuracy, "interval": (0.1, 0.2)},
            "knn": {"accuracy": 0.4, "interval": (0.3, 0.5)},
        }
        for name, accuracy in (("winner", winner), ("default", default))
    }
    return judged | {
        "trial": 1,
        "judged_on": "test",
        "difference": difference(winner, default, 1000),
        "before": list(before),
    }


def test_what_is_within_the_noise():
    """Small differences are said to be noise, large ones to be of one seed."""
    near = verdict_words(verdict_of(0.512, 0.500))
    assert "1.2 points above" in near and near.endswith("within the noise.")
    below = verdict_words(verdict_of(0.40, 0.5))
    assert "10.0 points below" in below and "It is one seed" in below
    assert "within the noise" not in below
    assert "1 time." in verdict_words(verdict_of(0.5, 0.5, before=[1]))


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
        ("verdict.json", {"difference": {"linear_probe": 0.1}},
         "difference lacks interval"),
    ],
)  # fmt: skip
def test_damaged_records(name, change, told, rng, found):
    """Told in one sentence, which names the file and what is wrong in it."""
    folder = found(trials_of(rng, 2)).folder
    verdict = verdict_of(0.5, 0.4)
    (folder / "verdict.json").write_text(json.dumps(verdict))
    assert read_verdict(folder) == json.loads(json.dumps(verdict))
    record = json.loads((folder / name).read_text())
    if isinstance(change, dict):
        gone = {key for key in change if change[key] is None}
        record |= change
        change = {key: record[key] for key in record.keys() - gone}
    (folder / name).write_text(json.dumps(change))
    with pytest.raises(UsageError) as refused:
        open_search(folder)
        read_verdict(folder)
    text = str(refused.value)
    assert re.search(told, text) and "\n" not in text
    assert str(folder / name) in text and "as a search wrote it" in text


def test_a_pipe_for_a_record(found):
    """It is not waited for."""
    folder = found([]).folder
    (folder / "search.json").unlink()
    os.mkfifo(folder / "search.json")
    with pytest.raises(UsageError, match="not a regular file"):
        open_search(folder)


@pytest.fixture
def searches(rng, tmp_path, search_folder):
    """A function that writes searches of two losses, each as changed."""

    def write(softmax, triplet=None):
        folders = []
        for loss, option, default, best, changes in (
            ("softmax", "temperature", 0.07, 0.11, softmax),
            ("triplet", "margin", 0.2, 0.3, triplet),
        ):
            if changes is None:
                continue
            span = {"low": 0.01, "high": 1.0, "scale": "log"}
            search = search_of(
                space={option: span}, loss=f"{loss}({option}={default})"
            )
            search = dataclasses.replace(search, **changes.get("search", {}))
            settings = search.settings | {"seed": 4}
            settings |= changes.get("settings", {})
            search = dataclasses.replace(search, settings=settings)
            values = {option: best} | changes.get("values", {})
            trials = [
                Trial(number, values, 3, scores=trial.scores)
                for number, trial in enumerate(trials_of(rng, 2))
            ]
            folder = tmp_path / f"tune-{loss}"
            search_folder(folder, search, trials[: changes.get("count", 2)])
            folders.append(str(folder))
        return folders

    return write


LEARNING_RATE = {
    "search": {"space": SPACE},
    "values": {"learning_rate": 0.0031},
}


def entries_of(folders, **words):
    """The runs that a command line plans, and what is tuned of them."""
    given = {"seeds": [4, 5], "run_dir": "nowhere", "tuned": folders}
    return plan_entries(given | words)


def test_tuned_entries(searches):
    """Each loss twice a seed, once where its defaults are its best."""
    folders = searches(LEARNING_RATE, {"values": {"margin": 0.2}})
    entries, tuned = entries_of(folders, batch_size=32)
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
    assert any(
        "Seed 4 is also what the searches chose at" in note
        for note in tuned.notes
    )


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
    with pytest.raises(UsageError) as raised:
        entries_of(searches({}, changes))
    text = str(raised.value)
    assert told in text and len(text.splitlines()) <= 2
    assert "tune-triplet" in text


def test_refusals_of_tuned(searches, tmp_path):
    """What does not go with --tuned, and folders that are no searches."""
    folders = searches(LEARNING_RATE)
    width = {"encoder.width": {"low": 0.5, "high": 2.0, "scale": "log"}}
    for words, told in (
        ({"losses": ["nce"]}, "`losses` must be left out"),
        ({"preset": "paper"}, "`preset` must be left out"),
        ({"learning_rate": 0.1}, "left to the search that chose it"),
        ({"folders": folders * 2}, "different losses"),
        ({"folders": [str(tmp_path)]}, "search.json"),
    ):
        with pytest.raises(UsageError, match=told):
            entries_of(**{"folders": folders} | words)
    path = tmp_path / "tune-softmax"
    record = json.loads((path / "search.json").read_text())
    record["space"] = width
    (path / "search.json").write_text(json.dumps(record))
    for trial in path.glob("trials/*/trial.json"):
        values = {"values": {"encoder.width": 2.0}}
        trial.write_text(json.dumps(json.loads(trial.read_text()) | values))
    with pytest.raises(UsageError, match="leave the encoder as it is"):
        entries_of(folders)
