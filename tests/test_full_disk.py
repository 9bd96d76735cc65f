"""A disk that is full, read only or another user's, for real."""

import dataclasses
import gc
import os
import subprocess

import pytest

from tests.equal_runs import check_equal
from tfcmc.cli import command_line
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.locks import held
from tfcmc.runs.folder import Run, make_folder
from trainers import neighbours, pretrain

NOBODY = 65534
WORDS = ["--data=shapes(size=100)", "--epochs=2", "--batch-size=40"]
WORDS += ["--loss=nce(z=mean)", "--save-every=1", "--evaluate=none"]


@pytest.fixture
def disk(tmp_path):
    """A function that gives the disk at its path options, such as a size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )

    if mount("size=4k").returncode:
        pytest.skip("mounting needs rights that are not given here")

    def remount(options):
        done = mount(f"remount,{options}")
        assert done.returncode == 0, done.stderr

    yield folder, remount
    gc.collect()  # what still writes there
    subprocess.run(["umount", str(folder)], check=True)


def run(folder):
    """Trains there; returns the exit code, or 0."""
    try:
        command_line.run(
            lambda: pretrain.main([*WORDS, f"--run-dir={folder}"])
        )
    except SystemExit as left:
        return left.code
    return 0


def test_filled_during_a_save(disk, tmp_path, learnt, capsys, eager):
    """Full before the first save, and in the third; then it goes on."""
    folder, remount = disk
    # Nothing fits, not even what TensorBoard reads; one checkpoint and a
    # half; two and a half.
    saved = {"4k": [], "1500k": [1], "2500k": [1, 2]}
    for size, steps in saved.items():
        remount(f"size={size}")
        assert run(folder / "run") == 1
        error = capsys.readouterr().err
        assert error.startswith("The machine failed: ")
        assert "No space left on device. What was saved before is" in error
        names = [path.name for path in folder.glob("run/checkpoints/*")]
        assert sorted(names) == [f"step-{step:09d}.npz" for step in steps]
    remount("size=100m")
    assert run(folder / "run") == 0
    assert "goes on after epoch 1" in capsys.readouterr().out
    assert run(tmp_path / "whole") == 0
    check_equal(learnt(folder / "run"), learnt(tmp_path / "whole"))


def test_read_only(disk, capsys):
    """Refused before anything is read, with a run in it and without."""
    folder, remount = disk
    (folder / "run").mkdir()
    remount("ro")
    for place in (folder / "run", folder / "other"):
        assert run(place) == 2
        assert capsys.readouterr().err.startswith(
            "`run-dir` must be a folder that can be written to. Received: "
        )
    remount("rw")


def test_what_is_read_only_is_told_first(disk, tmp_path):
    """A folder that all is written to at the end, before the work."""
    folder, remount = disk
    run, image = folder / "run", tmp_path / "image.png"
    run.mkdir()
    config = make_plan(make_config({"run_dir": str(run)})).config
    Run(run).write_json("config.json", dataclasses.asdict(config))
    (folder / "figures").mkdir()
    image.touch()
    remount("ro")
    for act, told in (
        (lambda: neighbours.main([str(run), str(image)]), "`out` must be in"),
        (lambda: make_folder(folder / "figures"), "`run-dir` must be a fold"),
    ):
        with pytest.raises(UsageError, match=told):
            act()
    remount("rw")


def test_of_another_user(tmp_path):
    """A folder that may only be read is refused, not tripped over."""
    tmp_path.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        with (
            pytest.raises(UsageError, match="`run-dir` must be a folder that"),
            held(tmp_path),
        ):
            pass
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o755)
