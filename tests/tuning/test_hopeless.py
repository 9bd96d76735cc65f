"""Whether a trial may still become the best."""

import types

import numpy as np
import pytest
from scipy import stats

from tests.verdicts import search_of
from tfcmc.cli import workers
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import TrainingFailed
from tfcmc.runs.folder import Run
from tfcmc.searches import processes
from tfcmc.searches.hopeless import FEWEST, chance_of_the_best, is_hopeless
from tfcmc.searches.records import FAILED, STOPPED, Trial
from tfcmc.searches.tuner import Tuner


def test_chance(rng):
    """As a prediction interval of the gain has it."""
    others = [np.cumsum(rng.uniform(0.02, 0.1, 6)) for _ in range(5)]
    curve = [0.1, 0.12, 0.2]
    gains = [each[-1] - each[2] for each in others]
    best = max(each[-1] for each in others)
    spread = np.std(gains, ddof=1) * np.sqrt(1 + 1 / 5)
    wanted = stats.t.sf((best - 0.2 - np.mean(gains)) / spread, 4)
    found = chance_of_the_best(curve, [list(each) for each in others])
    assert found == pytest.approx(wanted)


def test_hopeless():
    """One far below is; one among them, or with few known, is not."""
    others = [[0.3, 0.40, 0.44], [0.31, 0.41, 0.46], [0.29, 0.38, 0.43]]
    others += [[0.33, 0.42, 0.46]]
    assert len(others) > FEWEST
    assert is_hopeless([0.1, 0.12], others)
    assert not is_hopeless([0.31, 0.40], others)
    assert not is_hopeless([0.1, 0.12], others[: FEWEST - 1])
    # Of a curve that is longer than theirs nothing is known.
    assert chance_of_the_best([0.1] * 4, others) is None
    same = [[0.2, 0.3]] * 4
    assert 0 < chance_of_the_best([0.2], same) < 1


def nine(**changes):
    """A search of nine trials for a temperature."""
    space = {"temperature": {"low": 0.1, "high": 1.0, "scale": "log"}}
    plain = {"space": space, "objective": "least_probe", "trials": 9}
    return search_of(**plain, settings={}, **changes)


@pytest.mark.parametrize("alone", [True, False])
def test_a_trial_is_stopped(alone, tmp_path, monkeypatch):
    """At the line of an epoch; by a worker, which knows its own alone, not."""
    curves = {str(n): [0.3 + n / 100, 0.4 + n / 100] for n in range(4)}
    config = make_plan(make_config({"data": "shapes(size=160)"})).config
    search = nine(loss=config.loss)
    done = [Trial(n, {"temperature": 0.2}, 2) for n in range(4)]
    told = []

    def run_all(jobs, *, at_once, show, started):
        for job in jobs:
            started(job)
            told.append(show(job, "training with softmax"))
            told.append(show(job, "  epoch 1/2  loss 3"))
            yield workers.Ended(job, 143 if told[-1] else 1, "told")

    def read_history(run):
        found = curves.get(str(int(run.folder.name[-1])), [])
        return [{"knn": each} for each in found]

    monkeypatch.setattr(processes, "read_trials", lambda _: done)
    monkeypatch.setattr(workers, "run_all", run_all)
    monkeypatch.setattr(
        processes,
        "_job",
        lambda number, folder, *_: types.SimpleNamespace(
            name=number, folder=folder
        ),
    )
    monkeypatch.setattr(
        processes,
        "read_history",
        lambda run: (
            [{"knn": 0.1}]
            if run.folder.name == "0007"
            else []
            if run.folder.name == "default"
            else read_history(run)
        ),
    )
    progress = processes.Progress(search, done, alone=alone)
    running = processes.Processes(search, config, tmp_path, progress)
    monkeypatch.setattr(progress, "ended", lambda trial: None)
    (trial,) = running([Trial(7, {"temperature": 0.9}, 2, status="running")])
    assert told == [False, alone]
    assert (trial.status == STOPPED) == alone
    if alone:
        assert "10.0 % by the nearest" in trial.reason
        assert "after 1 of 2 epochs" in trial.reason
        assert "the best, 43.0 %" in trial.reason


@pytest.mark.parametrize("judged", [True, False])
def test_a_default_that_failed_is_no_measure(judged, tmp_path, monkeypatch):
    """Its curve ends where it broke."""
    search = nine()
    run = Run(tmp_path / "default")
    monkeypatch.setattr(processes, "read_trials", lambda _: [])
    monkeypatch.setattr(processes, "curve_of", lambda run: [run.folder.name])
    monkeypatch.setattr(
        processes, "read_metrics", lambda _: {} if judged else None
    )
    progress = processes.Progress(search, [])
    running = processes.Processes(search, None, tmp_path, progress)
    assert running._curves(0) == ([[run.folder.name]] if judged else [])


def test_its_own_round_is_no_measure(tmp_path, monkeypatch):
    """Though a trial of it was recorded before the search was killed."""
    search = nine(jobs=3)
    done = [Trial(n, {"temperature": 0.2}, 2) for n in (0, 1, 2, 3, 5)]
    monkeypatch.setattr(processes, "read_trials", lambda _: done)
    monkeypatch.setattr(
        processes, "curve_of", lambda run: [int(run.folder.name)]
    )
    progress = processes.Progress(search, [])
    running = processes.Processes(search, None, tmp_path, progress)
    assert running._curves(4) == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("code", "told", "stops"),
    [
        (1, "The machine failed: [Errno 28] No space left on device.", True),
        (1, "The machine failed: out of memory (...).", False),
        (143, "SIGTERM: saved at step 3.", True),
        (1, "Stopped: the loss is nan at step 3.", False),
        (-9, "", False),
    ],
)
def test_what_the_machine_does_is_no_trials_fault(code, told, stops, tmp_path):
    """It is not recorded: the next start tries again."""
    search = nine()
    running = processes.Processes(search, None, tmp_path, None)
    ended = workers.Ended(workers.Job(3, (), tmp_path), code, told)
    if stops:
        with pytest.raises(TrainingFailed, match="trial 3: "):
            running._outcome(ended, None)
    else:
        assert running._outcome(ended, None)["status"] == FAILED


def test_a_stopped_trial_counts_as_the_worst(monkeypatch):
    """The tuner learns of it, and proposes elsewhere."""
    search = nine(tuner="bayesian")
    tuner = Tuner(search, 2)
    told = []
    update = tuner.oracle.update_trial
    monkeypatch.setattr(
        tuner.oracle,
        "update_trial",
        lambda number, scores: told.append(scores) or update(number, scores),
    )
    for score in (0.4, 0.3, None, 0.5):
        (trial,) = tuner.propose(1)
        scores = {} if score is None else {"least_probe": score}
        status = STOPPED if score is None else "done"
        trial = Trial(trial.number, trial.values, 2, None, status, "", scores)
        tuner.tell(trial)
    assert [each["least_probe"] for each in told] == [0.4, 0.3, 0.3, 0.5]
