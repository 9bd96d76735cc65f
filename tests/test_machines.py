"""Two machines train as one, through deaths and restarts, as documented."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.dirty.clusters import tf_config
from tests.equal_runs import check_equal
from tests.test_presets import NARROW
from tests.tiny import NORMED
from tfcmc.commands import pretrain as commands
from tfcmc.distribute import rendezvous
from tfcmc.distribute.cluster import read_cluster
from tfcmc.distribute.links import STOP
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import pack
from tfcmc.experiment.presets import PRESETS
from tfcmc.experiment.recipe import make_plan, stored_plan
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import alike
from trainers import pretrain, verify

DOCUMENT = (ROOT / "docs" / "how" / "machines.md").read_text("utf-8")
TRAINING = [
    "--batch-size=16",
    "--epochs=3",
    "--loss=nce(z=mean)",
    "--negatives=bank(draws=20)",
    "--encoder=paper(width=0.5)",
    "--side=32",
    "--evaluate=brief",
    "--learning-rate=3e-5",  # at more, a hundred steps make rounding visible
]
SOON = 20  # seconds after which a machine has to have noticed


class Pair:
    """Two processes that are two machines, on free ports; or the first."""

    def __init__(self, start, count=2):
        with (
            socket.create_server(("localhost", 0)) as first,
            socket.create_server(("localhost", 0)) as second,
        ):
            ports = [each.getsockname()[1] for each in (first, second)]
        self.ports = ports
        self.names = [
            f"worker {index} (localhost:{port})"
            for index, port in enumerate(ports)
        ]
        self.processes = [
            subprocess.Popen(
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                **start(index, ports),
            )
            for index in range(count)
        ]

    def wait_for(self, text):
        """Reads what the chief prints, up to a line with a text."""
        for line in self.processes[0].stdout:
            if text in line:
                return
        pytest.fail(self.processes[0].stderr.read()[-3000:])

    def ended(self, index, seconds=300):
        """Waits for a machine; returns its exit code and both outputs."""
        out, error = self.processes[index].communicate(timeout=seconds)
        return self.processes[index].returncode, out, error


@pytest.fixture
def pair():
    """A function that starts a pair, which does not outlive the test."""
    pairs = []

    def make(start, count=2):
        pairs.append(Pair(start, count))
        return pairs[-1]

    yield make
    for each in pairs:
        for process in each.processes:
            process.kill()
            process.communicate()


def environment(index, ports):
    """The environment of a machine, as a shell has it."""
    names = [f"localhost:{port}" for port in ports]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    return kept | {"TF_CONFIG": tf_config(*names, index=index)}


def command_of(module, *words):
    """Starts a command on both machines; `{}` is the machine's number."""

    def start(index, ports):
        given = [word.replace("{}", str(index)) for word in words]
        return {
            "args": [sys.executable, "-m", module, *given],
            "env": environment(index, ports),
        }

    return start


def as_documented(folder, *words):
    """Starts what the documentation says, with other ports and data."""
    blocks = re.findall(r"```bash\n(export .*?)```", DOCUMENT, re.DOTALL)

    def start(index, ports):
        text = blocks[index]
        for port, free in zip(("12345", "12346"), ports, strict=True):
            text = text.replace(port, str(free))
        text = text.replace("runs/two", f"{folder}")
        text = text.replace("tfcmc ", f"{sys.executable} -m tfcmc ")
        kept = environment(index, ports)
        del kept["TF_CONFIG"]
        text = f"{text.strip()} {shlex.join(words)}"
        return {"args": ["bash", "-c", text], "env": kept}

    assert len(blocks) == 2
    return start


