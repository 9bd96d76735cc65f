"""Trainings that are told to stop, or killed, and what comes of them."""

import contextlib
import ctypes
import os
import signal
import threading
import time
import types

import pytest
from sklearn.neural_network import MLPClassifier

from tests import kills
from tests.equal_runs import check_equal
from tfcmc.cli import command_line
from tfcmc.experiment import train
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.locks import held
from tfcmc.foundation.signals import Interrupted, noted, raised
from tfcmc.training import interval
from tfcmc.training.interval import Interval
from tfcmc.training.saving import SaveCheckpoint
from trainers import evaluate, pretrain


def killed_in_epoch_2(devices, words, number, moment):
    """As `kills.killed`, at a moment at which something is saved already."""
    process = kills.start(devices, words)
    for line in process.stdout:
        if "epoch 1/" in line:
            break
    process.send_signal(number)
    _, errors = process.communicate(timeout=kills.UNDISTURBED)
    assert process.returncode == -number, errors
    return True


def test_killed_and_gone_on(tmp_path, monkeypatch):
    """All that is remembered, killed in the second epoch, bit for bit."""
    words_of, less = kills.words_of, ["--data=shapes(size=320)", "--epochs=2"]
    monkeypatch.setattr(
        kills, "words_of", lambda *case: [*words_of(*case), *less]
    )
    monkeypatch.setattr(kills, "killed", killed_in_epoch_2)
    told = []
    cases = [("nce(z=mean)", "bank(momentum=0.5, draws=64)", 2)]
    assert kills.study(cases, 1, 8, tmp_path, show=told.append) == 1, told
    assert "SIGKILL at " in told[0]


def test_stopped_after_every_step(
    tmp_path, monkeypatch, learnt, capsys, eager
):
    """Told to stop after each step in turn, the last of an epoch too.

    With all that is remembered: bank, Z, batch statistics, an encoder of
    one's own and a head.
    """
    words = ["--data=shapes(size=100)", "--epochs=2", "--batch-size=40"]
    words += ["--negatives=bank(draws=16)", "--loss=nce(z=mean)"]
    words += ["--evaluate=none", "--side=32", "--encoder=tests.tiny:normed"]
    words += ["--head=mlp(hidden=6, dim=4, norm=hidden)"]
    pretrain.main([*words, f"--run-dir={tmp_path / 'whole'}"])
    stopped = [*words, f"--run-dir={tmp_path / 'stopped'}"]
    places = []
    with monkeypatch.context() as patch:
        always = contextlib.nullcontext(lambda: signal.SIGTERM)
        patch.setattr(train, "noted", lambda: always)
        for _ in range(3):
            with pytest.raises(Interrupted) as told:
                pretrain.main(stopped)
            places.append(str(told.value))
    assert places.pop() == "SIGTERM: saved at epoch 2"
    assert places == [
        f"SIGTERM: saved at {place}"
        for place in ("step 1 of 2 of epoch 1", "step 1 of 2 of epoch 2")
    ]
    capsys.readouterr()
    pretrain.main(stopped)
    assert "trained already, 2 epochs" in capsys.readouterr().out
    check_equal(learnt(tmp_path / "stopped"), learnt(tmp_path / "whole"))


def test_stopped_where_an_epoch_is_one_step():
    """At its end, for there is no other place; not at that of the last."""
    callback = SaveCheckpoint(
        None,
        None,
        identity={},
        steps_per_epoch=1,
        last_step=3,
        due=lambda: False,
        told=lambda: signal.SIGTERM,
    )
    steps = 1
    callback.set_model(types.SimpleNamespace(steps_done=lambda: steps))
    callback.on_train_batch_end(0)
    with pytest.raises(Interrupted, match="SIGTERM"):
        callback.on_epoch_end(0)
    steps = 3
    callback.on_train_batch_end(2)
    callback.on_epoch_end(2)


