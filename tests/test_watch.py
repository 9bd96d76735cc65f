"""Machines meet, stay together, and are named when they are lost."""

import contextlib
import dataclasses
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time

import pytest

from tests.dirty.clusters import tf_config
from tfcmc.cli import machines
from tfcmc.distribute import addresses, heartbeat, reception, rendezvous
from tfcmc.distribute.cluster import machines_of, proof, read_cluster
from tfcmc.distribute.links import DONE, STOP, Link
from tfcmc.distribute.reception import Reception
from tfcmc.foundation import signals
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.text import printable

SETTINGS = {"seed": 3, "loss": "softmax"}


@pytest.fixture
def cluster(monkeypatch):
    """A function that makes the clusters of some machines of this host."""

    def make(count):
        with contextlib.ExitStack() as stack:
            servers = [
                stack.enter_context(socket.create_server(("localhost", 0)))
                for _ in range(count)
            ]
            names = [f"localhost:{s.getsockname()[1]}" for s in servers]
        found = []
        for index in range(count):
            monkeypatch.setenv("TF_CONFIG", tf_config(*names, index=index))
            found.append(read_cluster())
        return found

    return make


@pytest.fixture(autouse=True)
def beats(monkeypatch):
    """A connection that is refused is tried again soon."""
    for module in (rendezvous, reception, heartbeat):
        monkeypatch.setattr(module, "BEAT", 0.1)


class Machine(threading.Thread):
    """A machine whose training goes on until it is told to leave or fail."""

    def __init__(self, cluster, patience=20.0, settings=SETTINGS):
        super().__init__(daemon=True)
        self.met = threading.Event()
        self.last, self.raised = None, None
        self._meeting = cluster, settings, patience
        ours, theirs = socket.socketpair()
        self._training = Link(ours, "the training")
        self.work = Link(theirs, "the watch")
        self.start()

    def run(self):
        try:
            links = rendezvous.meet(*self._meeting)
            self.met.set()
            watching = heartbeat.Watch(self._training, links, lambda: None)
            self.last = watching.until_it_ends()
            watching.part(self.last)
        except Exception as error:
            self.raised = error

    def leave(self, words=DONE):
        """Lets its training end, and waits for the machine."""
        self.work.send(words)
        self.join(20)
        assert not self.is_alive()

    def told(self):
        """What it was ended with: which other was lost."""
        self.join(10)
        assert isinstance(self.raised, heartbeat.Lost)
        return str(self.raised)


def all_met(*machines):
    """Waits until all have met."""
    assert all(each.met.wait(10) for each in machines)


def test_they_meet_and_part(cluster):
    """None starts before all are there; all leave, whoever is first."""
    clusters = cluster(3)
    others = [Machine(each) for each in clusters[1:]]
    chief = Machine(clusters[0])
    all_met(chief, *others)
    # TensorFlow's own server comes there, while the connections remain.
    socket.create_server(("", clusters[0].addresses[0][1])).close()
    for each in (others[1], chief, others[0]):
        each.leave()
        assert (each.raised, each.last) == (None, DONE)