def test_death_and_restart(pair, patches, learnt, tmp_path):
    """Killed twice and started again it is the run that was not killed.

    Which is the run of one device, up to rounding. Judging fails in the end,
    which the other machine does not care for.
    """
    (tmp_path / "pictures").mkdir()
    source = patches(tmp_path / "pictures", 400).removeprefix("--data=")
    pack(make_plan(make_config({"data": source})), tmp_path / "records")
    # Each machine reads its own pictures where they lie.
    training = [*TRAINING, f"--data=records:{tmp_path / 'records'}"]
    training += ["--memory-limit=1e-9"]
    unjudged = [*training, "--evaluate=none"]
    whole = pair(as_documented(tmp_path / "whole", *unjudged))
    folder = tmp_path / "one"
    pretrain.main([*unjudged, f"--run-dir={folder}", "--strategy=one"])
    for index in (1, 0):
        code, out, error = whole.ended(index)
        assert (code, error) == (0, "")
        assert bool(out) == (index == 0)
    words = ["--strategy=multiworker", f"--run-dir={tmp_path}/killed-{{}}"]
    command = command_of("trainers.pretrain", *training, *words)
    ends = (
        (1, 1, signal.SIGKILL, "does not answer"),
        (
            2,
            0,
            signal.SIGTERM,
            r"has stopped: SIGTERM: saved at step \d+ of \d+ of epoch 3",
        ),
    )
    for epoch, dying, by, fate in ends:
        killed = pair(command)
        killed.wait_for(f"epoch {epoch}/3")
        time.sleep(0.05)  # into the next one, of 22 steps
        killed.processes[dying].send_signal(by)
        code, _, error = killed.ended(1 - dying, SOON)
        assert code == 1
        name = re.escape(f"Stopped: {killed.names[dying]}")
        advice = re.escape(f". {commands.ADVICE}\n")
        assert re.fullmatch(f"{name} {fate}{advice}", error), error
        history, _ = learnt(tmp_path / "killed-0", encoders=False)
        assert len(history) == epoch  # it died in the middle of the next
    (tmp_path / "killed-0" / "metrics.json").mkdir()
    last = pair(command)
    assert last.ended(1)[0] == 0
    code, out, error = last.ended(0)
    assert code == 1 and "Is a directory" in error
    assert re.search(r"goes on after step \d+ of \d+ of epoch 3", out), out
    assert not (tmp_path / "killed-1").exists()
    check_equal(learnt(tmp_path / "killed-0"), learnt(tmp_path / "whole"))
    check_equal(learnt(tmp_path / "whole"), learnt(folder), 1e-4)


def test_other_pictures(pair, patches, tmp_path):
    """Machines with another picture all stop before anything is begun."""
    for index in range(2):
        folder = tmp_path / f"pictures-{index}"
        folder.mkdir()
        patches(folder, 40)
    shutil.copy(folder / "0.png", folder / "1.png")
    words = [f"--data=folder:{tmp_path}/pictures-{{}}", *TRAINING]
    words += ["--strategy=multiworker", f"--run-dir={tmp_path}/run"]
    machines = pair(command_of("trainers.pretrain", *words))
    name, other = machines.names
    told = (
        f"All machines must be started as the chief, {name}. Received: "
        f"{other} with as many pictures to learn from, but others"
    )
    for index in range(2):
        code, _, error = machines.ended(index)
        assert code == 2 and error.startswith(told), error
        assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("dies", [True, False])
def test_inside_the_start_of_tensorflow(dies, pair, monkeypatch):
    """A machine that dies then is named, and SIGTERM is heard."""
    chief = pair(command_of("trainers.verify"), count=1)
    monkeypatch.setenv("TF_CONFIG", environment(1, chief.ports)["TF_CONFIG"])
    cluster = read_cluster()
    (link,) = rendezvous.meet(cluster, alike({}, {}), 60.0)
    while True:  # until the port, closed after the meeting, is TensorFlow's
        link.send()
        with contextlib.suppress(OSError):
            socket.create_connection(cluster.addresses[0], 1.0).close()
            break
        time.sleep(0.2)
    if dies:
        link.connection.close()
        code, _, error = chief.ended(0, SOON)
        told = f"Stopped: {chief.names[1]} does not answer. {verify.ADVICE}\n"
        assert (code, error) == (1, told)
        return
    chief.processes[0].send_signal(signal.SIGTERM)
    fate = f"{STOP}{chief.names[0]} has stopped: SIGTERM: interrupted"
    assert next(link.lines()) == fate
    link.connection.close()
    code, _, error = chief.ended(0, SOON)
    assert code == 128 + signal.SIGTERM and "SIGTERM: interrupted" in error


