"""Checkpoints are whole, checked, and two."""

import errno
import os

import numpy as np
import pytest

import tfcmc
from tfcmc.foundation.errors import UsageError
from tfcmc.training import checkpoints
from tfcmc.training.checkpoints import Checkpoint, Checkpoints


def made(rng, step):
    """A checkpoint of arrays of several types and shapes."""
    arrays = {
        "L/kernel": rng.normal(size=(3, 5)).astype(np.float32),
        "adam/iteration": np.array(step, np.int64),
        "L/none": np.zeros([0, 4], np.float32),
        "ab/bias": rng.normal(size=7),
    }
    return Checkpoint(step, arrays, {"seconds": 0.25 * step})


def same(one, other):
    """Both hold the same, bit for bit."""
    assert (one.step, one.state) == (other.step, other.state)
    assert one.arrays.keys() == other.arrays.keys()
    for name, first in one.arrays.items():
        second = other.arrays[name]
        assert first.dtype == second.dtype and first.shape == second.shape
        np.testing.assert_array_equal(first, second)


def test_reads_what_was_saved(rng, tmp_path):
    """The newest by its step, not by its age; two are kept."""
    kept = Checkpoints(tmp_path)
    assert kept.latest() is None
    left = tmp_path / "partial-elsewhere-1-0123abcd.npz"
    left.write_bytes(b"killed in the first save")
    assert kept.latest() is None
    saved = {step: made(rng, step) for step in (8, 9, 10, 100)}
    for checkpoint in saved.values():
        kept.save(checkpoint)
    left.unlink()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "step-000000010.npz",
        "step-000000100.npz",
    ]
    same(kept.latest(), saved[100])


def cut(path, kept):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def flipped(path, kept):
    data = bytearray(path.read_bytes())
    data[data.index(kept.arrays["ab/bias"].tobytes()) + 20] ^= 1
    path.write_bytes(data)


def changed(path, kept):
    """A sound file whose numbers are not those that were saved."""
    with np.load(path) as file:
        named = dict(file)
    named["variable/L/kernel"][1, 2] += 1
    np.savez(path, **named)


def another(path, kept):
    np.savez(path, variable=np.zeros(3))


def piped(path, kept):
    """What is no file is not waited for."""
    path.unlink()
    os.mkfifo(path)


def text(path, kept):
    path.write_bytes(b"hello")


@pytest.mark.parametrize("harm", [cut, flipped, changed, another, piped, text])
def test_damage(rng, tmp_path, capsys, harm):
    """A damaged file is named and passed over; where all are, it is told."""
    kept = Checkpoints(tmp_path)
    saved = [made(rng, step) for step in (1, 2)]
    for checkpoint in saved:
        kept.save(checkpoint)
    older, newer = sorted(tmp_path.iterdir())
    harm(newer, saved[1])
    assert kept.latest().step == 1
    told = capsys.readouterr().out
    assert f"{newer} is damaged" in told
    assert ("(not a regular file)" in told) == (harm is piped)
    harm(older, saved[0])
    with pytest.raises(UsageError, match="all are damaged"):
        kept.latest()


def test_the_machine_is_no_damage(rng, tmp_path, monkeypatch):
    """What cannot be read now may be sound: nothing begins anew for it."""
    kept = Checkpoints(tmp_path)
    kept.save(made(rng, 1))
    for module, name in ((checkpoints, "_read"), (os, "listdir")):
        with monkeypatch.context() as patch:

            def refuse(*_):
                raise OSError(errno.ESTALE, "stale")

            patch.setattr(module, name, refuse)
            with pytest.raises(OSError, match="stale"):
                kept.latest()
    assert kept.latest().step == 1


def test_what_was_passed_over_takes_no_place(rng, tmp_path):
    """Damaged, it is later than what was gone on from, and goes."""
    kept = Checkpoints(tmp_path)
    for step in (1, 2):
        kept.save(made(rng, step))
    text(tmp_path / "step-000000002.npz", None)
    kept.save(made(rng, 1))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"step-000000001.npz"}


def test_random_damage(rng, tmp_path):
    """Bits flipped and ends cut anywhere: the other one is gone on from.

    Most flips are in what the archive says of itself, where zipfile finds
    ciphers and packings that it does not know.
    """
    kept = Checkpoints(tmp_path)
    saved = [made(rng, step) for step in (1, 2)]
    for checkpoint in saved:
        kept.save(checkpoint)
    newer = max(tmp_path.iterdir())
    data = newer.read_bytes()
    directory = data.index(b"PK\x01\x02")
    places = [*range(directory, len(data)), *range(40), *range(600, 640)]
    for place in rng.choice(places, 500):
        harmed = bytearray(data)
        harmed[place] ^= 1 << rng.integers(8)
        if place % 10 == 0:
            harmed = harmed[:place]
        newer.write_bytes(harmed)
        found = kept.latest()
        same(found, saved[found.step - 1])


def test_another_version(rng, tmp_path, monkeypatch):
    """What another version saved is not gone on from, whatever its form."""
    kept = Checkpoints(tmp_path / "checkpoints")
    (tmp_path / "checkpoints").mkdir()
    saved = made(rng, 1)
    kept.save(saved)
    with monkeypatch.context() as patch:
        patch.setattr(tfcmc, "__version__", "99.1")
        with pytest.raises(UsageError, match=r"99\.1, to go on .* of 0\."):
            kept.latest()
    same(kept.latest(), saved)
    for path in (tmp_path / "checkpoints").iterdir():
        path.rename(path.with_name("ckpt-1.index"))
    with pytest.raises(UsageError, match="of another version"):
        kept.latest()
