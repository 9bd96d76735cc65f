"""Several devices compute what one does: losses, gradients, trainings."""

import dataclasses
import json
import os
import subprocess
import sys
import types

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.data.test_stream import make
from tests.tiny import CHANNELS, NORMED, PLAIN
from tfcmc.distribute import strategies
from tfcmc.experiment import equivalence, verified
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import tf
from tfcmc.losses import LOSSES
from trainers import pretrain, verify

TRAINING = [
    "--batch-size=9",
    "--schedule=constant",
    # Adam divides by a gradient's size, which lifts rounding of small ones.
    "--optimizer=sgd",
    "--loss=nce(z=mean)",
    "--negatives=bank(draws=10)",
    "--encoder=paper(width=0.5)",
    "--crop-from=whole",
    "--epochs=2",
    "--evaluate=none",
]
APART = f"{NORMED}(synchronized=False)"
HEADS = {
    "head": "mlp(hidden=8, dim=5, norm=all)",
    "predictor": "mlp(hidden=8, dim=5, norm=hidden)",
    "target": "stopped",
}
# All losses; then statistics of the whole batch, and of each device's share.
OWN = [
    {"side": 32, "loss": "softmax", "encoder": encoder} | more
    for encoder in (NORMED, APART)
    for more in (
        {},
        HEADS,
        {"negatives": "local", "views": CHANNELS},
        {"negatives": "queue(size=20)", "target": "momentum(init=fresh)"},
    )
]
OWN.append(
    {
        "side": 32,
        "loss": "infomax_nce",
        "encoder": "dim(width=0.1)",
        "head": "critic(units=9)",
        "pairs": "local",
    }
)
# In pieces, with what is remembered and with groups of batch statistics.
PIECES = {"side": 32, "batch_size": 12, "microbatch": 6, "loss": "softmax"}
OWN += [
    {**PIECES, "negatives": "bank(draws=20)"},
    {
        **PIECES,
        "encoder": "dim(width=0.1)",
        "batch_norm": "split(groups=6)",
        "target": "momentum(init=fresh)",
        "negatives": "queue(size=20)",
    },
]


@pytest.fixture(scope="module")
def pictures(patches, tmp_path_factory):
    """The `--data` of a folder of pictures without classes."""
    return patches(tmp_path_factory.mktemp("pictures"), 40)


def test_logical_devices(pictures, learnt, tmp_path):
    """Every loss, statistics of batches, and a training, as on one device.

    On three, whose shares are no power of two; the training with views out of
    whole pictures, beside a bank.
    """
    several, one = tmp_path / "several", tmp_path / "one"
    words = [*TRAINING, pictures, f"--run-dir={several}"]
    usual = {"side": 32, "encoder": PLAIN}
    words = [3, [usual, *OWN], [*words, "--strategy=mirrored"]]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.strategy_process"]
        + [json.dumps(word) for word in words],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    words = [pictures, f"--run-dir={one}", "--strategy=one"]
    pretrain.main([*TRAINING, *words])
    out, error = process.communicate(timeout=600)
    assert process.returncode == 0, error[-3000:]
    found = json.loads(out.splitlines()[-1])
    assert len(found) == len(LOSSES.names()) + len(verified.MORE) + len(OWN)
    for each in found:
        for name in ("of_loss", "of_gradient", "of_memory"):
            assert 0 <= each[name] <= 1e-5, each
        assert each["value"] and each["alike"] and each["replicas"] == 3
    # Sums in another order differ, if there were several at all.
    assert np.mean([each["of_gradient"] > 0 for each in found]) > 0.5
    values = [each["value"] for each in found]
    usual, own = values[: -len(OWN)], values[-len(OWN) :]
    whole, share = own[0], own[4]
    # Each device's own has fewer negatives, or other statistics.
    value = {
        (each["loss"], each["negatives"]): value
        for each, value in zip(found, usual, strict=False)
    }
    assert value["nt_xent", "local"] < 0.95 * value["nt_xent", "batch"]
    assert abs(share - whole) > 0.01 * whole
    check_same_run(learnt(several), learnt(one), one)


def check_same_run(got, want, folder):
    """What two runs learnt from one start agrees up to rounding."""
    assert len(got[0]) == len(want[0]) == 2
    for row, other in zip(got[0], want[0], strict=True):
        for name in other:
            close = pytest.approx(other[name], rel=1e-4, abs=1e-6)
            assert row[name] == close, name
    plan, _ = stored_plan(folder)
    start = Architecture(plan, 64).branches()
    for name, weights in want[1].items():
        arrays = start[name].get_weights()
        first = np.concatenate([array.ravel() for array in arrays])
        moved = np.linalg.norm(weights - first)
        assert np.linalg.norm(weights - got[1][name]) < 1e-4 * moved


