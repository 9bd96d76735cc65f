"""Fixtures for all tests."""

import dataclasses
import functools
import gc
import importlib.util
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import sys

import filelock
import hypothesis
import numpy as np
import pytest
from PIL import Image

from tests import plain, verdicts
from tests.dirty.case import told
from tfcmc.experiment.config import PretrainConfig, make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.lazy import LazyModule, keras
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import make_identity
from tfcmc.searches.records import FAILED, trial_folder, write_record

tfds = LazyModule("tensorflow_datasets")
exporting = LazyModule("tfcmc.using.export")
ROOT = pathlib.Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("tfcmc", "trainers", "tuning", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
SHARED = pathlib.Path(__file__).parents[2] / "shared" / "data"
# The same examples each time, however slow the machine is.
hypothesis.settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, max_examples=60
)
hypothesis.settings.load_profile("fixed")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
THREADS += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
LONGEST = ("test_machines", "test_commands", "test_interruption")
LONGEST += ("test_strategy", "test_benchmarks", "test_search", "test_rounds")
LONGEST += ("test_presets", "test_own", "test_parts", "test_battery")
LONGEST += ("test_calls", "test_augment", "test_replicas")
CHROMIUM = ("chromium", "chromedriver")
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--window-size=1400,900",
    # WebGL, which TensorBoard's projector draws with, without a GPU.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Nothing is asked of the network but the pages under test.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_configure(config):
    """Tests run in two processes: each takes one core, as do its children."""
    if config.getoption("numprocesses", None):
        for name in THREADS:
            os.environ.setdefault(name, "1")


def pytest_collection_modifyitems(items):
    """The longest files first, so that both processes end together."""
    first = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path.stem, len(first)))


def pytest_collection_finish():
    """What is imported by then stays: nothing looks for garbage in it.

    Nor as often as usual in what comes, most of which is none.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 10)


@pytest.fixture
def rng():
    """A random generator that starts the same in every test."""
    return np.random.default_rng(20_260_131)


@pytest.fixture(scope="session")
def python():
    """A function that runs Python in a new process, from the checkout."""

    def run(*words, **variables):
        return subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=ROOT,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run


@pytest.fixture(scope="session")
def command(python):
    """The same of `python -m`."""
    return functools.partial(python, "-m")


@pytest.fixture
def refused(capsys):
    """A function that says what is told to a user who made a mistake."""

    def run(main, *words):
        found = told(lambda: main([str(word) for word in words]), capsys)
        assert 1 <= len(found.strip().splitlines()) <= 2
        return found.strip()

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory, command):
    """A run folder of two epochs on tiny data, and what was printed.

    Trained once for all processes of a session; each has its own copy.
    """
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    first, printed = base / "trained", base / "trained.pickle"
    with filelock.FileLock(base / "trained.lock"):
        if not printed.exists():
            done = command(
                "trainers.pretrain",
                "--data=shapes(size=160)",
                "--epochs=2",
                "--batch-size=16",
                f"--run-dir={first}",
            )
            assert done.returncode == 0, done.stderr
            printed.write_bytes(pickle.dumps(done))
    folder = tmp_path_factory.mktemp("runs") / "softmax"
    shutil.copytree(first, folder)
    return folder, pickle.loads(printed.read_bytes())


@pytest.fixture
def plain_views(monkeypatch):
    """RGB views without distortions, which take seconds to compile."""
    plain.leave_out_distortions(monkeypatch)


@pytest.fixture
def eager(monkeypatch):
    """Commands that train in this process, a few steps, without a graph."""
    plain.leave_out_graphs(monkeypatch)


@pytest.fixture
def uncompiled(monkeypatch):
    """Views whose distortions are not compiled: a second or two of each."""
    monkeypatch.setattr("tfcmc.views.rgb.compiled", lambda convert: convert)


@pytest.fixture
def few_fits(monkeypatch):
    """Probes with little to choose among, on all sides of what is compared."""
    plain.leave_out_fits(monkeypatch)


@pytest.fixture
def uncompared(monkeypatch):
    """Exports without the process that compares, of which a test is enough."""
    found = exporting.Comparison(
        difference=0.0,
        largest=1.0,
        cosine=1.0,
        pictures=2,
        dim=768,
        branches=("L", "ab"),
        timed=(256, 256, 32),
        seconds={"keras": [np.ones(1), np.ones(1)]},
        versions=(),
    )
    monkeypatch.setattr("tfcmc.using.export.compare", lambda *_: found)


@pytest.fixture(scope="session")
def photographs():
    """The folder of prepared photographs, where the machine has it."""
    folder = SHARED / "tfds"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the prepared photographs must be there in CI")
        pytest.skip("no prepared photographs beside the checkout")
    return folder


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Headless Chromium, driven by Selenium; drawn without a GPU."""
    programs = {name: shutil.which(name) for name in CHROMIUM}
    missing = [name for name, path in programs.items() if path is None]
    if importlib.util.find_spec("selenium") is None:
        missing.append("selenium")
    if missing:
        told = f"a test in the browser needs {' and '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
    # Not at the top: without Selenium the other tests still run.
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*CHROMIUM_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(programs["chromedriver"])
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def unit_vectors(rng):
    """A function that makes random unit vectors, unevenly spread."""

    def make(count, dim):
        vectors = rng.normal(size=(count, dim)) + 0.3
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32)

    return make


