"""Files of vectors: what is written is what is read back."""

import csv
import zipfile

import numpy as np
import pyarrow.parquet
import pytest

from tfcmc.foundation.errors import UsageError
from tfcmc.using.vector_files import WRITERS, check_out, open_table

every_ending = pytest.mark.parametrize("ending", WRITERS)
NAMES = ["a.png", 'b, "c"\nd.png', "é/ü.jpg", "e.png", "f.png"]


@pytest.fixture
def rows(rng):
    """Five named rows of two kinds of vectors, with extreme numbers."""
    vectors = {
        "features": rng.normal(size=(5, 3)).astype(np.float32),
        "embeddings_L": rng.normal(size=(5, 2)).astype(np.float32),
    }
    vectors["features"][1] = [3.4e38, 1.2e-44, -0.0]
    return {"name": NAMES, "number": [4, 0, 2**40, 7, 1]}, vectors


def write(path, rows, starts=(0, 2, 4, 5)):
    """Writes rows in three batches."""
    columns, vectors = rows
    with open_table(path) as add:
        for start, stop in zip(starts, starts[1:], strict=False):
            add(
                {name: values[start:stop] for name, values in columns.items()},
                {name: array[start:stop] for name, array in vectors.items()},
            )


def read(path):
    """Reads a file back as columns and vectors, in the writers' form."""
    if path.suffix == ".npz":
        arrays = dict(np.load(path))
        names, numbers = arrays.pop("name"), arrays.pop("number")
        return {"name": names.tolist(), "number": numbers.tolist()}, arrays
    if path.suffix == ".csv":
        with open(path, newline="", encoding="utf-8") as file:
            table = list(csv.reader(file))
        assert table[0][2:5] == ["features_0", "features_1", "features_2"]
        assert table[0][5:] == ["embeddings_L_0", "embeddings_L_1"]
        names, numbers, *rest = zip(*table[1:], strict=True)
        # Nothing that a spreadsheet computes; the first apostrophe goes.
        assert not any(name[:1] in set("=+-@\t\r") for name in names)
        names = [name.removeprefix("'") for name in names]
        values = np.array(rest, np.float64).T.astype(np.float32)
        return (
            {"name": list(names), "number": [int(n) for n in numbers]},
            {"features": values[:, :3], "embeddings_L": values[:, 3:]},
        )
    table = pyarrow.parquet.read_table(path).to_pydict()
    columns = {name: table.pop(name) for name in ("name", "number")}
    return columns, {k: np.array(v, np.float32) for k, v in table.items()}


@every_ending
def test_read_back(ending, rows, tmp_path):
    """Every name and every bit of every number, batch after batch."""
    path = tmp_path / f"out{ending}"
    write(path, rows)
    columns, vectors = read(path)
    assert columns == rows[0]
    assert list(vectors) == list(rows[1])
    for name, array in vectors.items():
        np.testing.assert_array_equal(array, rows[1][name])
        assert array.dtype == np.float32
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_columns_of_any_length(rows, tmp_path, monkeypatch):
    """Beyond 2 GiB an entry of an archive needs the longer form."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    path = tmp_path / "out.npz"
    write(path, rows)
    columns, vectors = read(path)
    assert columns == rows[0]
    np.testing.assert_array_equal(vectors["features"], rows[1]["features"])


@pytest.mark.parametrize("sign", "=+-@\t\r'")
def test_no_name_is_a_formula(sign, rows, tmp_path):
    """What a spreadsheet would compute is text, and comes back whole."""
    columns = rows[0] | {"name": [f"{sign}1", sign, "a=1", f"{sign}'", "b"]}
    path = tmp_path / "out.csv"
    write(path, (columns, rows[1]))
    assert read(path)[0] == columns


@every_ending
def test_whole_or_absent(ending, rows, tmp_path):
    """A fault on the way leaves what was there, and nothing else."""
    path = tmp_path / f"out{ending}"
    path.write_bytes(b"older")
    columns, vectors = rows
    with pytest.raises(ZeroDivisionError), open_table(path) as add:
        add(columns, vectors)
        raise ZeroDivisionError
    assert path.read_bytes() == b"older"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@every_ending
def test_disk_that_refuses(ending, rows, tmp_path):
    """Told in a plain sentence."""
    path = tmp_path / "gone" / f"out{ending}"
    with pytest.raises(UsageError, match="`out` must be a file that can be"):
        write(path, rows)


@every_ending
def test_names_that_are_no_text(ending, rows, tmp_path):
    """File names of any bytes are written; .parquet, which is UTF-8, marks
    what it cannot hold."""
    odd = b"\xff.png".decode("utf-8", "surrogateescape")
    path = tmp_path / f"out{ending}"
    write(path, ({"name": [odd] * 5}, rows[1]))
    if ending == ".npz":
        assert np.load(path)["name"].tolist() == [odd] * 5
    elif ending == ".csv":
        assert path.read_bytes().count(b"\xff.png,") == 5
    else:
        table = pyarrow.parquet.read_table(path)
        assert table["name"].to_pylist() == ["\ufffd.png"] * 5


def test_check_out(tmp_path, monkeypatch):
    """What could never be written is refused before any work."""
    (tmp_path / "folder.npz").mkdir()
    for name, told in (
        ("out.npy", "ending in .npz or .csv or .parquet"),
        ("out", "ending in"),
        ("folder.npz", "a file ending in"),
        ("gone/out.csv", "in a folder that can be written to"),
    ):
        with pytest.raises(UsageError, match=told):
            check_out(tmp_path / name)
    check_out(tmp_path / "out.parquet")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install") as told:
        check_out(tmp_path / "out.parquet")
    assert len(str(told.value).splitlines()) == 2
    check_out(tmp_path / "out.npz")
