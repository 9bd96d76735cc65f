"""Checkpoints are whole, checked, and two."""

import os

import numpy as np
import pytest

import tfcmc
from tfcmc.foundation.errors import UsageError
from tfcmc.training.checkpoints import Checkpoint, Checkpoints


def made(rng, step):
    """A checkpoint of arrays of several types and shapes."""
    arrays = [
        rng.normal(size=(3, 5)).astype(np.float32),
        np.array(step, np.int64),
        np.zeros([0, 4], np.float32),
        rng.normal(size=7),
    ]
    return Checkpoint(step, arrays, {"seconds": 0.25 * step})


def same(one, other):
    """Both hold the same, bit for bit."""
    assert (one.step, one.state) == (other.step, other.state)
    for first, second in zip(one.arrays, other.arrays, strict=True):
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


@pytest.mark.parametrize("harm", ["cut", "empty", "flipped", "text", "other"])
def test_damage(rng, tmp_path, capsys, harm):
    """A damaged file is named and passed over; where all are, it is told."""
    kept = Checkpoints(tmp_path)
    saved = [made(rng, step) for step in (1, 2)]
    for checkpoint in saved:
        kept.save(checkpoint)
    older, newer = sorted(tmp_path.iterdir())

    def damage(path, checkpoint):
        data = bytearray(path.read_bytes())
        if harm == "other":
            np.savez(path, variable_0000=np.zeros(3))
            return
        if harm == "flipped":
            data[data.index(checkpoint.arrays[3].tobytes()) + 20] ^= 1
        kinds = {"cut": data[: len(data) // 2], "empty": b"", "text": b"hello"}
        path.write_bytes(kinds.get(harm, bytes(data)))

    damage(newer, saved[1])
    found = kept.latest()
    assert found.step == 1
    assert f"{newer} is damaged" in capsys.readouterr().out
    damage(older, saved[0])
    with pytest.raises(UsageError, match="all are damaged"):
        kept.latest()


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


def test_a_pipe(rng, tmp_path, capsys):
    """What is no file is not waited for."""
    kept = Checkpoints(tmp_path)
    kept.save(made(rng, 1))
    os.mkfifo(tmp_path / "step-000000002.npz")
    assert kept.latest().step == 1
    assert "(not a regular file)" in capsys.readouterr().out


def test_another_version(rng, tmp_path, monkeypatch):
    """What another version saved is not gone on from, whatever its form."""
    kept = Checkpoints(tmp_path / "checkpoints")
    (tmp_path / "checkpoints").mkdir()
    kept.save(made(rng, 1))
    with monkeypatch.context() as patch:
        patch.setattr(tfcmc, "__version__", "99.1")
        with pytest.raises(UsageError, match=r"99\.1, to go on .* of 0\."):
            kept.latest()
    same(kept.latest(), kept.latest())
    for path in (tmp_path / "checkpoints").iterdir():
        path.rename(path.with_name("ckpt-1.index"))
    with pytest.raises(UsageError, match="of another version"):
        kept.latest()


def test_changed_values_are_noticed(rng, tmp_path):
    """A sound file whose numbers are not those that were saved."""
    kept = Checkpoints(tmp_path)
    kept.save(made(rng, 1))
    (path,) = tmp_path.iterdir()
    with np.load(path) as file:
        named = dict(file)
    named["variable_0000"][1, 2] += 1
    np.savez(path, **named)
    with pytest.raises(UsageError):
        kept.latest()


def test_a_full_disk_loses_nothing(rng, tmp_path, monkeypatch):
    """A write that fails half-way leaves the checkpoints as they were."""
    kept = Checkpoints(tmp_path)
    first = made(rng, 1)
    kept.save(first)

    def fail(path, **arrays):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="No space"):
        kept.save(made(rng, 2))
    assert len(list(tmp_path.iterdir())) == 1
    same(kept.latest(), first)
