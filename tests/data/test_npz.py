"""An .npz file of arrays; what is wrong with one is in `tests/dirty`."""

import numpy as np
import pytest

from tests.dirty.arrays import Trap
from tests.dirty.case import all_of, noise, source_of
from tfcmc.data.pictures import ArrayPictures, RecordPictures
from tfcmc.foundation.errors import UsageError


@pytest.fixture
def arrays():
    """Random pictures of six pixels a side, with labels of four classes."""
    return {
        "x_unlabeled": noise(1, 9, 6, 6, 3),
        "x_train": noise(2, 5, 6, 6, 3),
        "y_train": np.array([3, 0, 1, 3, 0], np.int32),
        "x_test": noise(3, 3, 6, 6, 3),
        "y_test": np.array([1, 3, 1], np.uint8),
    }


@pytest.fixture
def read(tmp_path):
    """A function that writes arrays to a file and reads it."""

    def write_and_read(arrays, save=np.savez, **settings):
        save(tmp_path / "data.npz", **arrays)
        return source_of(f"npz:{tmp_path / 'data.npz'}", **settings)

    return write_and_read


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("limit", [17 * 108, 17 * 108 - 1])
def test_arrays_come_back(read, arrays, save, limit):
    """In memory or in files, compressed or not, as they were saved."""
    source = read(arrays, save, memory_limit=limit)
    parts = {
        "x_unlabeled": source.pretrain,
        "x_train": source.probe_train.pictures,
        "x_test": source.test.pictures,
    }
    kind = ArrayPictures if limit == 17 * 108 else RecordPictures
    assert set(map(type, parts.values())) == {kind}
    for name, pictures in parts.items():
        np.testing.assert_array_equal(all_of(pictures), arrays[name])
    assert source.probe_train.labels.tolist() == [3, 0, 1, 3, 0]
    assert source.test.labels.tolist() == [1, 3, 1]
    assert source.probe_train.labels.dtype == np.int64
    assert source.class_names == ("0", "1", "2", "3")
    assert source.unseen is True and source.notes == ()


def test_pieces_of_a_large_array(read):
    """An array longer than one piece keeps its order."""
    pictures = noise(6, 30, 400, 400, 3)
    source = read({"x_unlabeled": pictures}, memory_limit=0)
    numbers = [29, 0, 17, 18]
    np.testing.assert_array_equal(
        source.pretrain.read(numbers), pictures[numbers]
    )


def test_parts_that_are_missing(read, arrays):
    """Train is learnt from without unlabelled; without labels no probe is."""
    unlabelled = arrays.pop("x_unlabeled")
    source = read(arrays)
    assert source.pretrain is source.probe_train.pictures
    assert source.unseen is False
    source = read({"x_unlabelled": unlabelled})
    np.testing.assert_array_equal(all_of(source.pretrain), unlabelled)
    assert source.probe_train is None and source.test is None
    assert "probe is skipped" in source.notes[0]


def test_sizes(read, arrays, halved):
    """The middle is kept; sizes that differ become 96, or what is asked."""
    oblong = noise(7, 2, 9, 4, 3)
    source = read({"x_unlabeled": oblong})
    np.testing.assert_array_equal(all_of(source.pretrain), oblong[:, 2:6])
    arrays["x_test"] = np.repeat(arrays["x_test"], 2, axis=1)
    assert read(arrays).test.pictures.side == 96
    seen = all_of(read(arrays, side=3).probe_train.pictures)
    assert seen.shape == (5, 3, 3, 3)
    inner = seen[:, 1:-1, 1:-1]
    assert np.abs(inner - halved(arrays["x_train"])).max() <= 1


def test_class_names(read, arrays):
    """Names come from the file."""
    arrays["class_names"] = np.array(["ant", "bee", "cat", "großer Hund"])
    assert read(arrays).class_names[3] == "großer Hund"


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("x_unlabeled", np.zeros([9, 6, 6], np.uint8), r"\[9, 6, 6\]"),
        ("y_train", np.array([True, False, True, True, True]), "bool"),
        ("class_names", np.arange(4), "class_names are 4 strings.*int64"),
        ("class_names", np.array([Trap(), 1], object), "never unpickled"),
    ],
)
def test_arrays_that_will_not_do(read, arrays, name, value, match):
    """Each mistake is told with the file's name."""
    with pytest.raises(UsageError, match=match) as caught:
        read(arrays | {name: value})
    assert "data.npz" in str(caught.value)