def test_verify_on_two_machines(pair):
    """A loss with all that is kept, on both; only the chief tells."""
    words = ["--loss=nce(z=mean)", "--negatives=bank(draws=20)"]
    words += ["--side=32", f"--encoder={NORMED}"]
    machines = pair(command_of("trainers.verify", *words))
    code, out, error = machines.ended(0)
    assert (code, error) == (0, "")
    assert "2 replicas" in out and "all the same" in out
    assert machines.ended(1) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_every_method(name, pair, tmp_path):
    """Trained on both it learns what one device does, up to rounding.

    Statistics of two pictures would amplify that, as those of a narrow
    ResNet's last maps do: there oneDNN alone, on and off, parts two runs.
    """
    size, batch = (400, 64) if name == "moco_cifar" else (100, 16)
    words = [f"--preset={name}", f"--data=shapes(size={size})"]
    words += [f"--batch-size={batch}", "--epochs=2", "--evaluate=none"]
    words += ["--side=32"]
    words += [f"--encoder={(NARROW | {'simclr': NORMED}).get(name, NORMED)}"]
    one, both = tmp_path / "one", tmp_path / "both"
    machines = pair(
        command_of("trainers.pretrain", *words, f"--run-dir={both}")
    )
    for index in (0, 1):
        code, _, error = machines.ended(index)
        assert (code, error) == (0, "")
    pretrain.main([*words, f"--run-dir={one}", "--strategy=one"])
    got, want = (open_trained(*stored_plan(folder)) for folder in (both, one))
    rows = [Run(folder).read_history() for folder in (both, one)]
    for row, other in zip(*rows, strict=True):
        assert row["loss"] == pytest.approx(other["loss"], rel=1e-4)
    start = want[0].branches()
    for branch in start:
        left, right, begun = (
            np.concatenate([each.ravel() for each in found.get_weights()])
            for found in (got[1][branch], want[1][branch], start[branch])
        )
        moved = np.linalg.norm(right - begun)
        assert np.linalg.norm(left - right) < 1e-3 * moved


def test_slurm_script(tmp_path):
    """Each task of the batch script gets the TF_CONFIG of its number."""
    (script,) = re.findall(r"```bash\n(#!.*?)```", DOCUMENT, re.DOTALL)
    programs = {
        # A task a node, in an order that the names do not have.
        "srun": 'shift; for SLURM_PROCID in 0 1; do export SLURM_PROCID; "$@"'
        "; done",
        "scontrol": 'test "$*" = "show hostnames n[9-10]"; printf "n9\\nn10"',
        "tfcmc": 'echo "$TF_CONFIG"; echo "$*" >&2',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "SLURM_STEP_NODELIST": "n[9-10]",
        },
    )
    lines = done.stdout.splitlines()
    for index, line in enumerate(lines):
        assert json.loads(line) == {
            "cluster": {"worker": ["n9:12345", "n10:12345"]},
            "task": {"type": "worker", "index": index},
        }
    assert len(lines) == 2
    assert done.stderr.count("pretrain --strategy=multi") == 2


def test_kubernetes_job(monkeypatch):
    """Its pods know each other by the names that the Service gives them."""
    (value,) = re.findall(r"value: '(.*)'", DOCUMENT)
    for index in ("0", "1"):
        monkeypatch.setenv("TF_CONFIG", value.replace("$(INDEX)", index))
        found = read_cluster()
        assert found.here == int(index)
        assert found.addresses == (("two-0.two", 12345), ("two-1.two", 12345))
