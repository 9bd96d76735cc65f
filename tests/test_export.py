"""A run as one model of other people's formats."""

import importlib.util
import re

import numpy as np
import pytest

import tfcmc
from tests import verdicts
from tests.equal_runs import check_same
from tfcmc.batch_norms.layer import BatchNormalization
from tfcmc.data.images import resize
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import TrainingFailed, UsageError
from tfcmc.foundation.lazy import keras, tf
from tfcmc.runs.folder import Run
from tfcmc.using import alone
from tfcmc.using import export as exporting
from tfcmc.using.formats import CARD, FORMATS, place_of
from tfcmc.using.model_card import verdict_words
from tfcmc.using.resizing import resized
from trainers import export

SIZES = [(1, 1), (7, 300), (90, 33), (33, 90), (48, 48), (250, 120), (64, 40)]


@pytest.mark.parametrize("side, known", [(48, False), (96, False), (32, True)])
def test_resizing_is_pillow_s(side, known, rng):
    """Bit for bit, whichever axis Pillow scales first."""
    for size in SIZES[-1:] if known else SIZES:
        shape = (*(size if known else (None, None)), 3)
        pictures = keras.Input(shape, dtype="uint8")
        model = keras.Model(pictures, resized(pictures, side))
        given = rng.integers(0, 256, (2, *size, 3), np.uint8)
        found = model(given).numpy()
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, resize(given, side))


@pytest.mark.parametrize(
    "settings",
    [
        {"views": "lab", "crop": "window(small=reflect)"},
        {"views": "ycbcr", "crop": "resized"},
        {"views": "rgb(augment=byol)", "side": 32},
        {"views": "tests.tiny:channels", "side": 32},
    ],
)
def test_views_are_portable(settings, rng):
    """What is exported shows a branch what a probe is shown."""
    views = make_plan(make_config(settings)).views_of(64)
    inputs = keras.Input((64, 64, 3), dtype="uint8")
    model = keras.Model(inputs, views.portable(inputs))
    pictures = rng.integers(0, 256, (3, 64, 64, 3), np.uint8)
    pictures[0] = 0
    wanted = views.whole(tf.constant(pictures))
    shown = keras.tree.flatten(model(pictures))
    for found, want in zip(shown, wanted, strict=True):
        # Places of samples are float32: noise changes by 1 a pixel.
        np.testing.assert_allclose(found, want, atol=1e-4)


OTHER = """
import tensorflow as tf
from tfcmc.views import cropped


def views(frame):
    def convert(pictures):
        scaled = tf.cast(pictures, tf.float32)
        return scaled[..., :1], scaled[..., 1:]

    return cropped(frame, names="ab", channels=(1, 2), convert=convert)
"""


def test_views_in_other_operations(tmp_path):
    """Are told, with what they lack."""
    (tmp_path / "mine.py").write_text(OTHER)
    plan = make_plan(make_config({"views": f"{tmp_path}/mine.py:views"}))
    square = keras.Input((64, 64, 3), dtype="uint8")
    with pytest.raises(UsageError, match="in keras.ops alone"):
        exporting.shown_views(plan, plan.views_of(64), square)


@pytest.fixture
def brief(monkeypatch):
    """Compares few pictures, and hardly times them."""
    monkeypatch.setattr(exporting, "COMPARED", 2)
    monkeypatch.setattr(exporting, "TIMED", 20)
    monkeypatch.setattr(exporting, "SEVERAL", 2)
    for name, few in (("WARM", 0), ("FEWEST", 1), ("REPEATS", 1)):
        monkeypatch.setattr(alone, name, few)


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name, trained, brief, tmp_path, monkeypatch, capsys, rng):
    """Each gives the run's features; its card says how to ask for them."""
    for module in FORMATS[name].packages:
        pytest.importorskip(module)
    out = tmp_path / f"mine{FORMATS[name].suffix}"
    words = ["--size=50x70"] if name == "litert" else []
    export.main([str(trained[0]), f"--format={name}", f"--out={out}", *words])
    printed = capsys.readouterr().out
    difference = re.search(r"largest difference (\S+) of", printed)
    assert float(difference[1]) < 1e-5
    text = (tmp_path / f"{out.name}.md").read_text()
    for word in ("softmax(temperature=0.07)", "SHA-256", "linear probe"):
        assert word in text
    assert "Give uint8" in text
    assert ("Keras cuts other types to bytes" in text) == (name == "keras")
    pictures = rng.integers(0, 256, (3, 50, 70, 3), np.uint8)
    told = {"pictures": pictures}
    monkeypatch.chdir(tmp_path)
    snippet = text.partition("```python\n")[2].partition("```")[0]
    assert len(snippet.splitlines()) == 3
    exec(snippet, told)
    np.testing.assert_allclose(
        told["features"], tfcmc.load(trained[0]).transform(pictures), atol=1e-5
    )
    assert {path.name for path in tmp_path.iterdir()} == {
        out.name, f"{out.name}.md"
    }  # fmt: skip