def test_nobody_starts_alone(cluster, monkeypatch):
    """The last to come is waited for; strangers keep nobody from coming."""
    monkeypatch.setattr(reception, "TIMEOUT", 0.7)
    clusters = cluster(3)
    early = [Machine(each) for each in clusters[:2]]
    assert not any(each.met.wait(0.7) for each in early)
    with contextlib.ExitStack() as stack:
        silent, rude, endless, cut = (
            stack.enter_context(
                socket.create_connection(clusters[0].addresses[0])
            )
            for _ in range(4)
        )
        cut.sendall(b"half a li")
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n\x1b[31m\0\xff")
        with contextlib.suppress(OSError):
            endless.sendall(bytes(2**20))
        late = Machine(clusters[2])
        all_met(late)
        for each in (silent, rude, cut):
            each.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                while each.recv(100):
                    pass
    all_met(*early)
    for each in (*early, late):
        each.leave()


@pytest.mark.parametrize(
    ("prove", "settings", "words"),
    [
        (
            lambda *words: secrets.token_hex(32),
            SETTINGS,
            "`TFCMC_TOKEN` must be the same",
        ),
        (proof, ["seed"], "must run the same tfcmc"),
        (proof, "deep", "must run the same tfcmc"),
    ],
)
def test_a_stranger(cluster, monkeypatch, prove, settings, words):
    """It is told why it may not take part; the chief waits for the right."""
    monkeypatch.setenv("TFCMC_TOKEN", "hush")
    clusters = cluster(2)
    chief = Machine(clusters[0])
    with monkeypatch.context() as patch:
        patch.setattr(rendezvous, "proof", prove)
        if settings == "deep":
            patch.setattr(json, "dumps", lambda each: "[" * 9_000)
        wrong = Machine(clusters[1], settings=settings)
        wrong.join(10)
    assert isinstance(wrong.raised, UsageError)
    assert words in str(wrong.raised)
    assert not chief.met.is_set()
    right = Machine(clusters[1])
    all_met(chief)
    for each in (chief, right):
        each.leave()


def test_machines_started_otherwise(cluster):
    """All are told which, and in what, and none goes on."""
    clusters = cluster(4)
    names = clusters[0].names
    others = [{"seed": 4}, {}, {"\x1b[31m": 1, "loss": "nce"}]
    there = [
        Machine(each, settings=SETTINGS | other)
        for each, other in zip(clusters, [{}, *others], strict=True)
    ]
    told = (
        f"as the chief, {names[0]}. Received: {names[1]} with seed 4 and not "
        f"3; {names[3]} with loss 'nce' and not 'softmax', \\x1b[31m 1 and "
        f"not None"
    )
    for each in there:
        each.join(10)
        assert isinstance(each.raised, UsageError)
        assert printable(str(each.raised)).endswith(told)
        assert not each.met.is_set()


def test_a_machine_that_comes_twice(cluster, monkeypatch):
    """The first is told to go, and the second has its place."""
    clusters, known, admit = cluster(3), threading.Event(), Reception._admit

    def admitted(*visitor):
        admit(*visitor)
        known.set()

    monkeypatch.setattr(Reception, "_admit", admitted)
    chief, first = (Machine(each) for each in clusters[:2])
    assert known.wait(10)
    second = Machine(clusters[1])
    first.join(10)
    assert "another machine has come as worker 1" in str(first.raised)
    there = chief, second, Machine(clusters[2])
    all_met(*there)
    for each in there:
        each.leave()


def test_it_listens_where_it_is_named(cluster):
    """Not at this machine's other addresses."""
    (here, _) = cluster(2)
    with addresses.listen(here) as servers:
        found = {each.getsockname()[0] for each in servers}
        assert found and found <= {"127.0.0.1", "::1"}
    elsewhere = dataclasses.replace(
        here, machines=(("worker", 0, "192.0.2.1:12345"), here.machines[1])
    )
    with addresses.listen(elsewhere) as servers:
        assert len(servers) == 1 and servers[0].getsockname()[0] in ("::", "")


@pytest.mark.parametrize("dead", [0, 2])
def test_a_machine_dies(dead, cluster):
    """All others are told which, at once; the chief too."""
    clusters = cluster(3)
    alive = [Machine(c) for n, c in enumerate(clusters) if n != dead]
    links = rendezvous.meet(clusters[dead], SETTINGS, 20.0)
    all_met(*alive)
    for link in links:
        link.connection.close()
    for each in alive:
        assert each.told() == f"{clusters[0].names[dead]} does not answer"


def test_a_machine_is_cut_off(cluster, monkeypatch):
    """Without signs of life for long enough it is lost."""
    monkeypatch.setattr(heartbeat, "SILENCE", 1.2)
    clusters = cluster(2)
    chief = Machine(clusters[0])
    (silent,) = rendezvous.meet(clusters[1], SETTINGS, 20.0)
    all_met(chief)
    time.sleep(0.7)
    assert chief.is_alive()
    assert chief.told() == f"{clusters[0].names[1]} does not answer"
    silent.connection.close()


def test_a_machine_stops(cluster, monkeypatch):
    """It says why, and all others are told."""
    monkeypatch.setattr(heartbeat, "GRACE", 0.3)
    there = [Machine(each) for each in cluster(3)]
    all_met(*there)
    there[1].leave(f"{STOP}worker 1 has stopped: \x1b[2J`data` must be there.")
    assert there[1].raised is None
    for each in (there[0], there[2]):
        wanted = "worker 1 has stopped: \\x1b[2J`data` must be there."
        assert each.told() == wanted


def test_what_stops_all_is_told_by_each(cluster):
    """None is ended from outside that stops by itself a little later."""
    there = [Machine(each) for each in cluster(2)]
    all_met(*there)
    for number, each in enumerate(there):
        time.sleep(0.5 * number)
        each.leave(f"{STOP}the loss is nan at step 3")
        assert each.raised is None and each.last.endswith("at step 3")


@pytest.fixture
def work():
    """A process that hears of nothing, as one inside TensorFlow's start."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield machines._Process(process.pid)
        process.kill()


@pytest.fixture
def ends():
    """Both ends of a connection, and of another."""
    with contextlib.ExitStack() as stack:
        found = [
            [Link(stack.enter_context(end), name) for end in pair]
            for name in ("worker 0", "worker 1")
            for pair in [socket.socketpair()]
        ]
        for link in (each for pair in found for each in pair):
            link.connection.settimeout(0.3)  # who leaves waits no longer
        yield found


def test_signs_are_given_at_every_beat(ends, monkeypatch):
    """However many are heard: signs that answer signs would have no end."""
    (training, _), (link, other) = ends
    monkeypatch.setattr(heartbeat, "BEAT", 0.1)
    watch = heartbeat.Watch(training, [link], other.send)
    end = time.monotonic() + 0.55
    while time.monotonic() < end:
        watch._attend()
    assert 3 <= len(other.connection.recv(4096)) <= 6


def test_work_that_hears_nothing_is_ended(work, ends, capsys):
    """Where a machine is lost, from outside, with a line that names it."""
    (training, _), (link, other) = ends
    other.connection.close()
    assert machines._watch_over(work, training, [link], "Again.") == 1
    told = capsys.readouterr().err
    assert told == "Stopped: worker 1 does not answer. Again.\n"
    assert work.wait(None) == -signal.SIGKILL


@pytest.mark.parametrize("hears", [True, False])
def test_a_signal_is_passed_on(hears, ends, monkeypatch):
    """To the work, which is ended where it hears none; the others are told."""
    monkeypatch.setattr(machines, "GRACE", 60.0 if hears else 1.0)
    (training, inside), (link, other) = ends

    def stop():
        os.kill(os.getpid(), signal.SIGTERM)
        with contextlib.suppress(ChildProcessError):  # it is reaped already
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        inside.connection.close()  # as the system does

    deaf = "" if hears else "trap '' TERM; "
    with subprocess.Popen(["sh", "-c", f"{deaf}exec sleep 60"]) as process:
        threading.Timer(0.5, stop).start()
        with pytest.raises(signals.Interrupted, match="SIGTERM"):
            machines._watch_over(
                machines._Process(process.pid), training, [link], "Again."
            )
    told = f"{STOP}worker 0 has stopped: SIGTERM: interrupted"
    assert told in other.receive()


def test_work_tells_how_it_ended(ends, monkeypatch):
    """In one line; an error of TensorFlow's, which names nobody, waits."""
    (training, inside), _ = ends
    monkeypatch.setattr(machines, "SILENCE", 0.2)
    monkeypatch.setattr(machines, "GRACE", 0.2)
    unavailable = type(
        "UnavailableError",
        (Exception,),
        {"__module__": "tensorflow.python.framework.errors_impl"},
    )
    for error, least in (
        (UsageError("`data` must be there.\nKnown: none."), 0.0),
        (unavailable("Connection reset by peer"), 0.4),
    ):
        start = time.monotonic()
        with pytest.raises(type(error)), machines._telling(inside):
            raise error
        assert time.monotonic() - start >= least
        (line,) = training.receive()
        assert line == STOP + str(error).partition("\n")[0]
    with machines._telling(inside):
        pass
    assert training.receive() == [DONE]


def test_a_machine_does_not_come(cluster):
    """After a while all that have come are told who has not."""
    clusters = cluster(3)
    there = [Machine(each, patience=1.0) for each in clusters[:2]]
    alone = Machine(cluster(2)[1], patience=1.0)
    for each in (*there, alone):
        each.join(10)
        assert isinstance(each.raised, UsageError)
        assert not each.met.is_set()
    for each in there:
        assert str(each.raised).endswith(f"Missing: {clusters[0].names[2]}")
    assert "Missing: worker 0 (localhost:" in str(alone.raised)


@pytest.mark.parametrize("index", [0, 1])
def test_a_port_that_is_taken(cluster, index):
    """It is told on either machine: TensorFlow would wait for ever."""
    here = cluster(2)[index]
    with socket.create_server(here.addresses[index]):
        told = f"ports that are free.*worker {index}"
        with pytest.raises(UsageError, match=told):
            rendezvous.meet(here, SETTINGS, 5.0)


@pytest.mark.parametrize("index", [1, "1"])
def test_the_chief_is_the_first(index, monkeypatch):
    """Machines stand in TensorFlow's order, with what they are called."""
    text = tf_config("a:1", "[::1]:2", chief=["b:3"], index=index)
    monkeypatch.setenv("TF_CONFIG", text)
    found = machines_of("auto")
    assert found.names == (
        "chief 0 (b:3)",
        "worker 0 (a:1)",
        "worker 1 ([::1]:2)",
    )
    assert found.addresses == (("b", 3), ("a", 1), ("::1", 2))
    assert found.here == 2


def test_one_machine_is_no_cluster(monkeypatch):
    """It trains as one without TF_CONFIG does."""
    monkeypatch.setenv("TF_CONFIG", tf_config("a:1"))
    assert machines_of("multiworker") is machines_of("one") is None
