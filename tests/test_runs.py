"""The run folder, and which experiments may share one."""

import contextlib
import dataclasses
import errno
import fcntl
import os
import pathlib
import platform
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tests.verdicts import IDENTITY
from tfcmc.experiment import pretrain
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import completed, make_plan, open_run, stored_plan
from tfcmc.foundation import atomic
from tfcmc.foundation.arrays import read_arrays
from tfcmc.foundation.atomic import note_once, whole, write_whole
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.locks import held
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import make_identity


@pytest.fixture
def plan_of(tmp_path):
    """A function that plans an experiment in one folder and opens it."""

    def make(**settings):
        given = {"run_dir": str(tmp_path / "run"), "epochs": 3} | settings
        plan = make_plan(make_config(given))
        run = open_run(plan)
        run.create()
        run.write_json("config.json", dataclasses.asdict(plan.config))
        return plan

    return make


def test_history_round_trip(tmp_path):
    """Rows come back to the last digit, whole numbers whole."""
    rows = [
        {"epoch": 1, "loss": 0.1 + 0.2, "alignment": 1e-17},
        {"epoch": 2, "loss": -3.5, "alignment": 2.0},
    ]
    run = Run(tmp_path)
    run.create()
    assert run.read_history() == []
    run.write_history(rows)
    assert run.read_history() == rows
    assert isinstance(run.read_history()[0]["epoch"], int)


