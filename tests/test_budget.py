"""Training for steps or for a time: what fits, once, and exactly."""

import contextlib
import json
import types

import numpy as np
import pytest

from tests.dirty.clusters import tf_config
from tests.plain import leave_out_graphs
from tests.tiny import NORMED
from tfcmc.distribute.strategies import make_strategy
from tfcmc.experiment import cost
from tfcmc.experiment import pretrain as experiment
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_source
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import tf
from tfcmc.runs.folder import Run
from tfcmc.training.checkpoints import Checkpoints
from tfcmc.training.fit import spans
from tfcmc.training.interval import seconds_of
from tfcmc.training.pace import WARM, seconds_a_step
from tfcmc.training.saving import SaveHistory
from trainers import compare, pretrain
from tuning import search

# Nine steps an epoch.
SMALL = {
    "data": "shapes(size=160)",
    "batch_size": 16,
    "encoder": NORMED,
    "side": 32,
    "evaluate": "none",
}


def learn(folder, until=None, **settings):
    """Trains, and returns the run, its settings and its history."""
    plan = make_plan(make_config(SMALL | settings | {"run_dir": str(folder)}))
    experiment.pretrain(plan, until=until)
    run = Run(folder)
    rows = run.read_history()
    for row in rows:
        del row["seconds"]
    return run, json.loads((run.folder / "config.json").read_text()), rows


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """A training of 13 steps, as `learn` returns it."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out_graphs(patch)
        return learn(tmp_path_factory.mktemp("cut") / "a", steps=13)


def test_steps_that_end_within_an_epoch(cut, tmp_path, eager):
    """The last epoch is cut short; gone on with, it is the same to a bit."""
    run, settings, rows = cut
    assert (settings["steps"], settings["epochs"]) == (13, 2)
    assert [row["epoch"] for row in rows] == [1, 2]
    last = Checkpoints(run.checkpoints).latest()
    assert last.step == 13
    learn(tmp_path / "b", steps=13, until=1)
    other, _, again = learn(tmp_path / "b", steps=13)
    assert again == rows
    arrays = Checkpoints(other.checkpoints).latest().arrays
    assert arrays.keys() == last.arrays.keys()
    for path, array in arrays.items():
        np.testing.assert_array_equal(array, last.arrays[path])
    # Its rate has fallen to nothing by then: the schedule spans what it has.
    whole = learn(tmp_path / "c", until=1, epochs=2)[2]
    assert whole[0]["loss"] != rows[0]["loss"]


def test_what_is_finished_stays(cut, tmp_path, capsys):
    """The same command again keeps the row of the epoch that was cut."""
    run, _, rows = cut
    assert learn(run.folder, steps=13)[2] == rows
    assert "trained already, 2 epochs" in capsys.readouterr().out
    with pytest.raises(UsageError, match="has steps 13 and not 14"):
        learn(run.folder, steps=14)
    with pytest.raises(UsageError, match="`epochs` must be left out with --s"):
        learn(tmp_path / "other", steps=13, epochs=3)


def test_what_fits_is_measured_once(tmp_path, monkeypatch, capsys, eager):
    """And is a setting of the run from then on, however fast it is later."""
    monkeypatch.setattr(cost, "step_time", lambda *_: 0.1)
    given = {"budget": "0.02min"}
    _, settings, rows = learn(tmp_path, until=1, **given)
    assert "budget 0.02min: 100 ms a step, 12 steps" in capsys.readouterr().out
    assert (settings["steps"], settings["epochs"], len(rows)) == (12, 2, 1)
    monkeypatch.setattr(cost, "step_time", lambda *_: 0.01)
    _, again, rows = learn(tmp_path, **given)
    assert (again, len(rows)) == (settings, 2)
    assert "goes on after epoch 1" in capsys.readouterr().out
    _, _, whole = learn(tmp_path / "steps", steps=12)
    assert rows == whole
    with pytest.raises(UsageError, match="has budget '0.02min' and not '1min"):
        learn(tmp_path, budget="1min")


def test_measured_for_real(tmp_path):
    """Steps of a tiny model: as many as fit, on a machine that does more."""
    run, settings, _ = learn(tmp_path, budget="0.005min")
    spent = sum(row["seconds"] for row in run.read_history())
    assert settings["steps"] > 1
    assert 0.05 * 0.3 < spent < 20 * 0.3


@pytest.fixture
def clock(monkeypatch):
    """A list of the time that it is, in seconds, for who measures it."""
    now = [100.0]
    watch = types.SimpleNamespace(perf_counter=lambda: now[0])
    for name in ("pace", "saving"):
        monkeypatch.setattr(f"tfcmc.training.{name}.time", watch)
    return now


class Slow:
    """Stands for a model whose first step compiles."""

    def __init__(self, clock):
        self.steps, self.clock = 0, clock

    def fit(self, data, *, steps_per_epoch, callbacks, **_):
        for _, _ in zip(range(steps_per_epoch), data, strict=False):
            self.clock[0] += 0.02 if self.steps else 0.5
            self.steps += 1
            for each in callbacks:
                each.on_train_batch_end(0, {})


class Numbers:
    """Stands for a stream."""

    def dataset(self, start, steps, shares, mine):
        return tf.data.Dataset.range(start, start + steps)

    def told(self):
        return contextlib.nullcontext()


def test_compiling_is_not_counted(clock):
    """Neither in what is measured, nor in what the history tells."""
    model = Slow(clock)
    found = seconds_a_step(model, tf.distribute.get_strategy(), Numbers(), 0.4)
    assert found == pytest.approx(0.02)
    assert WARM + 19 <= model.steps <= WARM + 21


def test_seconds_of_an_epoch(tmp_path, clock):
    """Those of its steps; the first of a process counts as the others."""
    run = Run(tmp_path / "run")
    run.create()
    history = SaveHistory(run, [], 2.0)
    history.on_train_begin()
    for first in (0.5, 0.02):
        history.on_epoch_begin(0)
        for seconds in (first, 0.02, 0.02):
            clock[0] += seconds
            history.on_train_batch_end(0)
        clock[0] += 0.3  # what is measured between epochs
        history.on_epoch_end(0, {})
    one, other = (row["seconds"] for row in history.rows)
    assert (one, other) == (2.06, 0.06)
    history.on_train_end()


def test_spans():
    """The rest of an epoch, whole ones, and a part of the last."""
    assert spans(0, 13, 9) == [(0, 9), (9, 13)]
    assert spans(4, 31, 9) == [(4, 9), (9, 27), (27, 31)]
    assert spans(28, 31, 9) == [(28, 31)]
    assert spans(0, 5, 9) == [(0, 5)]
    assert spans(0, 18, 9) == [(0, 18)]


@pytest.mark.parametrize(
    "text", ["10", "ten", "0min", "-1min", "1e9min", "10 min", "100001min"]
)
def test_no_time(text, refused):
    """Told in one line."""
    assert refused(pretrain.main, f"--budget={text}") == (
        f"`budget` must be minutes, such as 10min, above 0 and at most "
        f"100,000. Received: {text!r}"
    )


def test_a_time():
    """Minutes, whole or not."""
    assert seconds_of("10min") == 600.0
    assert seconds_of("0.5min") == 30.0


def test_time_and_epochs(refused, monkeypatch):
    """One of them says how long; a preset's epochs give way."""
    told = "`budget` must be left out with --epochs or --steps: how many fit "
    for word in ("--epochs=3", "--steps=3"):
        words = ["--budget=1min", word]
        assert refused(pretrain.main, *words).startswith(told)
        assert refused(compare.main, *words).startswith(told)
    config = make_config({"preset": "paper", "budget": "1min"})
    assert make_plan(config).config.epochs is None
    assert refused(search.main, "--budget=1min") == (
        "`budget` must be left out of a search, whose trials go by epochs. "
        "Received: '1min'"
    )
    monkeypatch.setenv("TF_CONFIG", tf_config("a:1", "b:1"))
    told = "`strategy` must be one or mirrored, or TF_CONFIG unset"
    assert refused(pretrain.main, "--budget=1min").startswith(told)


def test_the_time_of_what_begins_late(plain_views):
    """A loss that holds something for many steps is timed like another."""
    settings = {"preset": "swav", "loss": "swav(prototypes=4, freeze=300)"}
    plan = make_plan(make_config(SMALL | settings | {"budget": "10min"}))
    pictures = read_source(plan).pretrain
    assert cost.step_time(plan, pictures, make_strategy("one"), 0.05) > 0


def test_other_pictures_under_steps(tmp_path, rng, eager):
    """Are told as such, and not as epochs that nobody gave."""
    for count in (160, 200):
        pictures = rng.integers(0, 256, (count, 16, 16, 3), np.uint8)
        np.savez(tmp_path / "a.npz", x_unlabeled=pictures)
        given = {"data": f"npz:{tmp_path / 'a.npz'}", "steps": 13}
        if count == 160:
            learn(tmp_path / "run", **given)
    told = "which has 200 pictures to learn from and not 160"
    with pytest.raises(UsageError, match=told):
        learn(tmp_path / "run", **given)
