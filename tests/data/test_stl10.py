"""STL-10 in each of the forms in which people have it."""

import importlib
import io
import os
import types

import numpy as np
import pytest

from tests.dirty.binaries import FILES, NAMES, RECORD, pack, unpack
from tests.dirty.case import all_of, by_content, noise, source_of
from tfcmc.data import SOURCES
from tfcmc.data.pictures import ArrayPictures, RecordPictures
from tfcmc.foundation.errors import UsageError

LABELS = {part: list(FILES[f"{part}_y.bin"]) for part in ("train", "test")}
TOTAL = 7 * RECORD
FORMS = {"folder": unpack, "archive": pack}


@pytest.fixture(scope="module")
def expected():
    """The pictures by a slow loop: channel, then column, then row."""
    pictures = {}
    for part in ("unlabeled", "train", "test"):
        data = iter(FILES[f"{part}_X.bin"])
        count = len(FILES[f"{part}_X.bin"]) // RECORD
        pictures[part] = out = np.empty([count, 96, 96, 3], np.uint8)
        for picture, channel, column, row in np.ndindex(count, 3, 96, 96):
            out[picture, row, column, channel] = next(data)
    return pictures


def _read(data_dir, spec="stl10", **settings):
    return source_of(spec, data_dir, **settings)


def _check(source, expected):
    np.testing.assert_array_equal(
        all_of(source.pretrain), expected["unlabeled"]
    )
    for part, split in (("train", source.probe_train), ("test", source.test)):
        np.testing.assert_array_equal(all_of(split.pictures), expected[part])
        assert split.labels.tolist() == [y - 1 for y in LABELS[part]]
        assert split.labels.dtype == np.int64
    assert source.class_names == tuple(NAMES)
    assert source.unseen is True


@pytest.mark.parametrize("limit", [TOTAL, TOTAL - 1, 0])
@pytest.mark.parametrize("form", FORMS)
def test_published_files(tmp_path, expected, form, limit):
    """Pictures and labels are right, in memory and streamed from a file."""
    FORMS[form](tmp_path)
    source = _read(tmp_path, memory_limit=limit)
    _check(source, expected)
    test = ArrayPictures if limit == TOTAL else RecordPictures
    assert isinstance(source.test.pictures, test)
    # Of an archive nobody knows how much is still to come.
    early = limit and (limit == TOTAL or form == "archive")
    learnt = ArrayPictures if early else RecordPictures
    assert isinstance(source.pretrain, learnt)
    np.testing.assert_array_equal(
        source.pretrain.read([2, 0, 2]), expected["unlabeled"][[2, 0, 2]]
    )


def test_the_folder_itself_and_the_current_one(
    tmp_path, expected, monkeypatch, homeless
):
    """The unpacked folder can be in one that is named, or where one is."""
    (tmp_path / "stl10_binary").mkdir()
    unpack(tmp_path / "stl10_binary")
    _check(_read(tmp_path), expected)
    monkeypatch.chdir(tmp_path)
    _check(_read(None), expected)
    monkeypatch.chdir("/")
    with pytest.raises(UsageError, match="data-dir.*~/tensorflow_datasets"):
        _read(None)


def test_archive_of_more_pictures_than_a_piece(tmp_path):
    """Pieces of an archive's member follow each other without a gap."""
    first = noise(9, 300)
    pack(tmp_path, unlabeled_X=np.repeat(first, RECORD).tobytes())
    seen = _read(tmp_path, memory_limit=0).pretrain.read(np.arange(300))
    np.testing.assert_array_equal(seen[:, 5, 7, 1], first)


@pytest.mark.parametrize("form", FORMS)
def test_another_side(tmp_path, expected, form, halved):
    """Pictures of half the side are scaled, not cut."""
    FORMS[form](tmp_path)
    source = _read(tmp_path, side=48)
    inner = all_of(source.probe_train.pictures)[:, 1:-1, 1:-1]
    assert np.abs(inner - halved(expected["train"])).max() <= 1
    assert source.pretrain.side == 48


