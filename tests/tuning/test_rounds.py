"""The search itself, with trials that train nothing."""

import dataclasses
import json
import math
import socket
import threading
import types

import pytest

from tests.here import Killed
from tests.verdicts import search_of
from tfcmc.distribute.cluster import TOKEN
from tfcmc.foundation.errors import TrainingFailed, UsageError
from tfcmc.searches import distributed, processes
from tfcmc.searches import tuner as tuners
from tfcmc.searches.distributed import BOOK, NAMES, Chief, role, work
from tfcmc.searches.processes import Progress
from tfcmc.searches.ranking import ranked
from tfcmc.searches.records import (
    DONE,
    FAILED,
    TUNERS,
    Trial,
    read_trials,
    trial_folder,
)
from tfcmc.searches.rounds import conduct
from tfcmc.searches.tuner import Tuner

EPOCHS = 9
SPACE = {
    "temperature": {"low": 0.02, "high": 1, "scale": "log"},
    "batch_size": {"low": 16, "high": 64, "scale": "linear", "whole": True},
    "mining": {"choices": ["all", "hard"]},
}


# A Bayesian search of three options draws nine trials at random first.
def make_search(tuner, trials=11, jobs=3, space=SPACE):
    plain = {"loss": "softmax", "objective": "knn", "settings": {}}
    return search_of(
        tuner=tuner, trials=trials, jobs=jobs, space=space, **plain
    )


def score_of(trial):
    """A function of a trial's values and epochs alone, in [0, 1]."""
    values = trial.values
    score = math.exp(-(math.log(values["temperature"] / 0.2) ** 2))
    return 0.8 * (score + values["batch_size"] / 640 + trial.epochs / 100)


class Runner:
    """Ends trials without training; `numbers` are those it ran.

    Some are broken; the process ends where it would run one more than
    `kill_after`; `order` is that in which the trials of a round end.
    """

    def __init__(
        self, folder, broken=(), kill_after=None, order=1, score=score_of
    ):
        self.folder, self.broken, self.order = folder, broken, order
        self.kill_after, self.score = kill_after, score
        self.numbers = []

    def __call__(self, proposals):
        for trial in proposals[:: self.order]:
            if len(self.numbers) == self.kill_after:
                raise Killed
            self.numbers.append(trial.number)
            path = trial_folder(self.folder, trial.number)
            path.mkdir(parents=True, exist_ok=True)
            told = {"status": DONE, "scores": {"knn": self.score(trial)}}
            if trial.number in self.broken:
                told = {"status": FAILED, "reason": "it broke"}
            yield dataclasses.replace(trial, **told)


def search_in(folder, search, **changes):
    """Runs a search, and returns the numbers of the trials that it ran."""
    run = Runner(folder, **changes)
    conduct(Tuner(search, EPOCHS), search, folder, run)
    return run.numbers


def hurry(patch):
    """Fits Gaussian processes from one other start, and not from twenty."""
    oracle = tuners.keras_tuner.oracles.BayesianOptimizationOracle
    make = oracle._make_gpr
    patch.setattr(
        oracle,
        "_make_gpr",
        lambda self: make(self).set_params(n_restarts_optimizer=1),
    )


@pytest.fixture
def hurried(monkeypatch):
    """A Bayesian search that is the same each time, and not its best."""
    hurry(monkeypatch)


@pytest.fixture(scope="module", params=TUNERS)
def whole(request, tmp_path_factory):
    """A search by every tuner, never interrupted."""
    folder = tmp_path_factory.mktemp(request.param)
    search = make_search(request.param)
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        ran = search_in(folder, search)
    trials = read_trials(folder)
    assert ran == [trial.number for trial in trials] == list(range(len(ran)))
    return search, trials


def test_trials_keep_to_the_space(whole):
    """Every value is of its range and type, and no two trials are alike."""
    search, trials = whole
    if search.tuner == "grid":
        assert len(trials) == 8  # two ends, two ends, two words
        assert len(Tuner(search, EPOCHS).propose(9)) == 8  # none waits
    else:
        assert len(trials) == search.trials
    for trial in trials:
        assert list(trial.values) == list(SPACE)
        assert 0.02 <= trial.values["temperature"] <= 1
        assert trial.values["batch_size"] in range(16, 65)
        assert trial.values["mining"] in ("all", "hard")
    seen = {(str(trial.values), trial.epochs) for trial in trials}
    assert len(seen) == len(trials)


