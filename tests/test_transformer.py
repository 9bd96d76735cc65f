"""A run as a scikit-learn transformer."""

import os
import pathlib
import pickle
import shutil

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import tfcmc
from tfcmc.commands.results import Run
from tfcmc.data.images import resize
from tfcmc.data.pictures import ArrayPictures
from tfcmc.encoders import read_trained_as, save_encoder
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import UsageError


@pytest.fixture
def images(rng):
    """Pictures of another size than the run's."""
    return rng.integers(0, 256, (300, 50, 70, 3), np.uint8)


def test_features(trained, images):
    """Those that the run's own encoders give, over several batches."""
    got = tfcmc.load(trained[0]).transform(images)
    architecture, branches = open_trained(*stored_plan(trained[0]))
    reader = architecture.reader(branches)
    want = reader.encode(ArrayPictures(resize(images, 64)))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want.joined(), atol=1e-5)
    for view, features in zip(("L", "ab"), want.features, strict=True):
        single = tfcmc.load(trained[0]).set_params(view=view)
        np.testing.assert_allclose(
            single.transform(images), features, atol=1e-5
        )


def test_parameters(trained, images):
    """As scikit-learn reads, sets, clones and pickles them."""
    first = tfcmc.load(str(trained[0]))
    assert first.get_params() == {"run": str(trained[0]), "view": "both"}
    other = clone(first.set_params(view="ab"))
    assert other is not first and other.get_params() == first.get_params()
    assert other.fit(images) is other
    want = first.transform(images[:5])
    for copy in (other, pickle.loads(pickle.dumps(first))):
        np.testing.assert_array_equal(copy.transform(images[:5]), want)
    names = first.get_feature_names_out()
    assert list(names[:2]) == ["ab_0", "ab_1"] and len(names) == 384
    assert "FrozenFeatures" in repr(first)


def test_of_a_run_in_memory(trained):
    """A transformer has the path of a `Run`; no copy has its pictures."""
    held = np.zeros([2, 64, 64, 3], np.uint8)
    run = Run(trained[0], held=held)
    first = tfcmc.load(run)
    assert first.get_params()["run"] == clone(first).run == str(trained[0])
    copy = pickle.loads(pickle.dumps(run))
    assert copy._held is None and run._held is held
    assert os.fspath(copy) == os.fspath(run) and copy.verdict == run.verdict


def test_in_a_pipeline(trained, rng):
    """Scaled and classified, it tells red from blue."""
    labels = np.arange(60) % 2
    pictures = rng.integers(0, 120, (60, 64, 64, 3), np.uint8)
    pictures[labels == 0, ..., 0] += 100
    pictures[labels == 1, ..., 2] += 100
    pipeline = Pipeline(
        [
            ("features", tfcmc.load(trained[0])),
            ("scale", StandardScaler()),
            ("classify", LogisticRegression()),
        ]
    )
    pipeline.fit(pictures[:40], labels[:40])
    assert pipeline.score(pictures[40:], labels[40:]) > 0.9
    first_step = make_pipeline(tfcmc.load(trained[0]))
    assert first_step.transform(pictures[:3]).shape == (3, 768)


def test_a_run_that_was_trained_since(trained, images, tmp_path):
    """A cache gives no old features, and what was fitted meets no new ones."""
    copy, images = tmp_path / "run", images[:20]
    shutil.copytree(trained[0], copy)
    path = copy / "encoders" / "L.keras"

    def save(factor):
        _, branches = open_trained(*stored_plan(copy))
        for weight in branches["L"].trainable_weights:
            weight.assign(factor * weight)
        save_encoder(path, branches["L"], read_trained_as(path))

    steps = [("features", tfcmc.load(copy)), ("scale", StandardScaler())]
    pipeline = Pipeline(steps, memory=str(tmp_path / "cache")).fit(images)
    means, known = pipeline["scale"].mean_, joblib.hash(tfcmc.load(copy))
    save(1.0)  # again as it was
    assert joblib.hash(tfcmc.load(copy)) == known
    pipeline.transform(images)
    save(2.0)
    assert joblib.hash(tfcmc.load(copy)) != known
    for fitted in (pipeline, pickle.loads(pickle.dumps(pipeline))):
        with pytest.raises(
            UsageError, match="or fit again. Received: .*whose are others"
        ):
            fitted.transform(images)
    found = pipeline.fit(images)["scale"].mean_
    want = tfcmc.load(copy).transform(images).mean(axis=0)
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-5)
    assert np.abs(found - means).max() > 1e-2
    shutil.rmtree(copy)
    assert pickle.loads(pickle.dumps(pipeline)).get_params()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros([2, 64, 64, 3], np.float32),
        np.zeros([2, 64, 64, 1], np.uint8),
        np.zeros([64, 64, 3], np.uint8),
        np.zeros([2, 0, 64, 3], np.uint8),
        [[1, 2], [3, 4]],
    ],
)
def test_no_such_images(wrong, trained):
    """They are refused with their shape and type."""
    with pytest.raises(UsageError, match="of uint8, from 0 to 255. Received"):
        tfcmc.load(trained[0]).transform(wrong)


def test_no_such_run(trained, tmp_path):
    """A run that was damaged since and an unknown view are told plainly."""
    copy = tmp_path / "run"
    shutil.copytree(trained[0], copy)
    good = tfcmc.load(copy)
    (copy / "encoders" / "L.keras").write_bytes(b"no encoder")
    blank = np.zeros([1, 64, 64, 3], np.uint8)
    with pytest.raises(UsageError, match="L.keras"):
        good.transform(blank)
    with pytest.raises(UsageError, match="'both', 'L', 'ab'"):
        tfcmc.load(trained[0]).set_params(view="a").transform(blank)


def test_a_run_at_home(trained, monkeypatch):
    """`~` is the home folder, as in all calls."""
    folder = pathlib.Path(trained[0])
    monkeypatch.setenv("HOME", str(folder.parent))
    assert tfcmc.load(f"~/{folder.name}").open().names == ("L", "ab")


def test_data_that_are_gone(trained, tmp_path):
    """The run's data are not needed; no images give no features."""
    copy = tmp_path / "run"
    shutil.copytree(trained[0], copy)
    text = (copy / "config.json").read_text()
    text = text.replace('"shapes(size=160, seed=0)"', '"npz:/nowhere.npz"')
    (copy / "config.json").write_text(text)
    for count in (0, 1):
        images = np.zeros([count, 64, 64, 3], np.uint8)
        assert tfcmc.load(copy).transform(images).shape == (count, 768)


def test_import_is_light(command):
    """`import tfcmc` loads neither TensorFlow nor scikit-learn."""
    done = command("timeit", "-n1", "-r1", LIGHT)
    assert done.returncode == 0, done.stderr
    assert not hasattr(tfcmc, "lod") and "load" in dir(tfcmc)


LIGHT = """
import sys, tfcmc
heavy = {"tensorflow", "keras", "sklearn", "numpy"} & set(sys.modules)
if heavy: raise SystemExit(f"loaded {heavy}")
"""
