"""Data are read and never run: nothing in a file or a name is obeyed."""

import ast
import csv
import io
import json
import os
import zipfile

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.conftest import SOURCES
from tests.dirty.runs import with_lambda
from tests.equal_runs import check_same
from tests.verdicts import IDENTITY
from tfcmc.cli import command_line
from tfcmc.encoders import ENCODERS, files, load_encoder, save_encoder
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.text import plain_text, printable
from tfcmc.report import Column, latex, markdown, over_seeds, tensorboard
from trainers import embed, neighbours, pretrain

FORBIDDEN = {"eval", "exec", "compile", "__import__", "extractall", "system"}
UNPICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"}
UNPICKLING |= {"marshal", "yaml"}
HARMLESS = {"allow_pickle": False, "shell": False, "safe_mode": True}


def offences(path):
    """Yields what in a file's source would run what it reads."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names.append(getattr(node, "module", None) or "")
            yield from {n.split(".")[0] for n in names} & UNPICKLING
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = {each.arg: each.value for each in node.keywords}
        # `compile` may be of a Keras model, or of a regular expression.
        if name in FORBIDDEN and (
            name != "compile" or isinstance(node.func, ast.Name)
        ):
            yield name
        for option, harmless in HARMLESS.items():
            if option in given and given[option].value is not harmless:
                yield option
        if name == "load_model" and "safe_mode" not in given:
            yield name


def test_nothing_runs_what_it_reads(tmp_path):
    """No eval, no unpickling, no shell; Keras loads in its safe mode."""
    path = tmp_path / "x.py"
    path.write_text("import yaml; eval(x); f(shell=True); k.load_model(y)")
    assert list(offences(path)) == ["yaml", "eval", "shell", "load_model"]
    assert len(SOURCES) > 100
    found = {path: list(offences(path)) for path in SOURCES}
    assert not {path: names for path, names in found.items() if names}


@pytest.mark.parametrize(
    "axis", ["loss", "data", "negatives", "encoder", "views", "crop"]
)
def test_specs_are_not_evaluated(axis, tmp_path, monkeypatch):
    """They are refused, and leave nothing behind."""
    monkeypatch.chdir(tmp_path)
    known = getattr(PretrainConfig(), axis)
    for spec in (
        "__import__('os').mkdir('taken')",
        "NAME(x=__import__('os').mkdir('taken'))",
        "NAME(x=[y for y in [open('taken', 'w')]])",
        'NAME(x=f\'{open("taken", "w")}\')',
        "NAME(x=(lambda: open('taken', 'w'))())",
        "NAME(**open('taken', 'w'))",
        "(NAME := open('taken', 'w'))",
        "NAME:$(mkdir taken)`mkdir taken`",
    ):
        settings = {axis: spec.replace("NAME", known)}
        with pytest.raises(UsageError):
            make_plan(PretrainConfig(**settings))
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def encoder():
    """An encoder of a view of one channel."""
    return ENCODERS.lookup("paper").function((64, 64, 1), 0)


@pytest.fixture
def saved(encoder, tmp_path):
    """The encoder's file, in a folder of its own."""
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "x.keras"
    save_encoder(path, encoder, IDENTITY)
    return path


def rewritten(path, change=None, weights=None, more=()):
    """Writes a `.keras` file again, changed, with more members."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    if change is not None:
        config = json.loads(members["config.json"])
        change(config)
        members["config.json"] = json.dumps(config)
    if weights is not None:
        data = io.BytesIO(members[files.WEIGHTS])
        with h5py.File(data, "a") as stored:
            weights(stored)
        members[files.WEIGHTS] = data.getvalue()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in (*members.items(), *more):
            file.writestr(name, data)


def names(module, class_name, config=None):
    """A layer whose activation is another object."""
    evil = {"module": module, "class_name": class_name, "config": config}

    def change(described):
        layer = described["config"]["layers"][1]
        layer["config"]["activation"] = evil

    return {"change": change}, f"it names .*{class_name}"


def _filters(described):
    described["config"]["layers"][1]["config"]["filters"] = 30_000


def _built_wide(described):
    build = described["config"]["layers"][1]["build_config"]
    build["input_shape"] = [None, 64, 64, 30_000]


def _another_layer(described):
    layers = described["config"]["layers"]
    layers.append(layers[1])


def _wide(weights):
    """A weight of 3.6 GB of zeros, in some kilobytes."""
    del weights[KERNEL]
    size = {"shape": (30_000, 30_000), "dtype": "f4", "chunks": (1000, 1000)}
    weights.create_dataset(KERNEL, compression="gzip", **size)


def _foreign(weights):
    """A weight that is read from another file."""
    del weights[KERNEL]
    size = {"shape": (12,), "dtype": "f4"}
    weights.create_dataset(KERNEL, external=[("/etc/passwd", 0, 48)], **size)


KERNEL = "layers/conv2d/vars/1"
FETCHED = {"fname": "taken", "origin": "file:///etc/passwd"}
HOSTILE = [
    names("builtins", "exec", "open('taken')"),
    names("builtins", "function", "exec"),
    names("keras.config", "enable_unsafe_deserialization"),
    names("keras.utils", "get_file", FETCHED),
    names("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"}),
    ({"change": _filters}, "it declares 30000, which no"),
    ({"change": _built_wide}, "it declares 30000, which no"),
    ({"change": _another_layer}, "it declares 7 layers, which no"),
    ({"weights": _wide}, "not of this run's shapes"),
    ({"weights": _foreign}, "from another file"),
]


@pytest.mark.parametrize(("changes", "why"), HOSTILE)
def test_encoders_are_what_encoders_of_the_run_are(
    changes, why, saved, encoder, tmp_path, monkeypatch
):
    """What else a file names or declares is refused before Keras reads it."""
    monkeypatch.chdir(tmp_path)
    rewritten(saved, **changes)
    monkeypatch.setattr(keras.models, "load_model", pytest.fail)
    with pytest.raises(UsageError, match=why):
        load_encoder(saved, encoder, IDENTITY)
    assert [p.name for p in tmp_path.iterdir()] == ["inner"]
    saved.unlink()
    os.mkfifo(saved)
    with pytest.raises(UsageError, match="not a regular file"):
        load_encoder(saved, encoder, IDENTITY)


def test_safe_mode_is_on(saved, encoder, monkeypatch):
    """Keras itself refuses a Lambda layer too."""
    save_encoder(saved, with_lambda(encoder), IDENTITY)
    monkeypatch.setattr(files, "_check_config", lambda *_: None)
    with pytest.raises(UsageError, match="(?i)lambda.*arbitrary code|unsafe"):
        load_encoder(saved, encoder, IDENTITY)


def test_archives_write_nothing_outside(saved, encoder, tmp_path):
    """Members of an encoder's file that lead out of it lead nowhere."""
    evil = [("../evil", "x"), ("/tmp/tfcmc-evil", "x"), ("assets/../../e", "")]
    rewritten(saved, more=evil)
    before = sorted(tmp_path.rglob("*"))
    loaded = load_encoder(saved, encoder, IDENTITY)
    assert sorted(tmp_path.rglob("*")) == before
    assert not os.path.exists("/tmp/tfcmc-evil")
    check_same(loaded.get_weights(), encoder.get_weights())