def test_killed_and_gone_on(whole, tmp_path, hurried):
    """The same trials, each once, though a round's end in another order."""
    search, trials = whole
    ran = []
    for kill_after in (1, 0, 4, 2):
        with pytest.raises(Killed):
            search_in(tmp_path, search, kill_after=kill_after, order=-1)
        ran.append(len(read_trials(tmp_path)))
    assert ran == [1, 1, 5, 7]
    search_in(tmp_path, search)
    assert read_trials(tmp_path) == trials
    assert search_in(tmp_path, search) == []
    # Trials of another search are refused, not believed.
    path = trial_folder(tmp_path, 2) / "trial.json"
    record = json.loads(path.read_text())
    record["values"]["temperature"] *= 1.1
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="as this search proposes them"):
        search_in(tmp_path, search)


def test_more_trials_go_on(whole, tmp_path, hurried):
    """Five and then all are all; a grid of five is another grid."""
    search, trials = whole
    if search.tuner == "grid":
        return
    search_in(tmp_path, dataclasses.replace(search, trials=5))
    assert read_trials(tmp_path) == trials[:5]
    assert search_in(tmp_path, search) == list(range(5, search.trials))
    assert read_trials(tmp_path) == trials


def test_another_seed(whole):
    """Other trials, but for a grid, which draws nothing."""
    search, trials = whole
    first = Tuner(dataclasses.replace(search, seed=1), EPOCHS).propose(3)
    found, other = (
        {trial.values["temperature"] for trial in each}
        for each in (trials, first)
    )
    assert other < found if search.tuner == "grid" else not found & other


def test_trials_that_fail(whole, tmp_path, hurried):
    """They are recorded, and the search goes on to as many trials."""
    search, trials = whole
    ran = search_in(tmp_path / "some", search, broken={0, 2, 6})
    found = read_trials(tmp_path / "some")
    assert ran == list(range(len(trials)))
    assert [t.number for t in found if t.status == FAILED] == [0, 2, 6]
    assert found[6].reason == "it broke"
    # Told again, they do not trip the tuner either.
    assert search_in(tmp_path / "some", search) == []
    with pytest.raises(TrainingFailed, match="first 3 trials failed: it brok"):
        search_in(tmp_path / "all", search, broken=range(99))
    assert len(read_trials(tmp_path / "all")) == 3


def test_better_than_chance(tmp_path):
    """A Bayesian search ends nearer the best than random search does."""
    tops = {}
    for tuner in ("random", "bayesian"):
        search = make_search(tuner, 9, 1, {"x": SPACE["temperature"]})
        search_in(
            tmp_path / tuner,
            search,
            score=lambda trial: math.exp(
                -(math.log(trial.values["x"] / 0.05) ** 2)
            ),
        )
        best = ranked(read_trials(tmp_path / tuner), "knn")[0]
        tops[tuner] = best.scores["knn"]
    assert tops["bayesian"] > tops["random"]


def test_hyperband_goes_on_from_the_better(tmp_path):
    """Promoted trials have their parent's values, and train to more epochs."""
    search_in(tmp_path, make_search("hyperband", trials=40))
    trials = read_trials(tmp_path)
    promoted = [trial for trial in trials if trial.parent is not None]
    for trial in promoted:
        parent = trials[trial.parent]
        assert trial.values == parent.values
        assert parent.epochs < trial.epochs <= EPOCHS
    beginners = [t for t in trials[:9] if t.parent is None and t.epochs == 1]
    first = [t.parent for t in promoted if trials[t.parent] in beginners]
    ordered = ranked(beginners, "knn")
    assert ordered[0].number in first
    assert ordered[-1].number not in first


@pytest.mark.parametrize(
    ("space", "jobs", "count"),
    [
        # Once they are rounded there are 0.1000, 0.1001, ... 0.1004.
        ({"one": {"low": 0.1, "high": 0.1004, "scale": "linear"}}, 2, 5),
        (dict.fromkeys(("one", "two"), {"choices": [True, False]}), 1, 4),
    ],
)
def test_nothing_is_tried_twice(space, jobs, count, tmp_path):
    """Values that are few all have their turn, and then the search ends."""
    search = make_search("bayesian", 5, jobs, space)
    search_in(tmp_path, search, score=lambda trial: trial.values["one"] / 2)
    found = [tuple(t.values.values()) for t in read_trials(tmp_path)]
    assert len(found) == len(set(found)) == count


