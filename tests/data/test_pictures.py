"""Pictures read alike from memory, from files and in parts."""

import io
import tempfile

import numpy as np
import pytest

from tests.dirty.case import noise
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

NUMBERS = [4, 0, 4, 6, 2]


@pytest.fixture
def array():
    """Seven random pictures of five pixels a side."""
    return noise(1, 7, 5, 5, 3)


def _in_file(array):
    file = tempfile.TemporaryFile()
    file.write(array.tobytes())
    file.flush()
    return file


def _picked(array):
    return np.stack([array[number] for number in NUMBERS])


def test_array_and_records_read_the_same(array):
    """A file of records gives what the array in memory gives."""
    records = RecordPictures(_in_file(array), 7, 5)
    for pictures in (ArrayPictures(array), records):
        assert (len(pictures), pictures.side) == (7, 5)
        np.testing.assert_array_equal(pictures.read(NUMBERS), _picked(array))


def test_records_are_decoded(array):
    """What the records are is the business of `decode`."""
    pictures = RecordPictures(
        _in_file(array), 7, 5, decode=lambda r: 255 - r.reshape(-1, 5, 5, 3)
    )
    expected = 255 - _picked(array)
    np.testing.assert_array_equal(pictures.read(NUMBERS), expected)


def test_subset_renumbers(array):
    """Number i of a subset is picture numbers[i]."""
    subset = Subset(ArrayPictures(array), [5, 1, 3])
    assert (len(subset), subset.side) == (3, 5)
    expected = np.stack([array[3], array[5], array[5]])
    np.testing.assert_array_equal(subset.read(np.array([2, 0, 0])), expected)


def test_joined_reads_across_its_parts(array):
    """Joined parts read as one array, in any order of numbers."""
    parts = [array[:2], array[2:3], array[3:]]
    joined = Joined([ArrayPictures(part) for part in parts])
    assert (len(joined), joined.side) == (7, 5)
    np.testing.assert_array_equal(joined.read(NUMBERS), _picked(array))
    np.testing.assert_array_equal(joined.read(range(7)), array)


@pytest.mark.parametrize("limit", [7 * 75, 7 * 75 - 1])
def test_keep_in_memory_or_in_a_file(array, limit):
    """What does not fit the limit by a byte goes to a file; both agree."""
    batches = [array[:3], array[3:4, ::1], array[4:]]
    pictures = keep(iter(batches), 5, 7, Room(limit))
    kind = ArrayPictures if limit == 7 * 75 else RecordPictures
    assert isinstance(pictures, kind)
    np.testing.assert_array_equal(pictures.read(NUMBERS), _picked(array))


@pytest.mark.parametrize("limit", [0, 10**6])
def test_keep_with_fewer_than_expected(array, limit):
    """Pictures that never came are not counted."""
    pictures = keep([array[:3]], 5, 7, Room(limit))
    assert len(pictures) == 3
    np.testing.assert_array_equal(pictures.read([2, 0]), array[[2, 0]])


def test_keep_takes_batches_that_are_not_contiguous(array):
    """A transposed batch is written pixel by pixel, not as it lies."""
    turned = array.transpose(0, 2, 1, 3)
    pictures = keep([turned], 5, 7, Room(0))
    expected = np.stack(
        [[[p[r, c] for r in range(5)] for c in range(5)] for p in array]
    )
    np.testing.assert_array_equal(pictures.read(range(7)), expected)


def test_batches_cover_everything_once(array):
    """Batches of pictures and of items keep order; the last is shorter."""
    batches = list(in_batches(ArrayPictures(array), 3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(batches), array)
    assert list(batched(io.StringIO("a\nb\nc\n"), 2)) == [
        ["a\n", "b\n"],
        ["c\n"],
    ]