@pytest.mark.parametrize("form", FORMS)
def test_folds(tmp_path, expected, form):
    """A fold is a line of numbers of train pictures, from 0."""
    FORMS[form](tmp_path)
    for fold, numbers in enumerate(([1, 0], [1])):
        source = _read(tmp_path, f"stl10(fold={fold})")
        np.testing.assert_array_equal(
            all_of(source.probe_train.pictures), expected["train"][numbers]
        )
        labels = [LABELS["train"][number] - 1 for number in numbers]
        assert source.probe_train.labels.tolist() == labels
        assert len(source.test.pictures) == 2


@pytest.mark.parametrize("folds", [None, b"", b"0 2\n", b"0 -1\n"])
def test_folds_not_as_published(tmp_path, folds):
    """A missing fold, or one with numbers out of range, is told."""
    unpack(tmp_path, fold_indices=folds)
    assert len(_read(tmp_path).probe_train.labels) == 2
    with pytest.raises(UsageError, match="fold.*fold_indices.txt"):
        _read(tmp_path, "stl10(fold=0)")
    with pytest.raises(UsageError, match="fold"):
        SOURCES.lookup("stl10(fold=10)")


def test_both(tmp_path, expected):
    """The train pictures, all of them, follow the unlabelled ones."""
    unpack(tmp_path, class_names=None)
    source = _read(tmp_path, "stl10(pretrain=both, fold=0)")
    joined = np.concatenate([expected["unlabeled"], expected["train"]])
    np.testing.assert_array_equal(all_of(source.pretrain), joined)
    assert source.unseen is False
    assert len(source.probe_train.labels) == 2
    # STL-10 has the same ten classes everywhere.
    names = source.class_names
    assert len(names) == 10 and names[0] == "airplane"
    assert names == tuple(sorted(names))


def _splits(expected):
    """The pictures and labels of each split, as TFDS calls them."""
    names = {"train": "train", "test": "test", "unlabelled": "unlabeled"}
    return {
        split: (expected[part], [n - 1 for n in LABELS.get(part, [0] * 9)])
        for split, part in names.items()
    }


def test_prepared_by_tensorflow_datasets(tmp_path, expected, prepare_dataset):
    """The same pictures and labels, in an order of its own; no folds."""
    prepare_dataset(tmp_path, "stl10", _splits(expected), NAMES, side=96)
    source = _read(tmp_path)
    want = by_content(expected["unlabeled"])
    assert by_content(all_of(source.pretrain)) == want
    for part, split in (("train", source.probe_train), ("test", source.test)):
        want = by_content(expected[part], np.array(LABELS[part]) - 1)
        assert by_content(all_of(split.pictures), split.labels) == want
    assert source.class_names == tuple(NAMES) and source.unseen is True
    both = _read(tmp_path, "stl10(pretrain=both)")
    assert len(both.pretrain) == 5 and both.unseen is False
    with pytest.raises(UsageError, match="stl10_binary.*fold_indices.txt"):
        _read(tmp_path, "stl10(fold=0)")


# The name of the module is that of the function in its package.
MODULE = importlib.import_module("tfcmc.data.stl10")


def test_without_a_network(tmp_path, monkeypatch):
    """Two lines say what to fetch and where to put it."""

    def fail(*_, **__):
        raise OSError("Name or service not known\nand more")

    monkeypatch.setattr(MODULE.urllib.request, "urlopen", fail)
    with pytest.raises(UsageError) as caught:
        _read(tmp_path)
    text = str(caught.value)
    assert text.count("\n") == 1
    for word in (str(tmp_path), "not known", "stl10_binary.tar.gz", "acoates"):
        assert word in text
    assert os.listdir(tmp_path) == []
    with pytest.raises(UsageError, match="data-dir.*missing"):
        _read(tmp_path / "missing")


def test_download(tmp_path, monkeypatch, capfd, expected, prepare_dataset):
    """With a network it is prepared in the folder, then read."""

    def builder(name, data_dir):
        def prepare():
            print("chatter")
            prepare_dataset(data_dir, name, _splits(expected), NAMES, side=96)

        return types.SimpleNamespace(download_and_prepare=prepare)

    monkeypatch.setattr(
        MODULE.urllib.request, "urlopen", lambda *_, **__: io.BytesIO()
    )
    monkeypatch.setattr(MODULE, "tfds", types.SimpleNamespace(builder=builder))
    assert len(_read(tmp_path).pretrain) == 3
    assert "chatter" not in capfd.readouterr().out