def test_arrays_round_trip(tmp_path, rng):
    """Arrays come back to the bit; sizes declared are none believed."""
    arrays = {
        "features": rng.normal(size=(3, 2)).astype(np.float32),
        "class_names": np.array(["größe", "猫"]),
        "t": np.array(0.5),
    }
    path = tmp_path / "embedded.npz"
    Run(tmp_path).write_arrays(path.name, arrays)
    found = read_arrays(path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
    huge = {"a.npy": ((2**40,), 0), "b.npy": ((-1, -1), 8)}
    for name, (shape, size) in huge.items():
        with zipfile.ZipFile(path, "w") as file, file.open(name, "w") as out:
            header = {"descr": "<f8", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(out, header)
            out.write(bytes(size))
        with pytest.raises(ValueError, match=f"{name} of .* in {size} bytes"):
            read_arrays(path)
    np.savez_compressed(path, zeros=np.zeros(10_000))
    assert read_arrays(path, 90_000)["zeros"].shape == (10_000,)
    for most, told in ((None, "is packed"), (70_000, "bytes of arrays")):
        with pytest.raises(ValueError, match=told):
            read_arrays(path, most)


def test_what_is_cut_short_is_not_there(tmp_path, monkeypatch):
    """A write that fails leaves what was there before."""
    write_whole(tmp_path / "a.txt", "before")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "a.txt", "after")
    assert (tmp_path / "a.txt").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_several_write_the_same_file(tmp_path):
    """Each writes a file of its own: both succeed, and nothing is mixed."""
    path = tmp_path / "events.out.tfevents.figures"
    with whole(path) as one:
        with whole(path) as other:
            one.write_text("one")
            other.write_text("other")
            names = {one.name, other.name}
        assert path.read_text() == "other"
    assert path.read_text() == "one" and list(tmp_path.iterdir()) == [path]
    assert len(names) == 2
    assert not any("tfevents" in name for name in names)  # for TensorBoard


def test_a_folder_that_is_moved_away(tmp_path):
    """Told, and not made anew: the files would be in two places."""
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(UsageError, match="run, which is gone"):
        with whole(folder / "a.txt") as aside:
            folder.rename(tmp_path / "elsewhere")
            aside.write_text("a")
    assert not folder.exists()


def test_what_killed_writers_left_is_removed(tmp_path):
    """And nothing else, be it another's that writes or the user's own."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    here, day = platform.node(), 24 * 3600
    ages = {
        f"partial-{here}-{child.pid}-0123abcd.npz": 0,
        # As of a container that was killed: it has the same numbers again.
        f"partial-{here}-{os.getpid()}-0123abcd.npz": 0,
        "partial-else-where-1-0123abcd.npz": 2 * day,
        f"partial-{here}-{os.getppid()}-0123abcd.npz": 2 * day,
        f"partial-elsewhere-{child.pid}-0123abcd.npz": 0,
        "partial.npz": 2 * day,
        "partial-view-1.npz": 2 * day,
    }
    for name, age in ages.items():
        (tmp_path / name).touch()
        written = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (written, written))
    write_whole(tmp_path / "a.txt", "")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*list(ages)[3:], "a.txt"}


def test_what_may_not_be_removed_stays(tmp_path, monkeypatch):
    """As another user's: whoever writes beside it does not mind."""
    left = tmp_path / "partial-else-where-1-0123abcd.npz"
    left.touch()
    os.utime(left, (0, 0))
    remove = atomic._remove

    def refused(path):
        if path == left:
            raise PermissionError(errno.EPERM, "not yours")
        remove(path)

    monkeypatch.setattr(atomic, "_remove", refused)
    write_whole(tmp_path / "a.txt", "")
    assert {path.name for path in tmp_path.iterdir()} == {left.name, "a.txt"}


def test_a_folder_takes_the_place_of_another(tmp_path, monkeypatch):
    """With all that is in it on the disk before; nothing is left beside."""
    flushed, flush = [], atomic._flush
    monkeypatch.setattr(
        atomic, "_flush", lambda path: (flushed.append(path), flush(path))
    )
    for text in ("old", "new"):
        with whole(tmp_path / "model") as aside:
            (aside / "inner").mkdir(parents=True)
            (aside / "inner" / "a.txt").write_text(text)
            (aside / f"{text}.txt").touch()
    assert (tmp_path / "model" / "inner" / "a.txt").read_text() == "new"
    assert not (tmp_path / "model" / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    names = [pathlib.Path(path).name for path in flushed]
    assert names.count("a.txt") == names.count("inner") == 2


def test_steps_of_a_run_that_was_killed_early(plan_of):
    """Its identity is written before its settings, and knows as much."""
    plan = plan_of(epochs=None, budget="2min")
    run = Run(plan.config.run_dir)
    settings = dataclasses.asdict(plan.config) | {"steps": 90, "epochs": 3}
    (run.folder / "config.json").unlink()
    identity = make_identity(settings, IDENTITY["data"], 1)
    run.write_json("identity.json", identity)
    again = make_plan(
        make_config({"budget": "2min", "run_dir": str(run.folder)})
    )
    assert (again.config.steps, again.config.epochs) == (90, 3)


def test_a_start_that_is_refused_takes_nothing(tmp_path, monkeypatch):
    """The folder is that of the process which holds it."""
    run = Run(tmp_path / "run")

    @contextlib.contextmanager
    def refuse(folder):
        raise UsageError("another is using it")
        yield

    monkeypatch.setattr(pretrain, "held", refuse)
    with pytest.raises(UsageError), pretrain.alone_in(run):
        pass
    assert run.checkpoints.is_dir()


@pytest.mark.parametrize(
    ("module", "name", "number"),
    [
        (os, "fsync", errno.EINVAL),
        (os, "fsync", errno.EOPNOTSUPP),
        (fcntl, "flock", errno.EOPNOTSUPP),
        (fcntl, "flock", errno.ENOLCK),
        (fcntl, "flock", errno.ENOSYS),
    ],
)
def test_disks_without_flushing_or_locks(
    tmp_path, monkeypatch, capsys, module, name, number
):
    """As CIFS and shared folders of VirtualBox are: said, and done without."""

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    note_once.cache_clear()
    monkeypatch.setattr(module, name, refuse)
    for _ in range(2):
        with held(tmp_path):
            write_whole(tmp_path / "a.txt", "after")
    assert (tmp_path / "a.txt").read_text() == "after"
    (note,) = capsys.readouterr().out.splitlines()
    assert note.startswith("note: ") and "disk" in note


def test_siblings(tmp_path):
    """The other finished runs of a folder, by their names."""
    for name in ("b", "a", "c"):
        Run(tmp_path / name).create()
    for name in "ba":
        Run(tmp_path / name).write_json("metrics.json", {})
    (found,) = Run(tmp_path / "b").siblings()
    assert found.folder.name == "a"


def test_a_plan_comes_back(plan_of):
    """What a folder stores is the plan that made it, specs in full."""
    plan = plan_of(loss="spring(weighting=pairs)", seed=4)
    stored, _ = stored_plan(plan.config.run_dir)
    assert stored == plan
    assert "margin=1.4" in stored.config.loss


@pytest.mark.parametrize(
    ("schedule", "change"),
    [
        ("cosine", {"loss": "triplet"}),
        ("cosine", {"seed": 1}),
        ("cosine", {"batch_size": 64}),
        ("cosine", {"epochs": 2}),
        ("constant", {"epochs": 2}),
    ],
)
def test_another_experiment_is_refused(plan_of, schedule, change):
    """The message names the setting that differs.

    More epochs continue the same experiment; in a comparison, whose other
    runs may not have begun, under a constant rate alone.
    """
    plan_of(schedule=schedule)
    with pytest.raises(UsageError, match="hold this experiment") as caught:
        plan_of(schedule=schedule, **change)
    assert next(iter(change)) in str(caught.value)
    longer = plan_of(schedule=schedule, epochs=5)
    assert longer.config.epochs == 5
    config = dataclasses.replace(longer.config, epochs=6)
    longer = dataclasses.replace(longer, config=config)
    if schedule == "constant":
        open_run(longer, restart=False)
    else:
        with pytest.raises(UsageError, match="epochs 5 and not 6"):
            open_run(longer, restart=False)


def test_pictures_and_a_run_in_one_folder(tmp_path, plan_of):
    """A run would learn from its own figures at the next start."""
    (tmp_path / "run").mkdir()
    with pytest.raises(UsageError, match="another folder than `data`"):
        plan_of(data=f"folder:{tmp_path / 'run'}")
    plan_of(data=f"folder:{tmp_path}")


def test_paper_preset(tmp_path):
    """The paper's setting to the letter; what is given goes first."""
    config = make_config({"preset": "paper", "loss": "spring", "epochs": 7})
    plan = make_plan(config)
    assert config.geometry == "shared"
    assert config.schedule == "constant"
    assert (config.learning_rate, config.beta_1) == (1e-3, 0.5)
    assert (config.batch_size, config.epochs) == (128, 7)
    assert plan.encoder.options["final_relu"] is True
    assert plan.loss.options["weighting"] == "pairs"
    assert plan.crop.name == "window"
    config = make_config({"data": "stl10", "data_dir": str(tmp_path)})
    assert make_plan(config).config.epochs == 100


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"batch_size": 1}, "batch-size"),
        ({"batch_size": 2.5}, "batch-size"),
        ({"epochs": 0}, "epochs"),
        (
            {"seed": -1},
            "`seed` must be a whole number at least 0 and below "
            "2,147,483,648.",
        ),
        ({"alpha": 0.0}, "`alpha` must be a number above 0 and at most 100."),
        ({"geometry": "same"}, "geometry"),
        ({"schedule": "step"}, "schedule"),
        ({"learning_rate": float("nan")}, "learning-rate"),
        ({"beta_1": 1.0}, "beta-1"),
        ({"on_bad_image": "ignore"}, "on-bad-image"),
        ({"picture_side": 4}, "picture-side"),
        ({"memory_limit": 0}, "memory-limit"),
        ({"warmup": 2.0}, "warmup"),
        ({"bach_size": 2}, "Did you mean batch_size"),
        ({"crop": "windows"}, "Did you mean window"),
        ({"encoder": "papr"}, "Did you mean paper"),
        ({"negatives": "bank(draws=0)"}, "draws"),
        ({"data": "shape"}, "Did you mean shapes"),
        ({"data": "folder:/nowhere/at/all"}, "/nowhere/at/all"),
        ({"data": "npz:/nowhere.npz"}, "/nowhere.npz"),
        ({"data": "tfds:x", "data_dir": "/nowhere"}, "/nowhere"),
        ({"data": "stl10", "data_dir": "/nowhere"}, "/nowhere"),
        ({"views": "labb"}, "Did you mean lab"),
    ],
)
def test_bad_settings(given, words):
    """Each is told in at most two lines, before anything is read."""
    with pytest.raises(UsageError) as caught:
        make_plan(make_config(given))
    assert words in str(caught.value)
    assert str(caught.value).count("\n") <= 1