def test_a_gpu_that_is_not_found_is_told(tmp_path, monkeypatch, capsys):
    """Where its driver is there, and nobody hid it."""
    strategy = tf.distribute.get_strategy()
    note_once.cache_clear()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    monkeypatch.setattr(strategies, "DRIVER", tmp_path / "none")
    assert strategies.on_gpus(strategy) == ""
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(strategies, "DRIVER", tmp_path)
    assert strategies.on_gpus(strategy) == ""
    assert "TensorFlow finds no GPU" in capsys.readouterr().out
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda kind: ["GPU:0"]
    )
    assert strategies.on_gpus(strategy) == ", on 1 GPU"


def test_machines_have_their_gpus(monkeypatch):
    """TensorFlow takes as many as it is told of, and else the CPU alone."""
    told = {}

    class Resolver:
        def __init__(self, *_, **options):
            told.update(options)

    monkeypatch.setattr(
        tf.distribute.cluster_resolver, "SimpleClusterResolver", Resolver
    )
    monkeypatch.setattr(
        tf.distribute, "MultiWorkerMirroredStrategy", lambda _: None
    )
    monkeypatch.setattr(
        tf.config, "get_visible_devices", lambda kind: [f"{kind}:0"] * 3
    )
    cluster = types.SimpleNamespace(
        machines=[("worker", 0, "a:1")], here=0, jobs={"worker": ["a:1"]}
    )
    strategies._join(cluster)
    assert told["num_accelerators"] == {"GPU": 3}


@pytest.mark.parametrize(("shares", "machines"), [(2, 1), (6, 3)])
def test_shares_make_up_the_batch(shares, machines):
    """Joined in the order of machines and replicas: each batch, exactly."""
    stream = make(batch_size=6)
    here = shares // machines
    read = [
        iter(stream.dataset(3, 4, shares, range(first, first + here)))
        for first in range(0, shares, here)
    ]
    for step in range(3, 7):
        parts = [next(machine) for machine in read for _ in range(here)]
        for got, want in zip(
            zip(*parts, strict=True), stream.batch(step), strict=True
        ):
            np.testing.assert_array_equal(np.concatenate(got), want)
    assert all(next(machine, None) is None for machine in read)


def test_batch_and_groups_have_to_be_shared_out():
    """What devices cannot share equally is refused."""
    three = types.SimpleNamespace(num_replicas_in_sync=3)
    strategies.check_batch_size(three, 12, 6)
    with pytest.raises(UsageError, match="multiple of the 3 devices.* 16"):
        strategies.check_batch_size(three, 16)
    with pytest.raises(UsageError, match="`batch-norm` .* the 3 devices.* 4"):
        strategies.check_batch_size(three, 12, 4)


def test_auto_is_one_device_here(monkeypatch):
    """Without GPUs and TF_CONFIG: TensorFlow's own default."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if tf.config.list_logical_devices("GPU"):
        pytest.skip("there are GPUs")
    assert strategies.make_strategy("auto") is tf.distribute.get_strategy()


def test_verify_counts_devices():
    """More than a machine has is refused, not waited for."""
    with pytest.raises(UsageError, match="`replicas` .* at most 64"):
        verify.main(["--replicas=20000"])


def test_verify_takes_any_loss(capsys):
    """Each in a frame that it is fit for, as where all are compared."""
    verify.main(["--strategy=one", "--loss=cosine"])
    assert "all the same" in capsys.readouterr().out


def test_verify_tells_a_difference(monkeypatch, capsys):
    """One that differs is marked, and the exit code says so."""
    words = ["--strategy=one", "--loss=softmax"]
    verify.main(words)
    assert "all the same" in capsys.readouterr().out
    real = equivalence.compute
    other = dataclasses.replace(
        verified.cases({"loss": "softmax"})[0],
        loss=LOSSES.lookup("softmax(temperature=0.0701)"),
    )
    monkeypatch.setattr(
        equivalence,
        "compute",
        lambda strategy, plan, *rest, **options: real(
            strategy, other, *rest, **options
        ),
    )
    with pytest.raises(SystemExit) as left:
        verify.main(words)
    assert left.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "DIFFERS" in line] == [
        "softmax"
    ]
