"""What TensorBoard's own server, and its pages in a browser, show of runs.

`tensorboard --logdir=runs` starts this server.
"""

import io
import json
import math
import shutil
import time
import urllib.parse
import urllib.request

import numpy as np
import pytest
from PIL import Image

from tfcmc.data.pictures import ArrayPictures
from tfcmc.evaluation.features import Encoded
from tfcmc.evaluation.verdict import sample_rows
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import read_data
from tfcmc.experiment.recipe import stored_plan
from tfcmc.report import tensorboard
from tfcmc.report.tensorboard import projector

CLASSES = ("a\tcat", "dog\nor wolf", "naïve fish", "back\\slash")
# What each test below expects of the two runs that it writes itself.
OPTIONS = {
    "triplet": {
        "loss": "triplet",
        "margin": 0.3,
        "mining": "hard",
        "squared": True,
        "epochs": 7,
    },
    "nce": {"loss": "nce", "temperature": 0.07, "z": "exact", "epochs": 9},
}
METRICS = {
    "triplet": {"accuracy/knn": 0.4375, "sphere/alignment": 0.8125},
    "nce": {"accuracy/knn": 0.5, "sphere/alignment": 1.25},
}
FIGURES = dict.fromkeys(OPTIONS, ("histogram", "tsne"))
PATIENCE = 60  # seconds to wait for a page or the server, on a busy machine


def made(rng, count, *, dims=(5, 7)):
    """Random embeddings of unit length, and features of other dimensions."""
    features, embeddings = [], []
    for dim in dims:
        features.append(rng.normal(size=(count, dim)).astype(np.float32))
        raw = rng.normal(size=(count, dim + 2)) - 0.4
        raw /= np.linalg.norm(raw, axis=1, keepdims=True)
        embeddings.append(raw.astype(np.float32))
    return Encoded(tuple(features), tuple(embeddings))


def made_pictures(rng, count, side=10):
    """Random pictures, no two alike."""
    pixels = rng.integers(0, 256, (count, side, side, 3), np.uint8)
    return ArrayPictures(pixels)


def made_figure(rng, path, size):
    """A PNG of random pixels, width by height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def runs(trained, tmp_path_factory):
    """A folder of three runs, and what was written of two of them.

    The first was trained, and moved here; the others are written twice, as
    when a run is judged again after more epochs, and the last has no labels.
    """
    rng = np.random.default_rng(7)
    folder = tmp_path_factory.mktemp("board") / "runs"
    shutil.copytree(trained[0], folder / "softmax")
    written = {}
    for name, labelled in (("triplet", True), ("nce", False)):
        shown = folder / name / "tensorboard" / "verdict"
        for count, step in ((30, 3), (23, 4)):
            labels = rng.integers(0, len(CLASSES), count)
            parts = {
                "encoded": made(rng, count),
                "labels": labels if labelled else None,
                "pictures": made_pictures(rng, count),
                "where": [f"{name}/\t{n}.png" for n in range(count)],
            }
            tensorboard.write_projector(
                shown, names=("L", "ab"), class_names=CLASSES, **parts
            )
            figures = folder / name / "figures"
            made_figure(rng, figures / "tsne.png", (40, 30))
            made_figure(rng, figures / "histogram.png", (20, 50))
            paths = sorted(figures.glob("*.png"))
            tensorboard.write_images(shown, paths, step=step)
            tensorboard.write_hparams(
                shown, OPTIONS[name], METRICS[name], step=step
            )
        written[name] = parts
    return folder, written


@pytest.fixture(scope="module")
def server(runs):
    """The address of TensorBoard's server on the folder of runs."""
    # Not at the top: each of two processes would load it to collect tests.
    from tensorboard import program

    server = program.TensorBoard()
    server.configure(
        argv=["tensorboard", f"--logdir={runs[0]}", "--port=0"]
        + ["--host=127.0.0.1", "--reload_interval=1"]
    )
    address = server.launch()
    limit = time.monotonic() + PATIENCE
    # The runs are read after the server has started.
    while len(ask(address, "runs")) < 4:
        assert time.monotonic() < limit, ask(address, "runs")
        time.sleep(0.1)
    return address


