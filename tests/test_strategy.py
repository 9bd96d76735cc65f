"""Several devices compute what one does: losses, gradients, trainings."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.data.test_stream import make
from tfcmc.distribute import strategies
from tfcmc.experiment import equivalence
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import tf
from tfcmc.losses import LOSSES
from trainers import pretrain, verify

ROOT = pathlib.Path(__file__).parents[1]
TRAINING = [
    "--batch-size=8",
    "--schedule=constant",
    "--loss=nce(z=mean)",
    "--negatives=bank(draws=10)",
    "--encoder=paper(width=0.5)",
    "--evaluate=none",
]


def start(*words):
    """Starts `strategy_process`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.strategy_process"]
        + [json.dumps(word) for word in words],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process):
    """What a process printed last."""
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error[-3000:]
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def pictures(patches, tmp_path_factory):
    """The `--data` of a folder of pictures without classes."""
    return patches(tmp_path_factory.mktemp("pictures"), 40)


@pytest.fixture(scope="module")
def one(pictures, tmp_path_factory):
    """Run folders of one device after one epoch and after three."""
    folder = tmp_path_factory.mktemp("one")
    for epochs in (1, 3):
        words = [f"--epochs={epochs}", f"--run-dir={folder / 'run'}"]
        pretrain.main([*TRAINING, pictures, "--strategy=one", *words])
        shutil.copytree(folder / "run", folder / str(epochs))
    return folder


def check_same_run(got, want, start):
    """What two runs learnt from one start agrees up to rounding."""
    assert len(got[0]) == len(want[0]) == 3
    for row, other in zip(got[0], want[0], strict=True):
        for name in other:
            close = pytest.approx(other[name], rel=1e-4, abs=1e-6)
            assert row[name] == close, name
    for name, weights in want[1].items():
        moved = np.linalg.norm(weights - start[1][name])
        assert np.linalg.norm(weights - got[1][name]) < 1e-4 * moved


def check_differences(found):
    """Each is a number within the tolerance."""
    for each in found:
        for name in ("of_loss", "of_gradient", "of_memory"):
            assert 0 <= each[name] <= 1e-5, each
        assert np.isfinite(each["value"]) and each["value"] != 0


def test_logical_devices(pictures, one, learnt, tmp_path):
    """Every loss and a training on 2 devices; what is apart on 4 too."""
    folder = tmp_path / "run"
    words = [f"--run-dir={folder}", "--epochs=3", "--strategy=mirrored"]
    apart = len(equivalence.MORE)
    four = start(4, apart, [])
    two = result(start(2, 0, [*TRAINING, pictures, *words]))
    assert len(two) == len(LOSSES.names()) + apart
    for count, found in ((2, two), (4, result(four))):
        check_differences(found)
        assert {each["replicas"] for each in found} == {count}
        # Sums in another order differ, if there were several at all.
        differing = sum(each["of_gradient"] > 0 for each in found)
        assert differing > len(found) / 2
    value = {(each["loss"], each["negatives"]): each["value"] for each in two}
    loss = make_plan(make_config({"loss": "nt_xent"})).loss.spec
    # Each device's own has fewer negatives.
    assert value[loss, "local"] < 0.95 * value[loss, "batch"]
    check_same_run(learnt(folder), learnt(one / "3"), learnt(one / "1"))


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


def test_batch_has_to_be_shared_out():
    """A batch that devices cannot share equally is refused."""

    class Three:
        num_replicas_in_sync = 3

    strategies.check_batch_size(Three, 12)
    with pytest.raises(UsageError, match="multiple of the 3 devices.* 16"):
        strategies.check_batch_size(Three, 16)


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


def test_verify_tells_a_difference(monkeypatch, capsys):
    """One that differs is marked, and the exit code says so."""
    words = ["--strategy=one", "--loss=softmax"]
    verify.main(words)
    assert "all the same" in capsys.readouterr().out
    real = equivalence.compute
    other = dataclasses.replace(
        equivalence.cases({"loss": "softmax"})[0],
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
    assert [line.split("(")[0] for line in lines if "DIFFERS" in line] == [
        "softmax"
    ]