# What folders, and so classes, may be called on a disk.
NAMES = (
    "$\\frac{1}{$ & #% ~^_",
    "<script>alert(1)</script>".replace("/", "∕"),
    "a\tb\nc\rd",
    os.fsdecode(b"\xff\xfe"),
    "\x1b[31m, ; |`*[x](y)`\u2028",
)


@pytest.fixture
def album(tmp_path, rng):
    """A folder of classes with hostile names, itself of no better name."""
    root = tmp_path / os.fsdecode(b"pictures \xff $x$")
    for part, count in (("train", 4), ("test", 2)):
        for name in NAMES:
            place = root / part / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
                file = f"{NAMES[number]}{number}.png"
                Image.fromarray(pixels).save(place / file)
    return root


def test_hostile_names_from_end_to_end(album, tmp_path, capfd, eager):
    """A training, its figures, TensorBoard's files and what it is used for."""
    run = tmp_path / "run $x$ <b>"
    data = f"--data=folder:{album}"
    words = [data, "--epochs=1", "--batch-size=4", f"--run-dir={run}"]
    command_line.run(lambda: pretrain.main(words))
    assert json.loads((run / "metrics.json").read_text())["knn"]
    lines = (run / "tensorboard/verdict/metadata.tsv").read_bytes()
    rows = [line.split("\t") for line in lines.decode().split("\n")]
    assert [len(row) for row in rows] == [2] * 11 + [1]
    image = next(album.glob("train/*/*3.png"))
    command_line.run(lambda: neighbours.main([str(run), str(image), data]))
    printed = capfd.readouterr().out
    assert "\x1b" not in printed and "a\\tb\\nc\\rd" in printed
    out = tmp_path / "x.csv"
    command_line.run(lambda: embed.main([str(run), data, f"--out={out}"]))
    with open(out, newline="", errors="surrogateescape") as file:
        found = [row["name"] for row in csv.DictReader(file)]
    paths = [str(p.relative_to(album)) for p in album.rglob("*.png")]
    assert sorted(found) == sorted(paths)


def test_what_is_in_the_figures_folder(tmp_path, rng):
    """Files that are no pictures are left out; names that are no text go."""
    Image.fromarray(rng.integers(0, 256, (9, 7, 3), np.uint8)).save(
        tmp_path / "\udcff.png", "PNG"
    )
    (tmp_path / "empty.png").touch()
    (tmp_path / "page.png").write_text("<html>404 Not Found, and more</html>")
    paths = sorted(tmp_path.glob("*.png"))
    tensorboard.write_images(tmp_path / "out", paths)
    data = next((tmp_path / "out").iterdir()).read_bytes()
    assert data.count(b"\x89PNG") == 1 and "\ufffd".encode() in data


def test_names_as_text():
    """One line that nothing obeys, or text that UTF-8 can write."""
    assert plain_text("a\udcffb\ud800猫\n") == "a\ufffdb\ufffd猫\n"
    assert printable("a\t\x1b[1m\n\udcff\u2028猫 é") == (
        "a\\t\\x1b[1m\\n\\udcff\\u2028猫 é"
    )


def test_tables_obey_no_label():
    """Mathematics, entities and options in a label stay what they are."""
    column = Column("x", "x", "%", 1, "higher")
    labels = ("[2cm]", "*", "$x^2$ &lt;")
    rows = [{"label": each, "kind": "loss", "x": 1.0} for each in labels]
    table = over_seeds([column], rows)
    text = markdown(table)
    assert r"| \$x^2\$ \&lt; |" in text and r"| \[2cm\]" in text
    lines = latex(table).splitlines()
    assert r"{}[2cm] & $1.0$ \\" in lines
    assert r"{}* & $1.0$ \\" in lines
