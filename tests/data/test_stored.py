"""Datasets that TensorFlow Datasets prepared as ArrayRecord, read in place."""

import os

import numpy as np
import pytest

from tests.dirty.case import all_of, by_content, noise, source_of
from tfcmc.data.record_files import Records
from tfcmc.experiment.data import as_trained, read_data
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import UsageError
from trainers import data, pretrain

NAMES = ("ant", "bee", "cow")
SPLITS = {
    "unlabeled": (noise(1, 40, 12, 17, 3), [-1] * 40),
    "train": (noise(2, 9, 12, 17, 3), np.arange(9) % 3),
    "test": (noise(3, 6, 12, 17, 3), np.arange(6) % 3),
}
ONCE = "were read, once: the next start reads none, unless they change"


@pytest.fixture(autouse=True)
def cache(cached):
    """Where what is found is kept."""
    return cached / "prepared"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, prepare_dataset):
    """A folder of one dataset in either format."""
    folder = tmp_path_factory.mktemp("either")
    for name, kind in (("rows", "tfrecord"), ("ways", "array_record")):
        prepare_dataset(folder, name, SPLITS, NAMES, file_format=kind)
    return folder


def streamed(folder, **settings):
    return source_of("tfds:ways", folder, memory_limit=0, side=9, **settings)


def test_the_same_pictures(prepared):
    """As those of a dataset in TFRecords: in memory, and where they lie."""
    want = source_of("tfds:rows", prepared, side=9)
    kept = source_of("tfds:ways", prepared, side=9)
    got = streamed(prepared)
    assert want.notes == kept.notes and got.described is not None
    for source in (kept, got):
        assert source.class_names == NAMES and source.unseen
        for one, other in zip(source.parts(), want.parts(), strict=True):
            assert by_content(all_of(one[1])) == by_content(all_of(other[1]))
    numbers = [30, 2, 30, 7]
    np.testing.assert_array_equal(
        got.pretrain.read(numbers), kept.pretrain.read(numbers)
    )
    for part in ("probe_train", "test"):
        one, other = getattr(got, part), getattr(kept, part)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(
            all_of(one.pictures), all_of(other.pictures)
        )


def test_read_once(prepared, cache):
    """Unless a file changed; what is kept damaged is read again, and told."""
    first, again = streamed(prepared), streamed(prepared)
    assert [ONCE in note for note in first.notes].count(True) == 3
    assert not any("once" in note for note in again.notes)
    assert again.described == first.described
    np.testing.assert_array_equal(again.test.labels, first.test.labels)
    (shard,) = prepared.glob("ways/*/*-test.array_record*")
    os.utime(shard, (1, 1))
    told = [note for note in streamed(prepared).notes if "once" in note]
    assert told == [f"6 of test {ONCE}"]
    for path in cache.iterdir():
        path.write_bytes(path.read_bytes()[:-9])
    assert streamed(prepared).described == first.described


def test_labels_are_looked_for_once(tmp_path, prepare_dataset, monkeypatch):
    """Of two splits to judge on, and of none without labels all of it."""
    splits = SPLITS | {
        "validation": SPLITS["test"],
        "test": (noise(4, 700, 2, 2, 3), [-1] * 700),
    }
    prepare_dataset(
        tmp_path, "ways", splits, NAMES, file_format="array_record"
    )
    read = Records.read
    counts = []

    def counted(records, numbers):
        counts.append(len(numbers))
        return read(records, numbers)

    monkeypatch.setattr(Records, "read", counted)
    first = streamed(tmp_path)
    told = "probes are judged on the split validation: test has no labels"
    assert told in first.notes
    once = sum(counts)
    assert once <= 40 + 9 + 6 + 2 * 256 + 6
    counts.clear()
    assert streamed(tmp_path).described == first.described
    assert sum(counts) == 256 + 6


def test_damaged(tmp_path, prepare_dataset):
    """A file that is cut short stops the start, in words, or the check."""
    prepare_dataset(
        tmp_path, "ways", SPLITS, NAMES, file_format="array_record"
    )
    streamed(tmp_path)
    (shard,) = tmp_path.glob("ways/*/*-unlabeled.array_record*")
    content, status = shard.read_bytes(), shard.stat()
    shard.write_bytes(content[: len(content) // 2])
    with pytest.raises(UsageError, match="`data` must be"):
        streamed(tmp_path)
    # What has the same size and time is found when it is read.
    shard.write_bytes(content.replace(b"IDAT", b"IDOT"))
    os.utime(shard, ns=(status.st_atime_ns, status.st_mtime_ns))
    asked = ["tfds:ways", f"--data-dir={tmp_path}", "--memory-limit=1e-6"]
    with pytest.raises(UsageError, match="picture 0 in"):
        data.main([*asked, "--picture-side=9"])


def test_whole_pictures(prepared, tmp_path, capsys, eager):
    """Views are cut out of whole files, which no TFRecord gives at random."""
    asked = [f"--data-dir={prepared}", "--crop-from=whole", "--steps=2"]
    asked += ["--side=32", "--batch-size=8", "--evaluate=none"]
    asked += [f"--run-dir={tmp_path / 'run'}"]
    told = "`crop-from` must be square, or the dataset prepared with"
    with pytest.raises(UsageError, match=told):
        pretrain.main(["--data=tfds:rows", *asked])
    assert not (tmp_path / "run").exists()
    pretrain.main(["--data=tfds:ways", *asked])
    assert "views are cut out of whole files" in capsys.readouterr().out
    # To be judged, pictures need not be such.
    found = []
    for name in ("ways", "rows"):
        plan, run = stored_plan(tmp_path / "run", data=f"tfds:{name}")
        found.append(read_data(as_trained(plan, run)).judged.pictures)
    np.testing.assert_array_equal(*map(all_of, found))
