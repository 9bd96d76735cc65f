"""The search itself, with trials that train nothing."""

import dataclasses
import json
import math
import socket
import threading

import pytest

from tfcmc.distribute.cluster import TOKEN
from tfcmc.foundation.errors import UsageError
from tfcmc.search import distributed, port
from tfcmc.search.distributed import BOOK, Chief, work
from tfcmc.search.engine import NothingWorks, conduct
from tfcmc.search.oracle import Tuner
from tfcmc.search.port import NAMES, role
from tfcmc.search.progress import Progress
from tfcmc.search.ranking import best_trial
from tfcmc.search.records import (
    DONE,
    FAILED,
    TUNERS,
    Search,
    Trial,
    read_trials,
    trial_folder,
)

EPOCHS = 9
SPACE = {
    "temperature": {"low": 0.02, "high": 1, "scale": "log"},
    "batch_size": {"low": 16, "high": 64, "scale": "linear", "whole": True},
    "mining": {"choices": ["all", "hard"]},
}


def make_search(tuner, trials=14, **changes):
    search = Search(
        loss="softmax",
        space=SPACE,
        tuner=tuner,
        objective="knn",
        trials=trials,
        seed=0,
        settings={},
        jobs=3,
    )
    return dataclasses.replace(search, **changes)


def result_of(proposal, folder, broken=()):
    """What a trial comes to: a function of its values and epochs alone."""
    trial_folder(folder, proposal.number).mkdir(parents=True, exist_ok=True)
    values = proposal.values
    score = math.exp(-(math.log(values["temperature"] / 0.2) ** 2))
    score += values["batch_size"] / 640 + proposal.epochs / 100
    trial = Trial(scores={"knn": 0.8 * score}, **dataclasses.asdict(proposal))
    if proposal.number in broken:
        changes = {"status": FAILED, "reason": "it broke", "scores": {}}
        trial = dataclasses.replace(trial, **changes)
    return trial


class Killed(BaseException):
    """Stands for the end of the process."""


def search_in(folder, search, *, order=1, broken=(), kill_after=None):
    """Runs a search; `order` is that in which a round's trials end."""
    ran = []

    def run(proposals):
        for proposal in proposals[::order]:
            if len(ran) == kill_after:
                raise Killed
            ran.append(proposal.number)
            yield result_of(proposal, folder, broken)

    conduct(Tuner(search, EPOCHS), search, folder, run)
    return ran


@pytest.fixture(scope="module", params=TUNERS)
def whole(request, tmp_path_factory):
    """A search by every tuner, never interrupted."""
    folder = tmp_path_factory.mktemp(request.param)
    search = make_search(request.param)
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


def test_no_trial_repeats_another(tmp_path):
    """Nor once its values are rounded, here to 0.1000, 0.1001, 0.1002, ..."""
    space = {"temperature": {"low": 0.1, "high": 0.1004, "scale": "linear"}}

    def run(proposals):
        for proposal in proposals:
            scores = {"knn": proposal.values["temperature"]}
            trial_folder(tmp_path, proposal.number).mkdir(parents=True)
            yield Trial(scores=scores, **dataclasses.asdict(proposal))

    search = make_search("bayesian", trials=5, space=space, jobs=2)
    trials = conduct(Tuner(search, EPOCHS), search, tmp_path, run)
    tried = {trial.values["temperature"] for trial in trials}
    assert tried == {0.1, 0.1001, 0.1002, 0.1003, 0.1004}


def test_whatever_ends_first(whole, tmp_path):
    """The trials of a round may end in any order."""
    search, trials = whole
    search_in(tmp_path, search, order=-1)
    assert read_trials(tmp_path) == trials


def test_killed_and_gone_on(whole, tmp_path):
    """Killed again and again it makes the same trials, each of them once."""
    search, trials = whole
    ran = []
    for kill_after in (1, 0, 4, 2):
        with pytest.raises(Killed):
            search_in(tmp_path, search, kill_after=kill_after)
        ran.append(len(read_trials(tmp_path)))
    assert ran == [1, 1, 5, 7]
    search_in(tmp_path, search)
    assert read_trials(tmp_path) == trials
    assert search_in(tmp_path, search) == []


def test_more_trials_go_on(whole, tmp_path):
    """Five and then all are all; a grid of five is another grid."""
    search, trials = whole
    if search.tuner == "grid":
        return
    search_in(tmp_path, dataclasses.replace(search, trials=5))
    assert read_trials(tmp_path) == trials[:5]
    assert search_in(tmp_path, search) == list(range(5, search.trials))
    assert read_trials(tmp_path) == trials


def test_another_seed(whole, tmp_path):
    """Other trials, but for a grid, which draws nothing."""
    search, trials = whole
    search_in(tmp_path, dataclasses.replace(search, seed=1))
    found, other = (
        {trial.values["temperature"] for trial in each}
        for each in (trials, read_trials(tmp_path))
    )
    assert found == other if search.tuner == "grid" else not found & other


