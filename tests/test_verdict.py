"""What a verdict is computed from, on encoders that are not trained."""

import dataclasses
import json
import re
import shlex
import shutil

import numpy as np
import pytest
import sklearn.metrics

from tests import verdicts
from tests.terms import unit
from tfcmc.data import Source, Split
from tfcmc.data.pictures import ArrayPictures
from tfcmc.data.validation import folds
from tfcmc.evaluation import classes, inputs, verdict
from tfcmc.evaluation.features import Encoded
from tfcmc.evaluation.inputs import digest
from tfcmc.evaluation.probes import PROBES, Labelled
from tfcmc.experiment import artifacts, evaluate
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import Data
from tfcmc.experiment.pretrain import leave_unjudged
from tfcmc.experiment.recipe import make_plan
from tfcmc.report import summary
from tfcmc.runs.folder import Run
from tfcmc.runs.record import TOLD_OF_PROBES, read_embedded

CLASSES = ("ant", "bee", "cow", "doe")


@pytest.fixture(scope="module")
def data():
    """Twelve pictures to fit on and eight to test on, class by class."""
    rng = np.random.default_rng(20_260_131)
    train, test = (
        Split(
            ArrayPictures(rng.integers(0, 256, (4 * n, 64, 64, 3), np.uint8)),
            np.repeat(np.arange(4), n),
        )
        for n in (3, 2)
    )
    source = Source(train.pictures, train, test, CLASSES, unseen=False)
    return Data(source, {}, source.pretrain, test, test, "test")


def controls_of(folder, data, **given):
    """Judges the controls of a run, and leaves its verdict behind."""
    given = {"encoder": "paper(width=0.25)", "run_dir": str(folder), **given}
    plan = make_plan(make_config(given))
    run = Run(folder)
    run.create()
    extent = evaluate.Extent("brief")
    architecture = Architecture(plan, 64)
    found = evaluate.controls(plan, run, data, architecture, extent)
    found = json.loads(json.dumps(found))
    settings = {"loss": "softmax", "data": "shapes", "seed": 0, "epochs": 1}
    sphere = found["untrained"]["sphere"]
    run.write_json("metrics.json", verdicts.verdict(settings, sphere) | found)
    return found


@pytest.fixture(scope="module")
def default(data, tmp_path_factory):
    """The folder of a judged run of the default settings, and its controls."""
    folder = tmp_path_factory.mktemp("default") / "default"
    return folder, controls_of(folder, data)


@pytest.fixture
def siblings(default, tmp_path):
    """A folder in which that run stands."""
    shutil.copytree(default[0], tmp_path / "all" / "default")
    return tmp_path / "all"


@pytest.mark.parametrize(
    "given",
    [
        {"encoder": "paper(width=0.25, final_relu=True)"},
        {"encoder": "paper(width=0.25, dim=16)"},
        {"precision": "bfloat16"},
        {"crop": "window(source=96)"},
        {"alpha": 1.0},
        {"t": 5.0},
        {"seed": 1},
    ],
    ids=str,
)
def test_controls_are_those_of_the_settings(
    data, default, siblings, given, capsys
):
    """They are not taken from a run of other settings beside it."""
    beside = controls_of(siblings / "run", data, **given)
    assert beside["untrained"] != default[1]["untrained"]
    assert "as in" not in capsys.readouterr().out


def test_controls_are_judged_once(
    data, default, siblings, monkeypatch, capsys
):
    """What enters neither encoder nor question is no reason to judge anew.

    Nor are more pictures read to find that out than the first of each part;
    the rest are known by what the data are said to hold.
    """
    monkeypatch.setattr(evaluate, "BATCH", 3)
    controls_of(siblings / "known", data)
    read = []
    own = ArrayPictures.read

    def watched(pictures, numbers):
        read.extend(numbers)
        return own(pictures, numbers)

    monkeypatch.setattr(ArrayPictures, "read", watched)
    capsys.readouterr()
    again = controls_of(siblings / "nce", data, loss="nce")
    for name in ("untrained", "raw_pixels"):
        assert again[name] == default[1][name]
    assert "as in" in capsys.readouterr().out
    assert set(read) == {0, 1, 2}
    others = dataclasses.replace(data, described={"test": {"sha256": "of"}})
    controls_of(siblings / "others", others, loss="nce")
    assert "as in" not in capsys.readouterr().out
    assert set(read) > {0, 1, 2}


