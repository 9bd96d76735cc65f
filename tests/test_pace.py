"""How fast training goes, what it waits for, and a trace of its steps."""

import functools
import shlex
import time
import types

import keras
import pytest
import tensorflow as tf

from tests.equal_runs import check_same
from tests.tiny import make
from tfcmc.foundation.errors import UsageError
from tfcmc.report import summary
from tfcmc.training import pace as pacing
from tfcmc.training import progress
from tfcmc.training.interval import steps_of
from tfcmc.training.pace import Pace
from tfcmc.training.profile import Profile
from tfcmc.training.progress import ShowProgress


def test_the_wait_is_what_a_step_waits_for_its_batch(monkeypatch):
    """Until the batch is made, if that is after the step's begin."""
    now = iter([0.0, 9.0, 10.0, 14.0, 20.0, 21.0, 30.0, 33.0])
    clock = types.SimpleNamespace(perf_counter=lambda: next(now))
    monkeypatch.setattr(pacing, "time", clock)
    made = {5: 8.0, 6: 12.0, 7: 2.0, 8: 40.0}
    pace = Pace(made, 5)
    for step in range(2):
        pace.on_epoch_begin(step)
        for _ in range(2):
            pace.on_train_batch_begin(0)
            pace.on_train_batch_end(0)
    assert (pace.steps, pace.seconds, made) == (3, 8.0, {})
    # Of the second epoch: 1 s without, and 3 s that are nothing else.
    assert pace.of_epoch() == {"step_ms": 2000.0, "input_wait": 0.75}


GPUS = [types.SimpleNamespace(name=gib) for gib in ("3", "12.5", "7")]


class Idle(keras.Model):
    """A model whose steps take some seconds."""

    def __init__(self, seconds):
        super().__init__()
        self._seconds = seconds

    def train_step(self, batch):
        time.sleep(self._seconds)
        return {"loss": tf.constant(0.0)}


def slowly(read, seconds, numbers):
    """Pictures, after some seconds."""
    time.sleep(seconds)
    return read(numbers)


def test_slow_pictures_are_seen():
    """Steps wait for pictures that are read slowly, and not for others."""
    stream = make().stream
    read = stream._pictures.read
    shares = []
    for reading, learning in ((0.2, 0.0), (0.0, 0.1)):
        stream._pictures.read = functools.partial(slowly, read, reading)
        model, pace = Idle(learning), Pace(stream.made, 0)
        model.compile(run_eagerly=True)
        data = stream.dataset(0, 6)
        model.fit(data, verbose=0, shuffle=False, callbacks=[pace])
        shares.append(pace.of_epoch()["input_wait"])
        assert stream.made == {} and pace.steps == 5
    assert shares[0] > 0.7 and shares[1] < 0.3


def test_lines_fit_the_screen(monkeypatch, capsys):
    """With the wait and the memory of the fullest GPU, in a long training."""
    for gpus, waited, end in (
        ([], 0.82, "  41 ms  1:08:20 left  wait 2%"),
        (GPUS, 4.1, "  41 ms  1:08:20 left  wait 10%  12.5 GiB"),
    ):
        monkeypatch.setattr(
            tf.config, "list_logical_devices", lambda kind, found=gpus: found
        )
        monkeypatch.setattr(
            tf.config.experimental,
            "get_memory_info",
            lambda name: {"peak": float(name) * 2**30},
        )
        pace = Pace({}, 0)
        pace.steps, pace.seconds, pace._waited = 1000, 41.0, waited
        show = ShowProgress(
            epochs=90,
            first_step=0,
            last_step=100_000,
            steps_per_epoch=1000,
            batch_size=128,
            pace=pace,
        )
        show.on_epoch_begin(89)
        show.on_train_batch_end(0)
        names = ("loss", "alignment", "uniformity", "effective_rank")
        numbers = (7.5163, 0.229, -3.977, 1200.0)
        show.on_epoch_end(89, dict(zip(names, numbers, strict=True)))
        line = capsys.readouterr().out.rstrip("\n")
        assert line.startswith("  epoch 90/90  loss") and line.endswith(end)
        assert len(line) <= 120
        show._pace.seconds = 41e6
        show.on_epoch_end(89, dict.fromkeys(names, -1e6))
        line = capsys.readouterr().out.rstrip("\n")
        assert len(line) <= 120 and "loss -1000000" in line


def test_what_is_left_has_the_ends_of_epochs(monkeypatch):
    """Each epoch to come is measured and saved as the last one was."""
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    now = iter([9.0, 69.0, 70.0, 71.0, 72.0, 73.0, 93.0, 94.0, 200.0])
    clock = types.SimpleNamespace(perf_counter=lambda: next(now))
    monkeypatch.setattr(progress, "time", clock)
    pace = Pace({}, 3)
    pace.steps, pace.seconds = 10, 4.0
    # Goes on within the first epoch; the last is cut short.
    show = ShowProgress(
        epochs=3,
        first_step=3,
        last_step=9,
        steps_per_epoch=4,
        batch_size=16,
        pace=pace,
    )
    logs = dict.fromkeys(
        ("loss", "alignment", "uniformity", "effective_rank"), 1.0
    )
    told = []
    for epoch, steps in enumerate((1, 4, 1)):
        show.on_epoch_begin(epoch)
        for _ in range(steps):
            show.on_train_batch_end(0, logs)
            told.append([*show._speed()][1])
        show.on_epoch_end(epoch, logs)
        told.append([*show._speed()][1])
    seconds = [2.0, 2.0 + 2 * 60]
    seconds += [0.4 * left + 2 * 60 for left in (4, 3, 2, 1)]
    seconds += [0.4 + 20, 20.0, 0.0]
    assert told == [f"{summary.clock(each)} left" for each in seconds]


def test_a_trace_changes_nothing(tmp_path, capsys):
    """It is of the steps asked for, where TensorBoard looks for it."""
    folder, ends = tmp_path / "a run", []
    for traced in (True, False):
        tiny = make()
        tiny.model.run_eagerly = True
        with Profile(str(folder), "2:3", 4) as profile:
            tiny.model.fit(
                tiny.stream.dataset(0, 4),
                verbose=0,
                shuffle=False,
                callbacks=[profile] if traced else [],
            )
        ends.append([v.numpy() for v in tiny.model.state().values()])
    check_same(*ends)
    (trace,) = (folder / "plugins" / "profile").glob("*/*.xplane.pb")
    assert trace.stat().st_size > 1000
    told = capsys.readouterr().out
    first, _, command = told.partition(" (")[0].partition(": ")
    assert first == "trace of steps 2 to 3"
    assert shlex.split(command) == ["tensorboard", f"--logdir={folder}"]
    with pytest.raises(UsageError, match="of the 4 steps to train"):
        Profile(str(tmp_path), "2:5", 4)


def test_a_trace_ends_where_training_fails(tmp_path):
    """So that another can begin."""
    for _ in range(2):
        with (
            pytest.raises(ZeroDivisionError),
            Profile(str(tmp_path), "1:3", 4) as profile,
        ):
            profile.on_train_batch_begin(0)
            raise ZeroDivisionError


def test_steps_of_a_trace():
    """So many after the first few, or from one to another."""
    assert steps_of("10") == (4, 13)
    assert steps_of("1:100") == (1, 100)
    for wrong in ("0", "0:3", "20:10", "1:101", "ten", "-3", "10:", "1:2:3"):
        with pytest.raises(UsageError, match="profile.*such as 10:20"):
            steps_of(wrong)