def ask_bytes(server, path, *, post=None, **query):
    """What the server answers."""
    url = f"{server}data/{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(
        url,
        data=None if post is None else json.dumps(post).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def ask(server, path, **query):
    """What the server answers, as JSON."""
    return json.loads(ask_bytes(server, path, **query))


def projected(server, run, name, kind):
    """A file of the projector as it is served."""
    return ask_bytes(
        server,
        f"plugin/projector/{kind}",
        run=f"{run}/tensorboard/verdict",
        name=name,
    )


def vectors_of(encoded):
    """What is to be shown of encoded pictures."""
    names = dict(zip(("L", "ab"), encoded.embeddings, strict=True))
    return {**names, "both": np.hstack(encoded.features)}


def test_projector_runs(server):
    """All runs are found, apart from each other."""
    found = ask(server, "plugin/projector/runs")
    assert sorted(found) == [
        f"{name}/tensorboard/verdict" for name in ("nce", "softmax", "triplet")
    ]


@pytest.mark.parametrize("run", ["triplet", "nce"])
def test_projector_serves_what_was_written(server, runs, run):
    """Vectors to the bit, and the config that tells their shapes."""
    count = 23
    config = ask(
        server, "plugin/projector/info", run=f"{run}/tensorboard/verdict"
    )
    shapes = {
        entry["tensorName"]: entry["tensorShape"]
        for entry in config["embeddings"]
    }
    assert shapes == {"L": [count, 7], "ab": [count, 9], "both": [count, 12]}
    for name, array in vectors_of(runs[1][run]["encoded"]).items():
        assert projected(server, run, name, "tensor") == array.tobytes()


def test_projector_labels(server, runs):
    """A row a point; titles above two columns; nothing breaks a row."""
    labels = runs[1]["triplet"]["labels"]
    text = projected(server, "triplet", "both", "metadata").decode()
    title, *rows = text.splitlines()
    assert title == "class\tpicture"
    told = ["a\\tcat", "dog\\nor wolf", "naïve fish", "back\\\\slash"]
    assert [row.split("\t") for row in rows] == [
        [told[label], f"triplet/\\t{number}.png"]
        for number, label in enumerate(labels)
    ]


def test_projector_without_labels(server):
    """One column has no title: the plugin would take it for a point."""
    text = projected(server, "nce", "L", "metadata").decode()
    assert text.splitlines() == [f"nce/\\t{n}.png" for n in range(23)]