def test_trials_that_fail(whole, tmp_path):
    """They are recorded, and the search goes on to as many trials."""
    search, trials = whole
    ran = search_in(tmp_path, search, broken={0, 2, 6})
    found = read_trials(tmp_path)
    assert ran == list(range(len(trials)))
    assert [t.number for t in found if t.status == FAILED] == [0, 2, 6]
    assert found[6].reason == "it broke"
    # Told again, they do not trip the tuner either.
    assert search_in(tmp_path, search) == []


def test_nothing_works(whole, tmp_path):
    """It stops with the reason once the first trials have all failed."""
    search, _ = whole
    with pytest.raises(NothingWorks, match="first 3 trials failed: it broke"):
        search_in(tmp_path, search, broken=range(99))
    assert len(read_trials(tmp_path)) == 3


def test_better_than_chance(tmp_path):
    """A Bayesian search ends nearer the best than random search does."""
    tops = {}
    for tuner in ("random", "bayesian"):
        search = make_search(tuner, trials=24)
        search_in(tmp_path / tuner, search)
        found = best_trial(search, read_trials(tmp_path / tuner))
        tops[tuner] = found.scores["knn"]
    assert tops["bayesian"] > tops["random"]


def test_hyperband_goes_on_from_the_better(tmp_path):
    """Promoted trials have their parent's values, and train to more epochs."""
    search = make_search("hyperband", trials=40)
    search_in(tmp_path, search)
    trials = read_trials(tmp_path)
    promoted = [trial for trial in trials if trial.parent is not None]
    assert promoted
    for trial in promoted:
        parent = trials[trial.parent]
        assert trial.values == parent.values
        assert parent.epochs < trial.epochs <= EPOCHS
    beginners = [t for t in trials[:9] if t.parent is None and t.epochs == 1]
    first = [t.parent for t in promoted if trials[t.parent] in beginners]
    ranked = sorted(beginners, key=lambda trial: -trial.scores["knn"])
    assert ranked[0].number in first
    assert ranked[-1].number not in first


def test_few_choices_are_tried_once(tmp_path):
    """A space of words ends when all are tried, though trials are left."""
    space = {name: {"choices": [True, False]} for name in ("flip", "squared")}
    search = make_search("bayesian", space=space, jobs=1)

    def run(proposals):
        for proposal in proposals:
            path = trial_folder(tmp_path, proposal.number)
            path.mkdir(parents=True)
            score = {"knn": proposal.values["flip"] / 2}
            yield Trial(scores=score, **dataclasses.asdict(proposal))

    trials = conduct(Tuner(search, EPOCHS), search, tmp_path, run)
    found = {tuple(trial.values.values()) for trial in trials}
    assert len(trials) == len(found) == 4


def test_a_record_that_is_not_proposed(whole, tmp_path):
    """Trials of another search are refused, not believed."""
    search, _ = whole
    search_in(tmp_path, search)
    path = trial_folder(tmp_path, 2) / "trial.json"
    record = json.loads(path.read_text())
    record["values"]["temperature"] *= 1.1
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="as this search proposes them"):
        search_in(tmp_path, search)


def test_screen(tmp_path, capsys):
    """A line as each starts and ends, and the best so far."""
    search = make_search("random", trials=4, jobs=1)
    progress = Progress(search, ())

    def run(proposals):
        for proposal in proposals:
            progress.started(proposal)
            trial = result_of(proposal, tmp_path, broken={1})
            progress.ended(trial)
            yield trial

    trials = conduct(Tuner(search, EPOCHS), search, tmp_path, run)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert lines[2].startswith("trial 1: temperature=")
    assert "failed: it broke; best kNN" in lines[3]
    assert "2 to go, 0:00" in lines[3] and "to go" not in lines[7]
    top = best_trial(search, trials)
    assert f"trial {top.number}" in lines[7]


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


def share(loopback, search, folder, ran, killed=None):
    """A chief and two workers; worker `killed` ends within its third trial."""
    progress = Progress(search, ())
    chief = Chief(Tuner(search, EPOCHS), search, folder, progress)
    ready = threading.Event()
    threads = [start(chief.serve, ready.set)]
    ready.wait(30)
    begun = {name: threading.Event() for name in ("one", "two")}
    for name in begun:

        def run(proposals, name=name):
            begun[name].set()
            # Neither takes all trials before the other has begun.
            assert all(event.wait(30) for event in begun.values())
            for proposal in proposals:
                if name == killed and len(ran.get(name, ())) == 2:
                    raise Killed
                ran.setdefault(name, []).append(proposal.number)
                yield result_of(proposal, folder)

        loopback.setenv(NAMES[0], name)
        tuner = Tuner(search, EPOCHS)
        threads.append(start(work, tuner, search, folder, run))
        # A worker reads its name as it begins.
        begun[name].wait(30)
    return threads