def test_screen(tmp_path, capsys):
    """A line as each starts and ends, and the best so far."""
    search = make_search("random", trials=4, jobs=1)
    progress = Progress(search, ())
    runner = Runner(tmp_path, broken={1})

    def run(proposals):
        progress.started(proposals[0])
        for trial in runner(proposals):
            progress.ended(trial)
            yield trial

    conduct(Tuner(search, EPOCHS), search, tmp_path, run)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert lines[2].startswith("trial 1: temperature=")
    assert "failed: it broke; best kNN" in lines[3]
    assert "2 to go, 0:00" in lines[3] and "to go" not in lines[7]
    top = ranked(read_trials(tmp_path), "knn")[0]
    told = f"best kNN {100 * top.scores['knn']:.1f} %, trial {top.number}"
    assert told in lines[7]


def test_time_that_is_left(monkeypatch, capsys):
    """Trials beside the first to end do not take its time again."""
    now = [7.0]
    clock = types.SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(processes, "time", clock)
    progress = Progress(make_search("random", trials=12, jobs=4), ())
    for number in range(5):
        now[0] += 600 * (number % 4 == 0)
        broken = {"status": FAILED, "reason": "it broke"}
        progress.ended(Trial(number, {}, EPOCHS, **broken))
    lines = capsys.readouterr().out.splitlines()
    told = [line.partition("; ")[2] for line in lines]
    assert told[0] == "11 to go, 20:00" and told[3] == "8 to go, 20:00"
    assert told[4] == "7 to go, 28:00"