def test_a_verdict_is_of_the_weights():
    """Of a run that was trained on since it was judged, the card has none."""
    sphere = {"alignment": 0.5, "uniformity": -2.0, "effective_rank": 9.0}
    metrics = verdicts.verdict({}, sphere)
    metrics |= {"encoders_sha256": {"L": "00", "ab": "11"}}
    told = verdict_words(metrics, {"L": "00", "ab": "11"})
    assert told == "on test: alignment 0.500, uniformity -2.000"
    told = verdict_words(metrics, {"L": "00", "ab": "12"})
    assert told == "none of these weights; tfcmc evaluate gives it"
    assert verdict_words(None, {}) == "none; tfcmc evaluate gives it"


def test_what_differs_is_not_written(trained, tmp_path, monkeypatch):
    """Neither is what was there taken away."""
    out = tmp_path / "mine.keras"
    out.write_bytes(b"of old")

    def otherwise(run, kind, path, size):
        keras.models.load_model(path)  # it is whole by then
        return exporting.Comparison(1.0, 1.0, 0.9, 2, 768, (), (), {}, ())

    monkeypatch.setattr(exporting, "compare", otherwise)
    with pytest.raises(TrainingFailed, match="cosine is 0.900000 at least"):
        export.main([str(trained[0]), f"--out={out}"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.keras"]
    assert out.read_bytes() == b"of old"


def test_plain_layers(rng):
    """Batch statistics of shares and other precisions become Keras's own."""
    config = make_config({"encoder": "resnet(width=0.0625)", "side": 32})
    encoder = make_plan(config).encoder.function

    def normalise(**options):
        return BatchNormalization(groups=2, dtype="mixed_bfloat16", **options)

    model = encoder((32, 32, 3), 0, batch_norm=normalise)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.0, weight.shape))
    copy = exporting.plain(model)
    kinds = {type(layer) for layer in copy.layers}
    assert BatchNormalization not in kinds
    assert keras.layers.BatchNormalization in kinds
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    check_same(copy.weights, model.weights)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--format=torch"], "'keras', 'saved_model', 'onnx', 'litert'"),
        (["--format=onnx"], 'pip install "tfcmc[onnx]"'),
        (["--size=5000"], "HEIGHTxWIDTH"),
        (["--size=20x0"], "HEIGHTxWIDTH"),
        (["--out=mine.h5"], "ending in .keras"),
        (["--format=saved_model", "--out=.."], "a new folder"),
        (["--format=saved_model", "--out=/"], "folder"),
        (["--out=nowhere/mine.keras"], "can be written to"),
    ],
)
def test_mistakes(words, told, trained, tmp_path, monkeypatch, refused):
    """All are told before anything is loaded."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert told in refused(export.main, trained[0], *words)
    assert [path.name for path in tmp_path.rglob("*")] == ["here"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["--format=saved_model", "--out=README"], "README.md"),
        (["--out=mine.keras"], "mine.keras.md"),
    ],
)
def test_a_card_replaces_none_but_a_card(
    words, name, trained, tmp_path, monkeypatch, refused
):
    """What a user wrote under its name stays."""
    monkeypatch.chdir(tmp_path)
    page = tmp_path / name
    for content in (b"# README\n\nOf mine.\n", b"\xff"):
        page.write_bytes(content)
        told = refused(export.main, trained[0], *words)
        assert f"its card, {name}, replaces no other file" in told
        assert page.read_bytes() == content
    page.write_text(f"# mine\n\n{CARD} softmax.\n")
    kind = FORMATS["keras" if len(words) == 1 else "saved_model"]
    out = tmp_path / name.removesuffix(".md")
    assert place_of(Run(trained[0]), kind, str(out)) == out