@pytest.mark.parametrize("run", ["triplet", "nce"])
def test_projector_thumbnails(server, runs, run):
    """A square grid, row by row, of the pictures in their order."""
    data = projected(server, run, "ab", "sprite_image")
    shown = np.asarray(Image.open(io.BytesIO(data)))
    assert shown.shape == (50, 50, 3)
    config = ask(
        server, "plugin/projector/info", run=f"{run}/tensorboard/verdict"
    )
    for entry in config["embeddings"]:
        assert entry["sprite"]["singleImageDim"] == [10, 10]
    for number, picture in enumerate(runs[1][run]["pictures"].array):
        row, column = 10 * (number // 5), 10 * (number % 5)
        tile = shown[row : row + 10, column : column + 10]
        np.testing.assert_array_equal(tile, picture)


def test_projector_of_a_trained_run(server, runs):
    """The pictures that were judged, as the saved encoders see them."""
    plan, run = stored_plan(runs[0] / "softmax")
    data = read_data(plan)
    rows = sample_rows(len(data.judged.pictures), 1000)
    architecture, branches = open_trained(plan, run)
    encoded = architecture.reader(branches).encode(data.judged.pictures)
    for name, array in vectors_of(encoded.take(rows)).items():
        served = projected(server, "softmax", name, "tensor")
        shown = np.frombuffer(served, np.float32).reshape(len(rows), -1)
        np.testing.assert_allclose(shown, array, rtol=1e-4, atol=1e-5)
    lines = projected(server, "softmax", "L", "metadata").decode().splitlines()
    assert lines[1:] == [
        f"{data.source.class_names[data.judged.labels[row]]}\t{row}"
        for row in rows
    ]


def test_images(server, runs):
    """Each figure once, as the very file, though it was written twice."""
    found = ask(server, "plugin/images/tags")
    for run in ("triplet", "nce", "softmax"):
        shown = found[f"{run}/tensorboard/verdict"]
        figures = FIGURES.get(run, ("alignment_histogram", "tsne"))
        assert set(figures) <= set(shown)
        for tag in figures:
            path = runs[0] / run / "figures" / f"{tag}.png"
            assert shown[tag]["samples"] == 1
            where = {"run": f"{run}/tensorboard/verdict", "tag": tag}
            (image,) = ask(server, "plugin/images/images", sample=0, **where)
            assert image["step"] == (2 if run == "softmax" else 4)
            query = dict(urllib.parse.parse_qsl(image["query"]))
            data = ask_bytes(server, "plugin/images/individualImage", **query)
            assert data == path.read_bytes()


def test_curves(server, runs):
    """The history of the training, and no metric of the verdict among it."""
    tags = ask(server, "plugin/scalars/tags")
    rows = (runs[0] / "softmax" / "history.csv").read_text().splitlines()
    history = [
        dict(zip(rows[0].split(","), row.split(","), strict=True))
        for row in rows[1:]
    ]
    names = set(history[0]) - {"epoch", "seconds"}
    shown = set(tags["softmax/tensorboard"])
    pace = {f"pace/{name}" for name in ("step_ms", "input_wait")}
    assert shown == pace | {f"epoch/{n}" for n in names}
    for name in names:
        points = ask(
            server,
            "plugin/scalars/scalars",
            run="softmax/tensorboard",
            tag=f"epoch/{name}",
        )
        expected = [[int(r["epoch"]), float(r[name])] for r in history]
        np.testing.assert_allclose(
            [point[1:] for point in points], expected, rtol=1e-6
        )


def hparams_table(server):
    """The rows of the HParams table: run to `(options, metrics)`."""
    experiment = ask(
        server, "plugin/hparams/experiment", post={"experimentName": ""}
    )
    columns = [
        {"hparam": info["name"], "includeInResult": True}
        for info in experiment["hparamInfos"]
    ] + [{"metric": info["name"]} for info in experiment["metricInfos"]]
    answer = ask(
        server,
        "plugin/hparams/session_groups",
        post={
            "experimentName": "",
            "allowedStatuses": ["STATUS_UNKNOWN"],
            "colParams": columns,
            "startIndex": 0,
            "sliceSize": 100,
        },
    )
    rows = {}
    for group in answer["sessionGroups"]:
        metrics = {
            value["name"]["tag"]: value["value"]
            for value in group["metricValues"]
        }
        rows[group["name"]] = (group["hparams"], metrics)
    return experiment, rows


def test_table_of_runs(server, runs):
    """One table of runs whose losses have other options."""
    experiment, rows = hparams_table(server)
    types = {info["name"]: info["type"] for info in experiment["hparamInfos"]}
    assert types["margin"] == types["temperature"] == "DATA_TYPE_FLOAT64"
    assert types["loss"] == types["mining"] == "DATA_TYPE_STRING"
    assert types["squared"] == "DATA_TYPE_BOOL"
    tags = [info["name"]["tag"] for info in experiment["metricInfos"]]
    probes = ("knn", "linear_probe", "mlp_head")
    shape = ("alignment", "effective_rank", "uniformity")
    assert sorted(tags) == [
        *(f"accuracy/{name}" for name in probes),
        *(f"sphere/{name}" for name in shape),
    ]
    assert len(rows) == 3
    for name, options in OPTIONS.items():
        shown = rows[f"{name}/tensorboard/verdict"]
        assert shown == (options, METRICS[name])
    options, metrics = rows["softmax/tensorboard/verdict"]
    assert options == {
        "loss": "softmax",
        "temperature": 0.07,
        "data": "shapes(size=160, seed=0)",
        "epochs": 2,
        "seed": 0,
        "batch_size": 16,
        "learning_rate": 0.001,
        "geometry": "independent",
    }
    judged = json.loads((runs[0] / "softmax" / "metrics.json").read_text())
    expected = {f"accuracy/{n}": judged[n]["accuracy"] for n in probes}
    expected |= {f"sphere/{name}": judged["sphere"][name] for name in shape}
    assert metrics == pytest.approx(expected, rel=1e-6)


def test_option_that_is_none(tmp_path):
    """It is written as a word, as are several: the plugin knows neither."""
    options = {"dim": None, "filters": (32, 64)}
    tensorboard.write_hparams(tmp_path, options, {})
    (path,) = tmp_path.iterdir()
    assert b"none" in path.read_bytes() and b"(32, 64)" in path.read_bytes()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros([3, 4]),
        # Its first bytes are text up to a newline, the others are not.
        np.frombuffer(b"aa\na\xff\xfe\x80\xbf", "<f4").reshape(1, 2),
        np.array([[1e-42, -1 / 3], [3.4e38, 2**-126 * (1 - 2**-23)]]),
    ],
    ids=["zeros", "newline", "extremes"],
)
def test_vectors_that_look_like_text(tmp_path, array):
    """Bytes that TensorBoard's own reader takes for text come back whole."""
    array = array.astype(np.float32)
    name = projector.write_tensor(tmp_path, "L", array)
    assert read_as_tensorboard(tmp_path / name, array.shape) == array.tobytes()