@pytest.fixture
def loopback(monkeypatch):
    """KerasTuner's variables for processes on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    monkeypatch.setattr(distributed, "IDLE", 0.05)
    monkeypatch.setattr(distributed, "FAREWELL", 2.0)
    for name, value in zip(
        NAMES, ("chief", "127.0.0.1", str(number)), strict=True
    ):
        monkeypatch.setenv(name, value)
    return monkeypatch


def start(function, *parts):
    """Calls a function in a thread; what it raises is kept."""
    caught = []

    def call():
        try:
            function(*parts)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread, caught


def share(loopback, search, runners):
    """A chief and its workers, by name, all in threads."""
    folder = runners["one"].folder
    chief = Chief(Tuner(search, EPOCHS), search, folder, Progress(search, ()))
    ready = threading.Event()
    threads = {"chief": start(chief.serve, ready.set)}
    ready.wait(30)
    begun = {name: threading.Event() for name in runners}
    for name, runner in runners.items():

        def run(proposals, name=name, runner=runner):
            begun[name].set()
            # Neither takes all trials before the other has begun.
            assert all(event.wait(30) for event in begun.values())
            yield from runner(proposals)

        loopback.setenv(NAMES[0], name)
        tuner = Tuner(search, EPOCHS)
        threads[name] = start(work, tuner, search, folder, run)
        # A worker reads its name as it begins.
        begun[name].wait(30)
    return threads


@pytest.mark.parametrize("tuner", ["random", "bayesian", "hyperband"])
def test_chief_and_workers(tuner, loopback, tmp_path):
    """Two workers share all trials: none is lost and none is run twice.

    One is killed, and started again under its name.
    """
    search = make_search(tuner, trials=8, jobs=1)
    killed = 2 if tuner == "random" else None
    one, two = Runner(tmp_path, kill_after=killed), Runner(tmp_path)
    threads = share(loopback, search, {"one": one, "two": two})
    if killed is not None:
        thread, caught = threads["one"]
        thread.join(60)
        assert isinstance(caught[0], Killed)
        one.kill_after = None
        loopback.setenv(NAMES[0], "one")
        tuner = Tuner(search, EPOCHS)
        threads["one"] = start(work, tuner, search, tmp_path, one)
    for thread, caught in threads.values():
        thread.join(60)
        assert not thread.is_alive() and not caught
    assert sorted(one.numbers + two.numbers) == list(range(8))
    trials = read_trials(tmp_path)
    assert [(t.number, t.status) for t in trials] == [
        (number, DONE) for number in range(8)
    ]
    # A chief that is started again knows that all is done; nobody comes.
    loopback.setattr(distributed, "FAREWELL", 0.0)
    again = Chief(Tuner(search, EPOCHS), search, tmp_path, None)
    again.serve(lambda: None)


def test_a_book_that_cannot_be_written(tmp_path, monkeypatch):
    """It keeps whole rows, and the chief answers nobody any more."""
    chief = object.__new__(Chief)
    chief._folder, chief._failed = tmp_path, None
    chief._note("create", "0", "worker")
    whole = (tmp_path / distributed.BOOK).read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(distributed.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            chief._note("end", "0", "COMPLETED", 0.5)
    assert (tmp_path / distributed.BOOK).read_bytes() == whole
    for ask in (chief._create_trial, chief._end_trial):
        with pytest.raises(OSError, match="No space"):
            ask(None)


@pytest.mark.parametrize("tuner", ["bayesian", "hyperband", "grid"])
def test_a_chief_that_is_killed(tuner, loopback, tmp_path, hurried):
    """The next one has the same trials, ended and not, and goes on alike."""
    search = make_search(tuner, trials=30, jobs=1)

    def chief_in(folder):
        folder.mkdir(exist_ok=True)
        new = Tuner(search, EPOCHS)
        Chief(new, search, folder, Progress(search, ()))
        return new

    def step(new, worker):
        """Ends a worker's trial and hands out its next; returns that."""
        oracle = new.oracle
        if worker in oracle.ongoing_trials:
            trial = oracle.ongoing_trials[worker]
            score = score_of(new.read(trial))
            oracle.update_trial(trial.trial_id, {"knn": score})
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
        handed = oracle.create_trial(worker)
        return new.read(handed) if handed.status == "RUNNING" else None

    third = 'th"r\nee,\x85'  # a name that ends no line of the book
    workers = ["one", "two", "one", "one", "two", third, "two", "one"] * 2
    stays = chief_in(tmp_path / "stays")
    wanted = [step(stays, worker) for worker in workers]
    killed = chief_in(tmp_path / "killed")
    found = [step(killed, worker) for worker in workers[:9]]
    with open(tmp_path / "killed" / BOOK, "a") as file:
        file.write('["create", ')  # as it was writing
    goes_on = chief_in(tmp_path / "killed")
    assert goes_on.oracle.ongoing_trials.keys() == {"one", "two", third}
    found += [step(goes_on, worker) for worker in workers[9:]]
    assert found == wanted
    (tmp_path / "killed" / BOOK).write_text('["end", "7", "FAILED", null]\n')
    with pytest.raises(UsageError, match=f"`{BOOK}` must be as"):
        chief_in(tmp_path / "killed")


def test_the_door_of_the_chief(loopback, tmp_path):
    """A worker without the token is refused, a second chief too."""
    search = make_search("random", trials=8, jobs=1)
    loopback.setenv(TOKEN, "hush")
    chief = Chief(Tuner(search, EPOCHS), search, tmp_path, None)
    server = distributed.listen(
        distributed.oracle_chief.OracleServicer(chief._oracle)
    )
    loopback.setenv(TOKEN, "guess")
    with pytest.raises(UsageError, match=f"(?s)UNAUTH.*same {TOKEN}"):
        work(Tuner(search, EPOCHS), search, tmp_path, lambda each: ())
    with pytest.raises(UsageError, match="a port that is free"):
        chief.serve(lambda: None)
    server.stop(None).wait()
    assert not chief._oracle.trials


def test_roles(loopback):
    """All of KerasTuner's variables, or none."""
    assert role() == "chief"
    loopback.setenv(NAMES[0], "one")
    assert role() == "worker"
    for number in ("0", "99999", "9" * 5000, "http"):
        loopback.setenv(NAMES[2], number)
        with pytest.raises(UsageError, match=NAMES[2]):
            role()
    loopback.delenv(NAMES[2])
    with pytest.raises(UsageError, match=NAMES[2]):
        role()
    for name in NAMES:
        loopback.delenv(name, raising=False)
    assert role() is None