def test_digest_knows_every_input(rng):
    """Whatever is changed of what `measure` sees, the hash is another."""
    features = tuple(rng.normal(size=(5, 3)) for _ in range(2))
    encoded = Encoded(features, features)
    record = inputs.Inputs(
        names=("L", "ab"),
        branches=("L", "ab"),
        judged=encoded,
        train=Labelled(encoded, np.arange(5)),
        labels=np.arange(5),
        classes=5,
        probes={"knn": PROBES.lookup("knn").function},
        each_view=False,
        seed=0,
        alpha=2.0,
        t=2.0,
    )
    nudged = tuple(np.nextafter(array, 9) for array in features)
    changes = {
        "names": ("L", "a"),
        "branches": ("L",),
        "judged": Encoded(features, nudged),
        "train": Labelled(Encoded(nudged, features), np.arange(5)),
        "labels": np.arange(5)[::-1],
        "classes": 6,
        "probes": {"knn": PROBES.lookup("knn(k=3)").function},
        "each_view": True,
        "seed": 1,
        "alpha": 1.0,
        "t": 5.0,
    }
    assert changes.keys() == {f.name for f in dataclasses.fields(record)}
    hashes = {digest(record), digest(record, None)}
    for name, value in changes.items():
        hashes.add(digest(dataclasses.replace(record, **{name: value})))
    assert len(hashes) == 2 + len(changes)
    assert digest(dataclasses.replace(record)) in hashes
    with pytest.raises(TypeError, match="object has no digest"):
        digest(object())


