"""An .npz file of arrays as a data source."""

import numpy as np
import pytest

from tfcmc.data import SOURCES, Reading
from tfcmc.data.pictures import ArrayPictures, RecordPictures
from tfcmc.foundation.errors import UsageError


@pytest.fixture
def arrays():
    """Random pictures of six pixels a side, with labels of four classes."""
    generator = np.random.default_rng(5)

    def pictures(count):
        return generator.integers(0, 256, (count, 6, 6, 3), np.uint8)

    return {
        "x_unlabeled": pictures(9),
        "x_train": pictures(5),
        "y_train": np.array([3, 0, 1, 3, 0], np.int32),
        "x_test": pictures(3),
        "y_test": np.array([1, 3, 1], np.uint8),
    }


def _read(tmp_path, arrays, save=np.savez, **settings):
    path = tmp_path / "data.npz"
    save(path, **arrays)
    return _read_file(path, **settings)


def _read_file(path, **settings):
    bound = SOURCES.lookup(f"npz:{path}")
    bound.member.extra["check"](bound.argument, None)
    return bound.function(Reading(**settings), bound.argument)


def _all(pictures):
    return pictures.read(np.arange(len(pictures)))


def _refused(tmp_path, arrays, match):
    with pytest.raises(UsageError, match=match) as caught:
        _read(tmp_path, arrays)
    assert "data.npz" in str(caught.value)
    assert str(caught.value).count("\n") <= 1


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("limit", [17 * 108, 17 * 108 - 1])
def test_arrays_come_back(tmp_path, arrays, save, limit):
    """In memory or in files, compressed or not, as they were saved."""
    source = _read(tmp_path, arrays, save, memory_limit=limit)
    kind = ArrayPictures if limit == 17 * 108 else RecordPictures
    parts = {
        "x_unlabeled": source.pretrain,
        "x_train": source.probe_train.pictures,
        "x_test": source.test.pictures,
    }
    for name, pictures in parts.items():
        assert isinstance(pictures, kind)
        np.testing.assert_array_equal(_all(pictures), arrays[name])
    assert source.probe_train.labels.tolist() == [3, 0, 1, 3, 0]
    assert source.test.labels.tolist() == [1, 3, 1]
    assert source.probe_train.labels.dtype == np.int64
    assert source.class_names == ("0", "1", "2", "3")
    assert source.unseen is True and source.notes == ()


def test_pieces_of_a_large_array(tmp_path):
    """An array longer than one piece keeps its order."""
    generator = np.random.default_rng(6)
    pictures = generator.integers(0, 256, (30, 400, 400, 3), np.uint8)
    source = _read(tmp_path, {"x_unlabeled": pictures}, memory_limit=0)
    numbers = [29, 0, 17, 18]
    np.testing.assert_array_equal(
        source.pretrain.read(numbers), pictures[numbers]
    )


def test_train_is_learnt_from_without_unlabelled(tmp_path, arrays):
    """Without x_unlabeled the same train pictures serve both ends."""
    del arrays["x_unlabeled"]
    source = _read(tmp_path, arrays)
    assert source.pretrain is source.probe_train.pictures
    assert source.unseen is False


def test_only_unlabelled(tmp_path, arrays):
    """The probe is skipped, with a note."""
    source = _read(tmp_path, {"x_unlabelled": arrays["x_unlabeled"]})
    np.testing.assert_array_equal(_all(source.pretrain), arrays["x_unlabeled"])
    assert source.probe_train is None and source.test is None
    assert "probe is skipped" in source.notes[0]


def test_oblong_pictures_are_cut(tmp_path):
    """The middle square of oblong pictures is kept."""
    generator = np.random.default_rng(7)
    pictures = generator.integers(0, 256, (2, 9, 4, 3), np.uint8)
    source = _read(tmp_path, {"x_unlabeled": pictures})
    np.testing.assert_array_equal(_all(source.pretrain), pictures[:, 2:6])


def test_sizes_that_differ_become_one(tmp_path, arrays, halved):
    """Arrays of different sizes become 96, or what is asked for."""
    arrays["x_test"] = np.repeat(arrays["x_test"], 2, axis=1)
    assert _read(tmp_path, arrays).test.pictures.side == 96
    source = _read(tmp_path, arrays, side=3)
    seen = _all(source.probe_train.pictures)
    assert seen.shape == (5, 3, 3, 3)
    inner = seen[:, 1:-1, 1:-1]
    assert np.abs(inner - halved(arrays["x_train"])).max() <= 1