def test_one_writer(trained, refused):
    """A second process on a run folder is refused, to train or to judge."""
    folder, _ = trained
    words = ["--data=shapes(size=160)", "--epochs=2", "--batch-size=16"]
    for main, given in (
        (pretrain.main, [*words, f"--run-dir={folder}"]),
        (evaluate.main, [folder]),
    ):
        with held(folder):
            assert "one process at a time" in refused(main, *given)
    with held(folder), held(folder, part="other-"):
        pass


def test_no_folder_where_nothing_came_of_it(tmp_path):
    """Data that do not do leave no empty run behind."""
    (tmp_path / "pictures").mkdir()
    folder = tmp_path / "runs" / "one"
    with pytest.raises(UsageError, match="images"):
        pretrain.main(
            [f"--data=folder:{tmp_path / 'pictures'}", f"--run-dir={folder}"]
        )
    assert not folder.exists()


NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", NUMBERS)
def test_signals_are_noted_once(number):
    """Noted once and then obeyed; raised; or ignored, where they are."""
    before = {each: signal.getsignal(each) for each in NUMBERS}
    obeyed = []
    for each in NUMBERS:
        signal.signal(each, lambda *got: obeyed.append(got[0]))
    try:
        with noted() as told:
            assert told() is None
            for each in (number, *NUMBERS):  # the same one comes again
                os.kill(os.getpid(), each)
                assert told() == number
            assert obeyed == [number]
        os.kill(os.getpid(), number)
        assert obeyed == [number, number]
        with pytest.raises(Interrupted) as caught, noted(), raised():
            os.kill(os.getpid(), number)
        assert caught.value.number == number
        signal.signal(number, signal.SIG_IGN)
        with raised(), noted() as told:
            os.kill(os.getpid(), number)
            assert told() is None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def drops():
    """Code that C calls, and what it raises goes nowhere."""
    ctypes.CFUNCTYPE(None)(interrupt)()
    time.sleep(10)


def makes_another():
    """Code that makes another error of whatever is raised."""
    try:
        interrupt()
    except BaseException:
        raise SystemError("returned a result with an exception set") from None


def goes_on():
    """Code that takes the end for the wish to hear what it has so far."""
    with contextlib.suppress(BaseException):
        interrupt()


def interrupt():
    """Presses Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("code", [interrupt, drops, makes_another, goes_on])
def test_interrupted_in_any_code(code, capsys):
    """A line and 130, whatever becomes of it on its way."""
    with pytest.raises(SystemExit) as left:
        command_line.run(code)
    assert left.value.code == 130
    assert capsys.readouterr().err == (
        "\nCtrl-C: interrupted. The same command goes on from what is saved.\n"
    )


def test_a_probe_is_no_shorter_for_ctrl_c(rng):
    """scikit-learn's MLP goes on after KeyboardInterrupt with what it has."""
    start = threading.Timer(0.5, interrupt)
    start.start()
    model = MLPClassifier(max_iter=10**6, tol=0, n_iter_no_change=10**6)
    with pytest.raises(Interrupted), raised():
        model.fit(rng.normal(size=(200, 4)), rng.integers(0, 2, 200))
    start.join()


def test_signals_in_a_thread():
    """Where Python allows no handlers, none is set."""
    found = []

    def look():
        with noted() as told:
            found.append(told())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [None]


def test_intervals(monkeypatch):
    """Steps are counted, minutes read off the clock."""
    every = Interval("3")
    assert [every.due() for _ in range(7)] == [
        step % 3 == 0 for step in range(1, 8)
    ]
    now = iter([0.0, 20.0, 31.0, 50.0, 61.5])
    monkeypatch.setattr(interval.time, "monotonic", lambda: next(now))
    every = Interval("0.5min")
    assert [every.due() for _ in range(4)] == [False, True, False, True]


@pytest.mark.parametrize(
    "text", ["0", "0min", "-3", "1.5", "min", "", "10 min", "1e3", "10sec"]
)
def test_intervals_refused(text):
    """Neither steps nor minutes, or none at all."""
    with pytest.raises(UsageError, match="`save-every` must be .* Received"):
        Interval(text)