def test_sample_rows():
    """Each picture as often as any other; the same again; draws nested."""
    count, most = 4000, 1000
    rows = verdict.sample_rows(count, most)
    assert len(np.unique(rows)) == most and (np.diff(rows) > 0).all()
    # A quarter of each quarter, within four deviations.
    quarters = np.bincount(rows // 1000, minlength=4)
    assert np.abs(quarters - 250).max() < 4 * np.sqrt(250 * 0.75 * 0.75)
    np.testing.assert_array_equal(rows, verdict.sample_rows(count, most))
    assert set(verdict.sample_rows(count, 128)) < set(rows)
    np.testing.assert_array_equal(verdict.sample_rows(7, 9), np.arange(7))


def test_sorted_classes_are_sampled(data, rng, tmp_path, monkeypatch):
    """Of pictures in the order of their classes every class is shown."""
    for module in (artifacts, verdict):
        monkeypatch.setattr(module, "SPHERE_COUNT", 40)
    labels = np.repeat(np.arange(4), 50)
    vectors = tuple(rng.normal(size=(200, 3)).astype("f") for _ in range(2))
    # Every class at a point of its own.
    vectors = tuple(array + 9 * np.eye(3, 4).T[labels] for array in vectors)
    vectors = tuple(array.astype("f") for array in vectors)
    encoded = Encoded(vectors, tuple(map(unit, vectors)))
    pictures = ArrayPictures(np.zeros((200, 8, 8, 3), np.uint8))
    data = dataclasses.replace(data, judged=Split(pictures, labels))
    run = Run(tmp_path)
    matrix = classes.confusion(labels, rng.permutation(labels), 4)
    views = Architecture(make_plan(make_config({})), 64).views
    found = evaluate.Verdict({}, encoded, {"linear_probe": matrix})
    artifacts.write_embedded(run, data, views, found, None)
    found = read_embedded(run, views.names, views.branches)
    np.testing.assert_array_equal(found["confusion"], matrix)
    assert len(found["labels"]) == 40
    assert set(found["labels"]) == {0, 1, 2, 3}
    np.testing.assert_array_equal(labels[found["rows"]], found["labels"])
    for row, vector in zip(found["rows"], found["features_L"], strict=True):
        np.testing.assert_array_equal(vector, vectors[0][row])
    measured, _ = inputs.measure(
        inputs.Inputs(
            views.names,
            views.branches,
            encoded,
            *(None, None, 4, {}, False, 0, 2.0, 2.0),
        )
    )
    few, every = measured["sphere"], measured["sphere_all"]
    assert (few["images"], every["images"]) == (40, 200)
    assert few["uniformity"] == pytest.approx(every["uniformity"], abs=0.3)
    for row in (few, every):
        low, high = row["alignment_interval"]
        assert low < row["alignment"] < high


def drawn(folder, before):
    """A run that was judged before: what is drawn of it, and what else is.

    Args:
        before: What encoders its verdict is on; empty without one, None for
            a damaged one.
    """
    run = Run(folder)
    run.create()
    if before is None:
        (run.folder / "metrics.json").write_text("3")
    elif before:
        run.write_json("metrics.json", verdict_on(before))
    shown = run.tensorboard / "verdict"
    shown.mkdir(parents=True)
    events = "events.out.tfevents"
    files = [run.figures / f"{name}.png" for name in artifacts.FIGURES]
    files += [shown / "projector_config.pbtxt", shown / f"{events}.figures"]
    others = [run.figures / "neighbours-a.png", shown / f"{events}.hparams"]
    for path in (*files, *others):
        path.touch()
    return run, files, others


def verdict_on(encoders):
    """What `metrics.json` holds at the least, of some weights."""
    settings = {"loss": "softmax", "data": "shapes", "seed": 0, "epochs": 2}
    sphere = {"images": 16, **dict.fromkeys(verdicts.SHAPE, 0.5)}
    return verdicts.verdict(settings, sphere) | {"encoders_sha256": encoders}


@pytest.mark.parametrize("before", [{"L": "new"}, {"L": "old"}, {}, None])
def test_figures_of_other_weights_go(before, tmp_path, monkeypatch):
    """A verdict without figures leaves only those of its own weights."""
    run, files, others = drawn(tmp_path, before)
    for name in ("write_embedded", "write_row"):
        monkeypatch.setattr(artifacts, name, lambda *_: None)
    found = evaluate.Verdict(verdict_on({"L": "new"}), None, {})
    artifacts.write(None, run, None, None, found, full=False)
    stay = before == {"L": "new"}
    assert [path.exists() for path in files] == [stay] * len(files)
    assert all(path.exists() for path in others)


@pytest.mark.parametrize("before", [{"L": "new"}, {"L": "old"}, None])
def test_unjudged(before, tmp_path, capsys):
    """What was found of other weights goes as a whole; the rest is told."""
    run, files, others = drawn(tmp_path / "a run", before)
    files.append(run.folder / "metrics.json")
    leave_unjudged(run, {"L": "new"})
    *_, told = capsys.readouterr().out.splitlines()
    command = told.removeprefix("not judged: ").removesuffix(" does that")
    assert shlex.split(command) == ["tfcmc", "evaluate", str(run.folder)]
    stay = before == {"L": "new"}
    assert [path.exists() for path in files] == [stay] * len(files)
    assert all(path.exists() for path in others)


def test_class_scores(rng):
    """As scikit-learn has them, of classes that differ in size."""
    labels = rng.choice(5, 300, p=[0.6, 0.25, 0.1, 0.05, 0.0])
    predicted = np.where(rng.uniform(size=300) < 0.6, labels, 0)
    matrix = classes.confusion(labels, predicted, 5)
    np.testing.assert_array_equal(
        matrix,
        sklearn.metrics.confusion_matrix(labels, predicted, labels=range(5)),
    )
    shares = classes.class_accuracies(
        np.bincount(labels[predicted == labels], minlength=5),
        np.bincount(labels, minlength=5),
    )
    expected = sklearn.metrics.recall_score(
        labels, predicted, labels=range(4), average=None
    )
    assert shares == [*map(pytest.approx, expected), None]
    assert classes.balanced_accuracy(shares) == pytest.approx(
        sklearn.metrics.balanced_accuracy_score(labels, predicted)
    )


def test_probes_tell_each_class(rng):
    """What a probe predicts of every class, on each kind of features."""
    labels = np.repeat([0, 1], [60, 12])
    vectors = rng.normal(size=(2, 72, 4)).astype("f") + labels[:, None]
    parts = [
        Labelled(Encoded(tuple(part), tuple(part)), labels)
        for part in (vectors, vectors + 0.3)
    ]
    probes = {name: PROBES.lookup(name).function for name in PROBES.names()}
    numbers, confusions = verdict.probe_views(
        probes, ("L", "ab"), *parts, 2, seed=0
    )
    for name, matrix in confusions.items():
        found = numbers[name]
        # No branch may have the name of one of these.
        assert found.keys() <= {*TOLD_OF_PROBES, "L", "ab"}
        assert matrix.sum(axis=1).tolist() == [60, 12]
        assert found["accuracy"] == pytest.approx(np.trace(matrix) / 72)
        shares = np.diagonal(matrix) / [60, 12]
        assert found["class_accuracy"] == shares.tolist()
        for row in (found, found["L"], found["ab"]):
            mean = np.mean(row["class_accuracy"])
            assert row["balanced_accuracy"] == pytest.approx(mean)
    assert json.loads(json.dumps(numbers)) == numbers


def test_many_classes_have_no_matrix(rng, monkeypatch):
    """Their accuracies are the same; what grows as a square is left out."""
    labels = np.repeat([0, 2], [20, 9])
    part = Labelled(rng.normal(size=(29, 4)).astype("f"), labels)
    probes = {"knn": PROBES.lookup("knn").function}
    want, (matrix,) = run_probes_of(probes, part, 3)
    monkeypatch.setattr(verdict, "MOST_CONFUSED", 2)
    assert run_probes_of(probes, part, 3) == (want, [])
    shares = want["knn"]["class_accuracy"]
    assert shares == [matrix[0, 0] / 20, None, matrix[2, 2] / 9]


def run_probes_of(probes, part, classes):
    """The numbers of probes on what they are fitted on, and the matrices."""
    numbers, confusions = verdict.run_probes(
        probes, part, part, classes, seed=0
    )
    return numbers, list(confusions.values())


def test_cross_validation(rng):
    """Each fold is predicted by a probe that has not seen it."""
    labels = rng.permutation(np.repeat([0, 1, 2], [40, 21, 4]))
    features = rng.normal(size=(65, 5)).astype("f") + 0.7 * labels[:, None]
    seen = []

    def probe(fit, validation, test, *, seed):
        known = {row.tobytes() for row in fit.features}
        known |= {row.tobytes() for row in validation.features}
        own = {row.tobytes() for row in test.features}
        assert len(known) + len(own) == 65 and not known & own
        seen.extend(own)
        # Right of class 0 alone; what is chosen differs from fold to fold.
        predicted = np.zeros_like(test.labels)
        return {"accuracy": 0.0, "predicted": predicted, "k": len(seen)}

    whole = Labelled(features, labels)
    numbers, confusions = verdict.run_probes(
        {"one": probe}, whole, None, 3, seed=1
    )
    assert len(seen) == len(set(seen)) == 65
    found = numbers["one"]
    assert found["accuracy"] == pytest.approx(40 / 65)
    assert found["class_accuracy"] == [1.0, 0.0, 0.0]
    assert confusions["one"].sum(axis=1).tolist() == [40, 21, 4]
    assert found["k"] == 39 and isinstance(found["k"], int)
    for rest, part in folds(labels, 1):
        counts = np.bincount(labels[part], minlength=3)
        assert counts[0] == 8 and 4 <= counts[1] <= 5 and counts[2] <= 1
        assert sorted([*rest, *part]) == list(range(65))
    real = {"knn": PROBES.lookup("knn").function}
    found, _ = verdict.run_probes(real, whole, None, 3, seed=1)
    right = 0
    for rest, part in folds(labels, 1):
        parts = [whole.of(rest[:-2]), whole.of(rest[-2:]), whole.of(part)]
        predicted = real["knn"](*parts, seed=1)["predicted"]
        right += np.sum(predicted == labels[part])
    assert found["knn"]["accuracy"] == pytest.approx(right / 65)


@pytest.mark.parametrize("sizes", [(80, 4), (42, 42), (50, 40), (9, 0, 9)])
def test_unbalanced_classes_are_told(sizes):
    """On the screen, worst first; of classes of one size nothing."""
    names = [f"c{n}" for n in range(len(sizes))]
    labels = np.repeat(np.arange(len(sizes)), sizes)
    told = classes.class_sizes(names, labels, labels)
    assert [size["judged"] for size in told] == list(sizes)
    expected = sizes == (80, 4)
    assert classes.unbalanced(told) is expected
    probe = {
        "accuracy": 0.94,
        "balanced_accuracy": 0.556,
        "class_accuracy": [0.987, 0.125],
    }
    row = {"knn": probe}
    result = {"judged_on": "test", "classes": told, **row}
    result |= {"raw_pixels": row, "untrained": row}
    result["encoders_sha256"] = {"L": "", "ab": ""}
    lines = summary.probe_lines(result)
    assert any("right of 95.2 %" in line for line in lines) is expected
    if expected:
        assert lines[-2].split() == ["trained", "encoders", "55.6"]
        assert lines[-1].endswith("first: c1 (4) 12.5, c0 (80) 98.7")


@pytest.mark.parametrize(
    "views",
    [
        ("L", "ab"),
        ("lightness", "chroma"),
        ("visible", "near_infrared_and_red_edge1"),
    ],
    ids=" and ".join,
)
def test_columns_are_as_wide_as_their_words(views, rng):
    """Whatever the views are called, each number stands beneath its title."""

    def judged(*names):
        """Accuracies of both probes, on all views and on some alone."""
        row = {}
        for probe in ("knn", "plain_head"):
            found = [{"accuracy": share} for share in rng.uniform(size=9)]
            row[probe] = found[-1] | dict(zip(names, found, strict=False))
        return row

    sphere = {"images": 16, "alignment": 0.25, "effective_rank": 9.0}
    for key in ("alignment", *(f"uniformity_{n}" for n in (*views, "both"))):
        sphere |= {key: -rng.uniform(), f"{key}_interval": (-0.5, 0.75)}
    sphere["uniformity"] = sphere["uniformity_both"]
    settings = {"loss": "softmax", "data": "shapes", "seed": 0, "epochs": 2}
    result = verdicts.verdict(settings, sphere) | judged(*views)
    result |= {"raw_pixels": judged(), "classes": ()}
    result["untrained"] |= judged(*views)
    result["encoders_sha256"] = dict.fromkeys(views, "a1b2c3d4e5")
    lines = summary.verdict_text(result, views).splitlines()
    start = lines.index("") + 3  # below the title
    probed, known = lines[start : start + 8], lines[start + 9 : start + 13]
    assert probed[0].endswith("  kNN    plain head")
    first, last = (f"{label} encoders" for label in ("untrained", "trained"))
    shown = [" ".join(line.split()[:-2]) for line in probed[1:]]
    wanted = ["raw pixels"]
    for label in (first, last):
        wanted += [f"{label} {views[0]}", views[1], "both"]
    assert shown == wanted
    assert len({tuple(ends(line)[-2:]) for line in probed}) == 1
    titles = re.split(" {2,}", known[0])
    assert titles[1:-2] == ["alignment", *(f"unif. {view}" for view in views)]
    assert ends(known[1])[1:] == ends(known[2])[1:] == ends(known[0])[1:]
    assert ends(known[3])[1:] == ends(known[0])[1:-1]


def ends(line):
    """Where each text of a line ends; two blanks part one from the next."""
    return [found.end() for found in re.finditer(r"\S+(?: \S+)*", line)]