def test_labels_in_a_column(tmp_path, arrays):
    """Labels `[count, 1]`, as Keras's datasets have them, are taken."""
    arrays["y_train"] = arrays["y_train"][:, None]
    source = _read(tmp_path, arrays)
    assert source.probe_train.labels.tolist() == [3, 0, 1, 3, 0]


def test_class_names(tmp_path, arrays):
    """Names come from the file, and have to name every label."""
    arrays["class_names"] = np.array(["ant", "bee", "cat", "großer Hund"])
    assert _read(tmp_path, arrays).class_names[3] == "großer Hund"
    arrays["class_names"] = arrays["class_names"][:3]
    _refused(tmp_path, arrays, "class_names are 4 strings.*Received.*3")
    arrays["class_names"] = np.arange(4)
    _refused(tmp_path, arrays, "class_names are 4 strings.*int64")


def test_missing_arrays(tmp_path, arrays):
    """The error lists what the file has."""
    arrays["y_tets"] = arrays.pop("y_test")
    _refused(tmp_path, arrays, "x_train, x_unlabeled, y_tets, y_train")
    _refused(tmp_path, {}, "nothing")


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("x_train", np.zeros([5, 6, 6, 3], np.float32), "uint8.*float32"),
        ("x_test", np.zeros([3, 3, 6, 6], np.uint8), r"x_test \[3, 3, 6, 6"),
        ("x_unlabeled", np.zeros([9, 6, 6], np.uint8), r"\[9, 6, 6\]"),
        ("x_unlabeled", np.zeros([0, 6, 6, 3], np.uint8), r"\[0, 6, 6, 3\]"),
        ("y_train", np.array([0, 1, 3, 1]), r"picture \(5\).*\[4\]"),
        ("y_train", np.array([0.5, 1, 3, 1, 0]), "whole number.*float64"),
        ("y_train", np.array([0, 1, -3, 1, 0]), "-3 to 1"),
        ("y_train", np.array([0, 1, 2**40, 1, 3]), "below 100,000"),
        ("y_train", np.eye(5, dtype=int), r"one whole number"),
        ("y_train", np.array([True, False, True, True, True]), "bool"),
        ("y_test", np.array([0, 2, 7]), "2, 7 in y_test"),
        ("x_train", np.asfortranarray(np.zeros([5, 6, 6, 3], np.uint8)), "C"),
    ],
)
def test_arrays_that_will_not_do(tmp_path, arrays, name, value, match):
    """Each mistake is told in one or two lines."""
    arrays[name] = value
    _refused(tmp_path, arrays, match)


class _Trap:
    """Ends the test if it is ever unpickled."""

    def __reduce__(self):
        return (pytest.exit, ("unpickled",))


@pytest.mark.parametrize("name", ["x_train", "y_test", "class_names"])
def test_objects_are_never_unpickled(tmp_path, arrays, name):
    """A pickled array is refused before its bytes are looked at."""
    arrays[name] = np.array([_Trap(), None], object)
    _refused(tmp_path, arrays, "never unpickled")


def test_arrays_that_are_not_used_are_not_read(tmp_path, arrays):
    """Whatever else is in the file does not matter."""
    arrays["more"] = np.array([_Trap()], object)
    assert len(_read(tmp_path, arrays).pretrain) == 9


def test_files_that_are_not_whole(tmp_path, arrays):
    """A cut, a corrupt and another kind of file are told with their name."""
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UsageError, match="data.npz"):
        _read_file(path)
    data[400] ^= 255
    path.write_bytes(data)
    with pytest.raises(UsageError, match="data.npz.*CRC"):
        _read_file(path)
    np.save(tmp_path / "other.npy", arrays["x_train"])
    with pytest.raises(UsageError, match="other.npy"):
        _read_file(tmp_path / "other.npy")
    for name in ("missing.npz", ""):
        with pytest.raises(UsageError, match="npz:FILE"):
            _read_file(tmp_path / name)
