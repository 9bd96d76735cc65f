"""Machines meet, stay together, and are named when they are lost."""

import contextlib
import json
import socket
import threading
import time

import pytest

from tfcmc import meeting, watch
from tfcmc.checks import UsageError
from tfcmc.cluster import read_cluster


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
            task = {"type": "worker", "index": index}
            config = {"cluster": {"worker": names}, "task": task}
            monkeypatch.setenv("TF_CONFIG", json.dumps(config))
            found.append(read_cluster())
        return found

    return make


class Machine(threading.Thread):
    """A machine that trains until it is told to leave or to fail."""

    def __init__(self, cluster, patience=20.0):
        super().__init__(daemon=True)
        self.met, self.leaves = threading.Event(), threading.Event()
        self.ended, self.raised, self.fails = [], None, None
        self._cluster, self._patience = cluster, patience
        self.start()

    def run(self):
        try:
            with watch.together(
                self._cluster, self.ended.append, self._patience
            ):
                self.met.set()
                assert self.leaves.wait(20)
                if self.fails:
                    raise self.fails
        except Exception as error:
            self.raised = error

    def leave(self, error=None):
        """Lets it leave its training, and waits for that."""
        self.fails = error
        self.leaves.set()
        self.join(20)
        assert not self.is_alive()


class Dummy:
    """A machine that speaks the language, and does nothing by itself."""

    def __init__(self, cluster):
        self.link = meeting._meet_chief(cluster, meeting._Waiting(20.0))


def told(machine, seconds=10):
    """What a machine was ended with."""
    end = time.monotonic() + seconds
    while not machine.ended and time.monotonic() < end:
        time.sleep(0.02)
    (words,) = machine.ended
    return words


def test_they_meet_and_part(cluster):
    """None starts before all are there; all leave, whoever is first."""
    clusters = cluster(3)
    others = [Machine(each) for each in clusters[1:]]
    chief = Machine(clusters[0])
    assert all(each.met.wait(10) for each in (chief, *others))
    # TensorFlow's own server comes there, while the connections remain.
    socket.create_server(("", clusters[0].addresses[0][1])).close()
    for each in (others[1], chief, others[0]):
        each.leave()
        assert each.raised is None
    assert not [*chief.ended, *others[0].ended, *others[1].ended]


def test_nobody_starts_alone(cluster):
    """The last to come is waited for."""
    clusters = cluster(3)
    early = [Machine(each) for each in clusters[:2]]
    assert not any(each.met.wait(1) for each in early)
    with socket.create_connection(clusters[0].addresses[0]) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert not stranger.recv(1)
    late = Machine(clusters[2])
    for each in (*early, late):
        assert each.met.wait(10)
        each.leave()


def test_a_machine_dies(cluster):
    """All others are told which, at once."""
    clusters = cluster(3)
    alive = [Machine(each) for each in clusters[:2]]
    dead = Dummy(clusters[2])
    assert all(each.met.wait(10) for each in alive)
    dead.link.connection.close()
    for each in alive:
        assert told(each) == f"{clusters[2].names[2]} does not answer"
        each.leave()


def test_the_chief_dies(cluster):
    """The others are told it is the chief."""
    clusters = cluster(2)
    with socket.create_server(clusters[0].addresses[0]) as server:
        other = Machine(clusters[1])
        connection, _ = server.accept()
    with connection:
        assert connection.recv(100) == b"tfcmc 1 2\n"
        connection.sendall(b"start\n")
        assert other.met.wait(5)
    assert told(other) == f"{clusters[1].names[0]} does not answer"
    other.leave()


def test_a_machine_is_cut_off(cluster, monkeypatch):
    """Without signs of life for long enough it is lost."""
    monkeypatch.setattr(watch, "SILENCE", 1.5)
    clusters = cluster(2)
    chief = Machine(clusters[0])
    silent = Dummy(clusters[1])
    assert chief.met.wait(10)
    time.sleep(1)
    assert not chief.ended
    assert told(chief) == f"{clusters[0].names[1]} does not answer"
    chief.leave()
    silent.link.connection.close()


def test_a_machine_stops(cluster, monkeypatch):
    """It says why, and all others are told."""
    monkeypatch.setattr(watch, "GRACE", 0.3)
    machines = [Machine(each) for each in cluster(3)]
    assert all(each.met.wait(10) for each in machines)
    error = UsageError("`data` must be there.\nKnown: none.")
    machines[1].leave(error)
    assert machines[1].raised is error and not machines[1].ended
    for each in (machines[0], machines[2]):
        assert told(each).startswith("worker 1 (localhost:")
        assert told(each).endswith(" has stopped: `data` must be there.")
        each.leave()


def test_what_stops_all_is_told_by_each(cluster):
    """None is ended from outside that stops by itself a little later."""
    machines = [Machine(each) for each in cluster(2)]
    assert all(each.met.wait(10) for each in machines)
    for each in machines:
        error = ArithmeticError("the loss is nan at step 3")
        each.leave(error)
        assert each.raised is error and not each.ended
        time.sleep(0.5)


def test_tensorflow_notices_first(cluster):
    """Its error, which names nobody, waits for the name."""
    clusters = cluster(2)
    chief = Machine(clusters[0])
    dying = Dummy(clusters[1])
    assert chief.met.wait(10)
    unavailable = type(
        "UnavailableError",
        (Exception,),
        {"__module__": "tensorflow.python.framework.errors_impl"},
    )
    threading.Timer(1.0, dying.link.connection.close).start()
    chief.leave(unavailable("Connection reset by peer"))
    assert told(chief, 0) == f"{clusters[0].names[1]} does not answer"


def test_a_machine_does_not_come(cluster):
    """After a while all that have come are told who has not."""
    clusters = cluster(3)
    there = [Machine(each, patience=1.0) for each in clusters[:2]]
    alone = Machine(cluster(2)[1], patience=1.0)
    for each in (*there, alone):
        each.join(10)
        assert isinstance(each.raised, UsageError)
        assert not each.met.is_set() and not each.ended
    for each in there:
        assert str(each.raised).endswith(f"Missing: {clusters[0].names[2]}")
    assert "Missing: worker 0 (localhost:" in str(alone.raised)


def test_a_port_that_is_taken(cluster):
    """It is told before TensorFlow fails on it."""
    clusters = cluster(2)
    with socket.create_server(("", clusters[0].addresses[0][1])):
        with pytest.raises(UsageError, match="ports that are free.*worker 0"):
            with watch.together(clusters[0], print):
                pass


def test_the_chief_is_the_first(monkeypatch):
    """Machines stand in TensorFlow's order, with what they are called."""
    jobs = {"worker": ["a:1", "[::1]:2"], "chief": ["b:3"], "ps": ["c:4"]}
    task = {"type": "worker", "index": 1}
    monkeypatch.setenv(
        "TF_CONFIG", json.dumps({"cluster": jobs, "task": task})
    )
    found = read_cluster()
    assert found.names == (
        "chief 0 (b:3)",
        "worker 0 (a:1)",
        "worker 1 ([::1]:2)",
    )
    assert found.addresses == (("b", 3), ("a", 1), ("::1", 2))
    assert found.here == 2