def test_vectors_of_all_bytes(tmp_path, rng):
    """So do vectors of any bytes: whatever comes before a newline."""
    for number in range(300):
        data = rng.integers(0, 256, 16, np.uint8)
        data[:8] = rng.choice([10, 65, 66, 200], 8)
        array = data.view("<f4").reshape(2, 2)
        if np.isfinite(array).all():
            name = projector.write_tensor(tmp_path, str(number), array)
            read = read_as_tensorboard(tmp_path / name, array.shape)
            assert read == array.tobytes()


def read_as_tensorboard(path, shape):
    """Bytes as the projector plugin reads a file: as text, else as binary."""
    from tensorboard.plugins.projector import projector_plugin

    try:
        return projector_plugin._read_tensor_tsv_file(str(path)).tobytes()
    except UnicodeDecodeError:
        return projector_plugin._read_tensor_binary_file(
            str(path), shape
        ).tobytes()


def test_thumbnails_are_shrunk(rng):
    """A tile of a large picture has the colours of its quarters."""
    coarse = rng.integers(0, 256, (2, 2, 2, 3), np.uint8)
    pictures = ArrayPictures(coarse.repeat(60, axis=1).repeat(60, axis=2))
    drawn, tile = projector.draw_sprite(pictures)
    assert tile == 48
    for number, picture in enumerate(coarse):
        shown = drawn[:48, 48 * number : 48 * (number + 1)]
        for row, column in np.ndindex(2, 2):
            middle = shown[12 + 24 * row, 12 + 24 * column].astype(int)
            assert np.abs(middle - picture[row, column]).max() <= 1


def test_a_writing_that_fails(tmp_path, rng, monkeypatch):
    """No config stays behind that names files of two writings."""
    words = (made(rng, 4), ("L", "ab"), None, (), made_pictures(rng, 4))
    tensorboard.write_projector(tmp_path, *words)
    assert (tmp_path / "projector_config.pbtxt").exists()
    before = (tmp_path / "sprite.png").read_bytes()

    def full(drawn, path):
        path.write_bytes(b"half a")
        raise OSError("no space left")

    monkeypatch.setattr(projector, "save_sprite", full)
    with pytest.raises(OSError, match="no space left"):
        tensorboard.write_projector(tmp_path, *words)
    assert not (tmp_path / "projector_config.pbtxt").exists()
    assert not list(tmp_path.glob("*partial*"))
    assert (tmp_path / "sprite.png").read_bytes() == before