@pytest.mark.parametrize("tuner", ["random", "bayesian", "hyperband"])
def test_chief_and_workers(tuner, loopback, tmp_path):
    """Two workers share all trials: none is lost and none is run twice."""
    search, ran = make_search(tuner, trials=8, jobs=1), {}
    for thread, caught in share(loopback, search, tmp_path, ran):
        thread.join(60)
        assert not thread.is_alive() and not caught
    assert sorted(ran["one"] + ran["two"]) == list(range(8))
    assert [trial.number for trial in read_trials(tmp_path)] == list(range(8))
    assert {trial.status for trial in read_trials(tmp_path)} == {DONE}
    # A chief that is started again knows that all is done.
    again = Chief(Tuner(search, EPOCHS), search, tmp_path, None)
    again.serve(lambda: None)


def test_a_worker_that_is_killed(loopback, tmp_path):
    """Started again under its name, it is given the same trial again."""
    search, ran = make_search("random", trials=8, jobs=1), {}
    chief, broken, other = share(loopback, search, tmp_path, ran, killed="one")
    broken[0].join(60)
    assert isinstance(broken[1][0], Killed)
    loopback.setenv(NAMES[0], "one")

    def run(proposals):
        for proposal in proposals:
            ran["one"].append(proposal.number)
            yield result_of(proposal, tmp_path)

    again = start(work, Tuner(search, EPOCHS), search, tmp_path, run)
    for thread, caught in (chief, other, again):
        thread.join(60)
        assert not thread.is_alive() and not caught
    assert sorted(ran["one"] + ran["two"]) == list(range(8))


@pytest.mark.parametrize("tuner", ["bayesian", "hyperband", "grid"])
def test_a_chief_that_is_killed(tuner, loopback, tmp_path):
    """The next one has the same trials, ended and not, and goes on alike."""
    search = make_search(tuner, trials=30, jobs=1)

    def chief_in(folder):
        folder.mkdir(exist_ok=True)
        progress = Progress(search, ())
        new = Tuner(search, EPOCHS)
        return new, Chief(new, search, folder, progress)

    def step(new, worker):
        """Ends a worker's trial and hands out its next; returns that."""
        oracle = new.oracle
        if worker in oracle.ongoing_trials:
            trial = oracle.ongoing_trials[worker]
            score = result_of(new.read(trial), tmp_path).scores["knn"]
            oracle.update_trial(trial.trial_id, {"knn": score})
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
        handed = oracle.create_trial(worker)
        return new.read(handed) if handed.status == "RUNNING" else None

    third = 'th"r\nee,\x85'  # a name that ends no line of the book
    workers = ["one", "two", "one", "one", "two", third, "two", "one"] * 2
    stays, _ = chief_in(tmp_path / "stays")
    wanted = [step(stays, worker) for worker in workers]
    killed, _ = chief_in(tmp_path / "killed")
    found = [step(killed, worker) for worker in workers[:9]]
    with open(tmp_path / "killed" / BOOK, "a") as file:
        file.write('["create", ')  # as it was writing
    goes_on, _ = chief_in(tmp_path / "killed")
    assert goes_on.oracle.ongoing_trials.keys() == {"one", "two", third}
    found += [step(goes_on, worker) for worker in workers[9:]]
    assert found == wanted
    (tmp_path / "killed" / BOOK).write_text('["end", "7", "FAILED", null]\n')
    with pytest.raises(UsageError, match=f"`{BOOK}` must be as"):
        chief_in(tmp_path / "killed")


def test_a_worker_without_the_token(loopback, tmp_path):
    """Who cannot show it is given no trial, and told why."""
    search = make_search("random", trials=8, jobs=1)
    loopback.setenv(TOKEN, "hush")
    chief = Chief(Tuner(search, EPOCHS), search, tmp_path, None)
    server = port.listen(
        distributed.oracle_chief.OracleServicer(chief._oracle)
    )
    loopback.setenv(TOKEN, "guess")
    with pytest.raises(UsageError, match=f"(?s)UNAUTH.*same {TOKEN}"):
        work(Tuner(search, EPOCHS), search, tmp_path, lambda each: ())
    server.stop(None).wait()
    assert not chief._oracle.trials


def test_a_port_that_is_taken(loopback, tmp_path):
    """Two chiefs do not share a port: the second is told."""
    search = make_search("random", trials=1, jobs=1)
    first = Chief(Tuner(search, EPOCHS), search, tmp_path, None)
    server = port.listen(distributed.oracle_chief.OracleServicer(None))
    with pytest.raises(UsageError, match="a port that is free"):
        first.serve(lambda: None)
    server.stop(None).wait()


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