def test_another_version(plan_of):
    """A run with settings that are not known here is not gone on with."""
    plan = plan_of()
    settings = dataclasses.asdict(plan.config) | {"whitening": 0.5}
    Run(plan.config.run_dir).write_json("config.json", settings)
    with pytest.raises(UsageError, match="this version.*whitening"):
        open_run(plan)


def test_what_a_record_does_not_say(tmp_path):
    """Settings and options are filled in by their defaults; no code is run.

    What is not known here stays as it is.
    """
    marker, own = tmp_path / "marker", tmp_path / "own.py"
    own.write_text(f"open({str(marker)!r}, 'w')\ndef build(shape): pass\n")
    record = {
        "negatives": "bank(momentum=0.25)",
        "beta_1": 0.75,
        "batch_norm": "synchronized",
        "crop": "polygon(corners=5)",
        "encoder": f"{own}:build(width=2)",
        "head": f"{tmp_path / 'gone.py'}:narrow",
    }
    found = completed(record)
    assert found.keys() == dataclasses.asdict(make_config({})).keys()
    assert found["negatives"] == (
        "bank(momentum=0.25, draws=4096, each_anchor=False)"
    )
    assert found["optimizer"] == "adam(beta_1=0.75, beta_2=0.999)"
    assert found["batch_norm"] == "synchronized(each_view=False)"
    for name in ("crop", "encoder", "head"):
        assert found[name] == record[name]
    assert completed(found) == found
    assert not marker.exists()
    assert completed({"whitening": 0.5})["whitening"] == 0.5