# Elements that match, through shadow roots and frames of the same origin.
FIND = """
const found = [];
const walk = (root) => {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(arguments[0])) found.push(element);
    if (element.shadowRoot) walk(element.shadowRoot);
    if (element.contentDocument) walk(element.contentDocument);
  }
};
walk(document);
"""
TEXTS = FIND + "return found.map((element) => element.textContent.trim());"
VALUES = FIND + "return found.map((element) => element.value);"
CHOOSE = FIND + "found.find((item) => item.value === arguments[1]).click();"
POINTS = (
    FIND
    + """
const data = found[0].dataSet;
const sprite = data?.spriteAndMetadataInfo?.spriteImage;
if (!sprite) return null;
return [data.points.map((point) => point.metadata), sprite.naturalWidth];
"""
)


def wait_until(true, told):
    """Waits until a function returns what is true."""
    limit = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < limit, told
        time.sleep(0.1)


def choose(browser, item, points, dim):
    """Chooses a run or vectors, and waits for the status line to tell them."""
    expected = [str(points), str(dim)]
    wait_until(
        lambda: item in browser.execute_script(VALUES, "paper-item"),
        f"no {item} to choose on the page",
    )
    browser.execute_script(CHOOSE, "paper-item", item)
    wait_until(
        lambda: (
            browser.execute_script(TEXTS, ".numDataPoints, .dim") == expected
        ),
        f"the page does not tell {points} points of {dim} dimensions",
    )


def points_of(browser):
    """The metadata of the points, and the sprite's width, once loaded."""
    wait_until(
        lambda: browser.execute_script(POINTS, "vz-projector"),
        "no points with thumbnails on the page",
    )
    return browser.execute_script(POINTS, "vz-projector")


def colours_drawn(browser):
    """Counts the colours where the points are drawn."""
    page = Image.open(io.BytesIO(browser.get_screenshot_as_png()))
    width, height = page.size
    middle = page.convert("RGB").crop(
        (width // 3, height // 4, 2 * width // 3, height)
    )
    return len(np.unique(np.asarray(middle).reshape(-1, 3), axis=0))


@pytest.fixture
def page(browser):
    """The browser, left on a page that draws nothing."""
    yield browser
    browser.get("about:blank")


def test_projector_in_a_browser(server, runs, page):
    """Points, labels and thumbnails, of any run and any vectors."""
    plan, _ = stored_plan(runs[0] / "softmax")
    data = read_data(plan)
    labels = data.judged.labels
    page.get(f"{server}#projector")
    choose(page, "softmax/tensorboard/verdict", len(labels), 384)
    assert page.execute_script(VALUES, "#labelby") == ["class"]
    metadata, width = points_of(page)
    assert metadata == [
        {"class": data.source.class_names[label], "picture": number}
        for number, label in enumerate(labels)
    ]
    assert width == 48 * math.ceil(len(labels) ** 0.5)
    # Without thumbnails there would be a few shades of one colour.
    wait_until(lambda: colours_drawn(page) > 2000, "no thumbnails drawn")
    choose(page, "both", len(labels), 768)
    choose(page, "triplet/tensorboard/verdict", 23, 7)
    metadata, width = points_of(page)
    assert [row["picture"] for row in metadata] == [
        f"triplet/\\t{number}.png" for number in range(23)
    ]
    assert width == 50


def test_table_in_a_browser(server, page):
    """All runs in one table, with what they differ in and how they did."""
    page.get(f"{server}#hparams")
    cells = "vaadin-grid-cell-content"
    names = [f"{n}/tensorboard/verdict" for n in ("nce", "softmax", "triplet")]
    wait_until(
        lambda: set(names) <= set(page.execute_script(TEXTS, cells)),
        "no table of all runs on the page",
    )
    shown = page.execute_script(TEXTS, cells)
    assert {"loss", "epochs", "accuracy/knn", "sphere/alignment"} <= set(shown)
    for name, following in zip(names, [*names[1:], None], strict=True):
        end = following and shown.index(following)
        row = shown[shown.index(name) : end]
        assert name.partition("/")[0] in row
    assert "0.43750" in row