@pytest.fixture
def homeless(monkeypatch):
    """A user without HOME or an entry in the system's list of users."""

    def nobody(number):
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """The folder of what is kept from start to start, a test's own.

    Each note is told again in each test.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    note_once.cache_clear()
    return tmp_path / "cache" / "tfcmc"


@pytest.fixture(scope="session")
def prepare_dataset():
    """A function that prepares a tiny dataset as TFDS does."""

    def prepare(
        data_dir, name, splits, class_names, *, side=None, file_format=None
    ):
        """Writes splits, a dict of name to images and labels, to a folder.

        Images are arrays or paths. Without class names, labels are numbers.
        """
        dataset = name
        label = tfds.features.Scalar(np.int32)
        if class_names is not None:
            label = tfds.features.ClassLabel(names=class_names)

        with tfds.core.registered.skip_registration():

            class Builder(tfds.core.GeneratorBasedBuilder):
                VERSION = tfds.core.Version("1.0.0")
                name = dataset

                def _info(self):
                    features = {
                        "image": tfds.features.Image(shape=(side, side, 3)),
                        "label": label,
                    }
                    return tfds.core.DatasetInfo(
                        builder=self,
                        features=tfds.features.FeaturesDict(features),
                    )

                def _split_generators(self, manager):
                    return {split: self._examples(split) for split in splits}

                def _generate_examples(self):
                    raise NotImplementedError

                def _examples(self, split):
                    pairs = zip(*splits[split], strict=False)
                    for number, (image, label) in enumerate(pairs):
                        yield number, {"image": image, "label": label}

        tfds.disable_progress_bar()
        builder = Builder(data_dir=str(data_dir), file_format=file_format)
        builder.download_and_prepare()

    return prepare


@pytest.fixture(scope="session")
def patches():
    """A function that fills a folder with pictures, of random patches."""

    def write(folder, count):
        """Writes them, and returns the `--data` that reads them."""
        rng = np.random.default_rng(7)
        for number in range(count):
            pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
            pixels = pixels.repeat(8, axis=0).repeat(8, axis=1)
            keras.utils.save_img(folder / f"{number}.png", pixels, scale=False)
        return f"--data=folder:{folder}"

    return write


@pytest.fixture(scope="session")
def learnt():
    """A function that reads what a run learnt, whatever the clock says."""

    def read(folder, *, encoders=True):
        """Returns the rows of its history, and one vector an encoder."""
        rows = Run(folder).read_history()
        for row in rows:
            del row["seconds"]
        weights = {}
        for name in ("L", "ab") if encoders else ():
            model = keras.models.load_model(
                folder / "encoders" / f"{name}.keras"
            )
            weights[name] = np.concatenate(
                [array.ravel() for array in model.get_weights()]
            )
        return rows, weights

    return read


@pytest.fixture(scope="session")
def halved():
    """A function that halves the side of pictures, and leaves out the rim."""

    def halve(pictures):
        """Halves the side with weights that fall linearly."""
        weights = np.array([1, 3, 3, 1]) / 8
        for axis in (1, 2):
            pictures = np.moveaxis(pictures, axis, 0)
            count = len(pictures) // 2 - 2
            pictures = sum(
                weight * pictures[start + 1 : start + 1 + 2 * count : 2]
                for start, weight in enumerate(weights)
            )
            pictures = np.moveaxis(pictures, 0, axis)
        return pictures

    return halve


@pytest.fixture(scope="session")
def search_folder():
    """A function that writes a search as it ends, but for the encoders."""
    return write_search


def write_run(folder, settings, scores):
    """Writes what reports read of a run that was judged."""
    folder.mkdir(parents=True)
    plan = make_plan(make_config(settings | {"run_dir": str(folder)}))
    config = dataclasses.asdict(plan.config)
    (folder / "config.json").write_text(json.dumps(config))
    part = verdicts.PART | {"sha256": config["data"]}
    data = verdicts.IDENTITY["data"] | {"pretrain": part}
    identity = make_identity(config, data, 1)
    (folder / "identity.json").write_text(json.dumps(identity))
    uniformity = scores["alignment_uniformity"] - 0.5
    sphere = {
        "images": 400,
        "alignment": 0.5,
        "uniformity": uniformity,
        "effective_rank": scores["effective_rank"],
    }
    known = {name: config[name] for name in ("loss", "data", "seed", "epochs")}
    metrics = verdicts.verdict(known, sphere) | {
        "judged_on": "validation",
        "encoders_sha256": {"L": folder.name},
    }
    for name in ("linear_probe", "knn"):
        if name in scores:
            metrics[name] = {"accuracy": scores[name]}
    (folder / "metrics.json").write_text(json.dumps(metrics))


def write_search(folder, search, trials, default=None):
    """Writes a search as the engine leaves it, but for the encoders."""
    folder.mkdir(parents=True)
    write_record(folder / "search.json", search)
    base = search.settings | {"judge_on": "validation"}
    standard = {
        "alignment_uniformity": -1.5,
        "effective_rank": 150.0,
        "linear_probe": 0.52,
        "knn": 0.41,
    }
    write_run(
        folder / "default",
        base | {"loss": search.loss},
        standard if default is None else default,
    )
    name = search.loss.partition("(")[0]
    for trial in trials:
        path = trial_folder(folder, trial.number)
        if trial.status == FAILED:
            path.mkdir(parents=True)
        else:
            known = {
                field.name for field in dataclasses.fields(PretrainConfig)
            }
            own = {k: v for k, v in trial.values.items() if k in known}
            options = ", ".join(
                f"{k}={v}" for k, v in trial.values.items() if k not in known
            )
            loss = {"loss": f"{name}({options})"}
            write_run(path, base | own | loss, trial.scores)
        write_record(path / "trial.json", trial)
    return folder


@pytest.fixture
def drawn(tmp_path):
    """A function that draws a figure, and sees that its PNG is whole."""

    def draw(function, *what, **options):
        path = tmp_path / "a.png"
        figure = function(*what, path, **options)
        assert not list(tmp_path.glob("*partial*"))
        with Image.open(path) as image:
            assert image.format == "PNG"
            pixels = np.asarray(image.convert("L"))
        assert pixels.min() < 100 < pixels.max()
        size = 150 * figure.get_size_inches()
        np.testing.assert_allclose(pixels.shape[::-1], size, atol=1)
        return figure

    return draw
