"""Pictures read alike from memory, from files and in parts."""

import errno
import io
import os
import tempfile

import numpy as np
import pytest

from tests.dirty.case import noise
from tfcmc.data import Reading
from tfcmc.data.pictures import (
    ArrayPictures,
    Joined,
    RecordPictures,
    Subset,
    batched,
    in_batches,
    keep,
)
from tfcmc.data.room import Room
from tfcmc.foundation.errors import UsageError

NUMBERS = [4, 0, 4, 6, 2]
ARRAY = noise(1, 7, 5, 5, 3)
PICKED = np.stack([ARRAY[number] for number in NUMBERS])


def test_array_and_records_read_the_same():
    """A file of records gives what the array in memory gives."""
    file = tempfile.TemporaryFile()
    file.write(ARRAY.tobytes())
    file.flush()
    for pictures in (ArrayPictures(ARRAY), RecordPictures(file, 7, 5)):
        assert (len(pictures), pictures.side) == (7, 5)
        np.testing.assert_array_equal(pictures.read(NUMBERS), PICKED)
    # What the records are is the business of `decode`.
    pictures = RecordPictures(
        file, 7, 5, decode=lambda r: 255 - r.reshape(-1, 5, 5, 3)
    )
    np.testing.assert_array_equal(pictures.read(NUMBERS), 255 - PICKED)


def test_subset_renumbers():
    """Number i of a subset is picture numbers[i]."""
    subset = Subset(ArrayPictures(ARRAY), [5, 1, 3])
    assert (len(subset), subset.side) == (3, 5)
    expected = np.stack([ARRAY[3], ARRAY[5], ARRAY[5]])
    np.testing.assert_array_equal(subset.read(np.array([2, 0, 0])), expected)


def test_joined_reads_across_its_parts():
    """Joined parts read as one array, in any order of numbers."""
    parts = [ARRAY[:2], ARRAY[2:3], ARRAY[3:]]
    joined = Joined([ArrayPictures(part) for part in parts])
    assert (len(joined), joined.side) == (7, 5)
    np.testing.assert_array_equal(joined.read(NUMBERS), PICKED)
    np.testing.assert_array_equal(joined.read(range(7)), ARRAY)


@pytest.mark.parametrize("limit", [7 * 75, 7 * 75 - 1])
def test_keep_in_memory_or_in_a_file(limit):
    """What does not fit by a byte goes to a file; both agree.

    A transposed batch is written pixel by pixel, not as it lies, and pictures
    that never came are not counted.
    """
    turned = ARRAY.transpose(0, 2, 1, 3)
    room = Room(0, limit)
    pictures = keep(iter([ARRAY[:3], turned[3:5]]), 5, 7, room)
    kind = ArrayPictures if limit == 7 * 75 else RecordPictures
    assert isinstance(pictures, kind) and len(pictures) == 5
    assert room.fits(1) == (kind is RecordPictures)
    expected = [ARRAY[n] for n in range(3)]
    for n in (3, 4):
        columns = [[ARRAY[n, r, c] for r in range(5)] for c in range(5)]
        expected.append(columns)
    np.testing.assert_array_equal(pictures.read(range(5)), expected)


def test_all_parts_are_kept_or_none():
    """Together they keep to the limit; decoding has what they leave."""
    room = Reading(memory_limit=2**30).room(4, 5)
    assert room.fits(300) and not room.fits(301)
    with pytest.raises(ValueError, match="leaves 1.00 GiB"):
        with room.take(2**30 - 299):
            pass
    assert not Reading(memory_limit=299).room(4, 5).fits(75)


def test_batches_cover_everything_once():
    """Batches of pictures and of items keep order; the last is shorter."""
    batches = list(in_batches(ArrayPictures(ARRAY), 3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(batches), ARRAY)
    assert list(batched(io.StringIO("a\nb\nc\n"), 2)) == [
        ["a\n", "b\n"],
        ["c\n"],
    ]


def test_a_disk_that_fills(monkeypatch):
    """Is told as such, and not as damage of what is read."""

    class Full:
        def write(self, content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    batches = [np.zeros([2, 4, 4, 3], np.uint8)]
    with pytest.raises(UsageError, match="must fit on the disk, .* No space"):
        keep(batches, 4, 2, Room(0))
