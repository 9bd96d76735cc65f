"""Encoders and views of the user's own, from files outside the checkout."""

import dataclasses
import hashlib
import importlib
import inspect
import json
import shutil
import sys

import numpy as np
import pytest

import tfcmc
from tests.equal_runs import check_same
from tests.plain import leave_out_graphs
from tfcmc.comparison import writing
from tfcmc.data.pictures import ArrayPictures
from tfcmc.encoders import ENCODERS, FEATURES, make_branch
from tfcmc.evaluation.features import weights_hash
from tfcmc.experiment import artifacts
from tfcmc.experiment.architecture import Architecture, open_trained
from tfcmc.experiment.config import make_config
from tfcmc.experiment.data import read_data
from tfcmc.experiment.recipe import make_plan, open_run, stored_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras, tf
from tfcmc.heads import HEADS
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import changed_code
from tfcmc.views import VIEWS
from trainers import compare, embed, evaluate, pretrain, verify

MINE = """
import dataclasses
import keras
from tfcmc.views import cropped


def build(shape, width=1, synchronized=True):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(4 * width, 3, strides=4, activation="relu"),
            layers.BatchNormalization(synchronized=synchronized),
            layers.GlobalAveragePooling2D(),
        ]
    )


def flat(shape):
    return keras.Sequential([keras.Input(shape), keras.layers.Conv2D(2, 3)])


def hidden(shape):
    inputs = keras.Input(shape)
    flat = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, keras.layers.Lambda(lambda x: x)(flat))


def odd(shape, act=keras.activations.relu):
    return flat(shape)


def needy(shape, width):
    return flat(shape)


def channels(frame, names=("R", "G", "B"), apart=False):
    def convert(pictures):
        scaled = keras.ops.cast(pictures, "float32") / 127.5 - 1.0
        return scaled[..., :1], scaled[..., 1:2], scaled[..., 2:]

    branch = names if apart else (names[0], "rest", "rest")
    return cropped(
        frame, names=names, channels=(1, 1, 1), convert=convert, branch=branch
    )


def three(frame):
    return channels(frame, apart=True)


def misread(frame, count=1, small=24):
    return three(frame)


def sided(frame):
    side = frame.side
    return dataclasses.replace(channels(frame), sides=(side, side, side // 2))


def alone(frame):
    def convert(pictures):
        return [keras.ops.cast(pictures[..., 1:], "float32") / 127.5 - 1.0]

    return cropped(frame, names=("GB",), channels=(2,), convert=convert)


def lonely(frame):
    return dataclasses.replace(alone(frame), compared=None)


def wide(shape):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3 * shape[-1], use_bias=False),
        ]
    )


def twice(features, dim=2):
    return keras.layers.Dense(2 * dim)(features)


def hidden_at_two(shape):
    return hidden(shape) if shape[-1] == 2 else wide(shape)


def no_first():
    return None
"""
TINY = ("--data=shapes(size=100)", "--epochs=2", "--batch-size=16")


def leave_out_figures(patch):
    """Draws none of those that take long."""
    for name in ("tsne", "control_maps", "tsne_map"):
        patch.setattr(artifacts.figures, name, lambda *_, **__: None)


@pytest.fixture
def mine(tmp_path):
    """A file with an encoder and views, where no checkout is."""
    path = tmp_path / "elsewhere" / "mine.py"
    path.parent.mkdir()
    path.write_text(MINE)
    return path


@pytest.fixture(scope="module")
def learnt_once(tmp_path_factory):
    """A run of both, the file that both are of, and the words."""
    folder = tmp_path_factory.mktemp("own") / "run"
    mine = folder.with_name("mine.py")
    mine.write_text(MINE)
    words = [
        f"--encoder={mine}:build(width=2)",
        f"--views={mine}:channels",
        "--side=32",
        "--evaluate=none",
        *TINY,
    ]
    with pytest.MonkeyPatch.context() as patch:
        leave_out_graphs(patch)
        pretrain.main([*words, f"--run-dir={folder}"])
    return folder, mine, words


@pytest.fixture
def trained(learnt_once, tmp_path):
    """A copy of that run, and its file."""
    folder = tmp_path / "run"
    shutil.copytree(learnt_once[0], folder)
    return folder, *learnt_once[1:]


def test_a_branch_of_ones_own(mine):
    """It gives the features' vectors, named, and starts from the seed."""
    bound = ENCODERS.lookup(f"{mine}:build(width=3)")
    assert bound.spec == f"{mine}:build(width=3, synchronized=True)"
    head = HEADS.lookup("linear(dim=5)").function
    branches = [
        make_branch(bound.function, head, (32, 32, 2), seed)
        for seed in (1, 1, 2)
    ]
    first, same, other = (each.get_weights()[0] for each in branches)
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 0.01
    assert branches[0].get_layer(FEATURES).output.shape == (None, 12)
    assert branches[0].output_shape == (None, 5)


@pytest.mark.parametrize("cluster, level", [("", "2"), ("{}", "3")])
def test_tensorflow_logs_nothing(cluster, level, mine, monkeypatch):
    """Not where a user's file is what imports it first, either."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.setenv("TF_CONFIG", cluster)
    told = 'import os\nLEVEL = os.environ["TF_CPP_MIN_LOG_LEVEL"]\n'
    mine.write_text(f"{told}\ndef build(shape, level=LEVEL):\n    pass\n")
    bound = ENCODERS.lookup(f"{mine}:build")
    assert bound.spec == f"{mine}:build(level='{level}')"


@pytest.mark.parametrize(
    "name, count",
    [("MobileNetV3Small(alpha=0.5)", 288), ("MobileNet(alpha=0.25)", 256)],
)
def test_keras_applications(name, count):
    """Models of Keras's take views of any channels, without weights."""
    bound = ENCODERS.lookup(f"keras.applications:{name}")
    assert bound.spec == f"keras.applications:{name}"
    none = HEADS.lookup("none").function
    branch = make_branch(bound.function, none, (32, 32, 2), 3)
    assert branch.output_shape == (None, count)
    if name.startswith("MobileNet("):
        again = make_branch(bound.function, none, (32, 32, 2), 3)
        check_same(branch.weights, again.weights)


def test_keras_applications_see_views_as_they_are(rng):
    """Those that would take them for pictures of 0 to 255, too."""
    name = "keras.applications:EfficientNetB0"
    model = ENCODERS.lookup(name).function((32, 32, 2), 3)
    view = rng.uniform(-1, 1, (2, 32, 32, 2)).astype(np.float32)
    seen = keras.Model(model.inputs[0], model.get_layer("stem_conv_pad").input)
    for each in (seen, keras.models.model_from_json(seen.to_json())):
        np.testing.assert_allclose(each(view), view, atol=1e-6)


def test_keras_applications_are_trained(tmp_path, eager):
    """And kept, read back and judged as any encoder."""
    run = tmp_path / "run"
    pretrain.main(
        ["--encoder=keras.applications:MobileNet(alpha=0.25)", "--side=32"]
        + ["--evaluate=none", *TINY, "--epochs=1", f"--run-dir={run}"]
    )
    architecture, branches = open_trained(*stored_plan(run))
    pictures = np.zeros([3, 64, 64, 3], np.uint8)
    features = architecture.reader(branches).whole(pictures).features
    assert [each.shape for each in features] == [(3, 256)] * 2
    fresh = architecture.branches()
    assert weights_hash(fresh["ab"]) != weights_hash(branches["ab"])


@pytest.mark.parametrize(
    "spec, told",
    [
        ("{mine}:biuld", "Did you mean build"),
        ("{mine}:build(widht=2)", "Did you mean width"),
        ("{mine}:no_first", "Unknown function"),
        ("{mine}:odd", "plain defaults.*Received: '.*:odd.act=<"),
        ("{mine}:needy", "plain defaults.*Received: '.*:needy.width"),
        ("{folder}/none.py:build", "no such file"),
        ("no_such_module_of_mine:build", "No module named"),
        ("os:system", "Unknown function"),
        ("{mine}:build(width=two words)", "written name"),
    ],
)
def test_mistakes_are_told_before_any_work(mine, spec, told):
    """Before the data are read: with the nearest spelling, or the reason."""
    spec = spec.format(mine=mine, folder=mine.parent)
    with pytest.raises(UsageError, match=told):
        make_plan(make_config({"encoder": spec}))


def test_another_text_is_run_again(mine, tmp_path, monkeypatch):
    """In the same process too: the hash is of the text that ran."""
    spec = f"{mine}:build"
    (first, before), (other, after) = (
        (bound.function, bound.member.extra["code"].sha256)
        for bound in (
            ENCODERS.lookup(spec),
            mine.write_text(MINE.replace("Conv2D(4", "Conv2D(7"))
            and ENCODERS.lookup(spec),
        )
    )
    assert before != after
    assert after == hashlib.sha256(mine.read_bytes()).hexdigest()
    shapes = [each((32, 32, 1), 0).output_shape for each in (first, other)]
    assert shapes == [(None, 4), (None, 7)]
    assert "Conv2D(7" in inspect.getsource(inspect.unwrap(other.func))
    # A module that Python has imported stays as it is.
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "module_of_mine.py"
    module.write_text(MINE)
    ENCODERS.lookup("module_of_mine:build")
    module.write_text(f"{MINE}\n")
    with pytest.raises(UsageError, match="as it was when .* changed since"):
        ENCODERS.lookup("module_of_mine:build")
    importlib.reload(importlib.import_module("module_of_mine"))
    ENCODERS.lookup("module_of_mine:build")


def test_files_beside_it(mine, monkeypatch):
    """What it imports from its folder is noted, however deep, by its text."""
    deep = mine.parent / "parts_of_mine" / "deep.py"
    deep.parent.mkdir()
    (deep.parent / "__init__.py").write_text("")
    deep.write_text("KERNEL = 3\n")
    near = mine.with_name("near_mine.py")
    near.write_text(
        "import json, keras, tfcmc.views\n"
        "try:\n    from . import parts_of_mine\n"
        "except ImportError:\n    from parts_of_mine.deep import KERNEL\n"
    )
    far = mine.with_name("far_from_mine.py")
    far.write_text("if x = 3\n")  # never run

    def code():
        return ENCODERS.lookup(f"{mine}:build").member.extra["code"]

    assert code().beside == "" and "beside" not in code().record()
    own = "def later():\n    import near_mine, far_from_mine\n"
    mine.write_text(f"{own}{MINE}")
    first = code()
    assert first.sha256 == hashlib.sha256(mine.read_bytes()).hexdigest()
    files = [far, near, deep.parent / "__init__.py", deep]
    digests = [hashlib.sha256(f.read_bytes()).hexdigest() for f in files]
    together = hashlib.sha256("".join(digests).encode()).hexdigest()
    assert first.beside == together
    mine.write_text(f"import near_mine\n{own}{MINE}")
    assert code().beside == together
    deep.write_text("KERNEL = 55\n")
    with pytest.raises(UsageError, match="deep.py, which has changed since"):
        code()
    # As a process that starts anew has them.
    for name in ("near_mine", "parts_of_mine.deep", "parts_of_mine"):
        monkeypatch.delitem(sys.modules, name)
    second = code()
    assert second.beside != together
    known = {"code": {"encoder": first.record() | {"sha256": second.sha256}}}
    wanted = {"code": {"encoder": second.record()}}
    assert changed_code(known, wanted) == [f"what {mine} imports"]
    del known["code"]["encoder"]["beside"]  # of a run older than that
    assert changed_code(known, wanted) == []


def test_two_files_of_one_name_beside_two(mine, monkeypatch):
    """What another folder's file was taken for is not run in its place."""
    spec = f"{mine}:build"
    mine.with_name("layers_of_mine.py").write_text("KERNEL = 3\n")
    mine.write_text(f"import layers_of_mine\n{MINE}")
    monkeypatch.delitem(sys.modules, "layers_of_mine", raising=False)
    ENCODERS.lookup(spec)
    other = mine.parent / "other" / mine.name
    other.parent.mkdir()
    shutil.copy(mine, other)
    other.with_name("layers_of_mine.py").write_text("KERNEL = 5\n")
    with pytest.raises(UsageError) as raised:
        ENCODERS.lookup(f"{other}:build")
    assert "other/layers_of_mine.py, where layers_of_mine is" in str(
        raised.value
    )
    assert ENCODERS.lookup(spec)


def test_a_folder_of_any_name(mine):
    """Brackets before the function are no options."""
    other = mine.parent / "my (copy)" / mine.name
    other.parent.mkdir()
    shutil.copy(mine, other)
    bound = ENCODERS.lookup(f"{other}:build(width=2)")
    assert bound.options["width"] == 2
    assert bound.spec == f"{other}:build(width=2, synchronized=True)"


def test_what_cannot_be_read_back_is_not_trained(mine, tmp_path):
    """It is refused before the first step, and leaves no encoder."""
    run = tmp_path / "run"
    words = [f"--encoder={mine}:hidden", f"--run-dir={run}", *TINY]
    words += ["--head=linear"]  # which makes both branches alike
    with pytest.raises(UsageError, match="reads back: .*:hidden"):
        pretrain.main([*words, "--side=32"])
    assert not (run / "encoders").exists()


def test_every_branch_is_read_back(mine):
    """Of other channels it may have other layers."""
    spec = f"{mine}:hidden_at_two"
    settings = {"encoder": spec, "side": 32, "head": "linear"}
    architecture = Architecture(make_plan(make_config(settings)), 64)
    with pytest.raises(UsageError, match="reads back: .*hidden_at_two"):
        architecture.check_saved()


@pytest.mark.parametrize(
    "names, told",
    [
        (("R", "R", "B"), "different names"),
        (("R", "G", "both"), "by letters, and not both"),
        (("R", "G,", "B"), "by letters"),
        (("a/b", "G", "B"), "by letters"),
        (("R", "G"), "as many"),
        (("accuracy", "G", "B"), "number of a probe is. .*: 'accuracy'"),
        (("interval", "G", "B"), "number of a probe is. .*: 'interval'"),
    ],
)
def test_names_of_views(mine, names, told):
    """They stand in tables, and in the names of files."""
    bound = VIEWS.lookup(f"{mine}:channels(names={names})")
    plan = make_plan(make_config({"views": bound.spec}))
    with pytest.raises(UsageError, match=told):
        plan.views_of(64)


def test_views_of_a_branch_are_judged(mine):
    """Without draws to compare them under they are refused."""
    plan = make_plan(make_config({"views": f"{mine}:channels"}))
    with pytest.raises(UsageError, match="`judged` draws"):
        dataclasses.replace(plan.views_of(64), judged=None)


def test_views_of_a_branch_fit_it(mine):
    """In channels; and what is compared is of the same branches in order."""
    plan = make_plan(make_config({"views": f"{mine}:channels"}))
    views = plan.views_of(64)
    dataclasses.replace(views, channels=(2, 1, 1), compared=views)
    told = "as many channels where they share a branch"
    with pytest.raises(UsageError, match=told):
        dataclasses.replace(views, channels=(1, 1, 2))
    other = dataclasses.replace(views, branch=("rest", "R", "rest"))
    with pytest.raises(UsageError, match="the same order, as `compared`"):
        dataclasses.replace(views, compared=other)


@pytest.mark.parametrize("options", ["", "(count=two)", "(small=three)"])
def test_options_of_views_of_ones_own(mine, options):
    """They are not taken for those of others that are called so."""
    settings = {"views": f"{mine}:misread{options}", "encoder": "paper"}
    plan = make_plan(make_config(settings | {"pairs": "first"}))
    assert plan.views_of(64).names == ("R", "G", "B")


def test_a_view_that_is_the_only_one(mine, rng):
    """It is compared with its past, and judged in two draws."""
    settings = {"views": f"{mine}:alone", "side": 32, "geometry": "shared"}
    settings |= {"encoder": f"{mine}:wide"}
    with pytest.raises(UsageError, match="at least two views .* --pairs=cros"):
        make_plan(make_config(settings)).views_of(64)
    past = {"pairs": "self", "negatives": "bank(draws=5)"}
    plan = make_plan(make_config(settings | past))
    views = plan.views_of(64)
    assert (views.names, views.branch) == (("GB",), ("GB",))
    judged = views.compared
    assert (judged.names, judged.branch) == (("GB_1", "GB_2"), ("GB", "GB"))
    shown = rng.integers(0, 256, (5, 64, 64, 3), np.uint8)
    boxes = judged.judged(np.arange(5), 5)
    assert np.abs(boxes[:, 0] - boxes[:, 1]).max() > 0.1
    for number, view in enumerate(judged.convert(shown, boxes)):
        (want,) = views.convert(shown, boxes[:, number : number + 1])
        np.testing.assert_array_equal(view, want)
    architecture = Architecture(plan, 64)
    reader = architecture.reader(architecture.branches())
    one, other = reader.encode(ArrayPictures(shown)).embeddings
    assert one.shape == other.shape == (5, 6)
    assert np.abs(one - other).max() > 1e-3
    settings["views"] = f"{mine}:lonely"
    with pytest.raises(UsageError, match="two or more as `compared`"):
        make_plan(make_config(settings | past)).views_of(64)


def test_embeddings_are_of_as_many_dimensions(mine, tmp_path, refused):
    """Else it is told in a line, before there is a run."""
    run = tmp_path / "run"
    words = [*TINY, "--side=32", f"--run-dir={run}", "--target=stopped"]
    told = refused(
        pretrain.main, *words, "--loss=cosine", "--predictor=linear"
    )
    assert told == (
        "`predictor` must be of as many dimensions as what it predicts, 96. "
        "Received: 'linear(dim=128)'"
    )
    assert not run.exists()
    settings = {"encoder": f"{mine}:wide", "target": "stopped"}
    with pytest.raises(UsageError) as raised:
        Architecture(make_plan(make_config(settings)), 64).branches()
    assert str(raised.value) == (
        f"`encoder` must be of as many dimensions for every branch, as "
        f"--head=linear makes them, to be compared. Received: "
        f"'{mine}:wide (3 for L, 6 for ab)'"
    )
    # What `dim` is of a head of one's own is not known before it is made.
    settings |= {"head": f"{mine}:twice", "predictor": "linear(dim=4)"}
    architecture = Architecture(make_plan(make_config(settings)), 64)
    found = architecture.predictors(architecture.branches())
    assert [each.output_shape for each in found.values()] == [(None, 4)] * 2


def test_sides_of_a_branch(mine):
    """Where there are several, an encoder that flattens is refused."""
    settings = {"views": f"{mine}:sided", "side": 32}
    for name in ("paper", "convnet", "dim"):
        plan = make_plan(make_config(settings | {"encoder": name}))
        with pytest.raises(UsageError) as raised:
            Architecture(plan, 64)
        told = "`encoder` must be one that takes views of any side, such as"
        assert str(raised.value).startswith(told)
    settings["encoder"] = f"{mine}:build"
    branches = Architecture(make_plan(make_config(settings)), 64).branches()
    assert branches["rest"].input_shape == (None, None, None, 1)


def test_verified(mine, capsys):
    """One's own, and pairs that batches have no negatives for."""
    words = [f"--encoder={mine}:build", f"--views={mine}:alone"]
    words += ["--pairs=self", "--negatives=bank(draws=5)", "--side=32"]
    verify.main(["--strategy=one", *words])
    assert "all the same" in capsys.readouterr().out


def test_a_file_that_does_not_run(mine):
    """The user's own error is told in a line."""
    mine.write_text("import keras\n1 / 0\n")
    with pytest.raises(UsageError, match="ZeroDivisionError: division by"):
        ENCODERS.lookup(f"{mine}:build")


def test_what_is_no_vector_is_refused(mine):
    """An encoder gives one vector a picture."""
    encoder = ENCODERS.lookup(f"{mine}:flat").function
    with pytest.raises(UsageError, match=r"\[batch, features\]"):
        make_branch(encoder, HEADS.lookup("none").function, (8, 8, 1), 0)


def test_views_of_ones_own(mine, rng):
    """Three views in two branches, cut from one conversion."""
    plan = make_plan(
        make_config({"views": f"{mine}:channels", "side": 48, "flip": False})
    )
    views = plan.views_of(64)
    assert views.branches == ("R", "rest")
    assert views.shapes == {"R": (48, 48, 1), "rest": (48, 48, 1)}
    pictures = rng.integers(0, 256, (5, 64, 64, 3), np.uint8)
    draws = views.draw(3, 1, np.arange(5), 5)
    assert draws.shape == (5, 3, 4)
    shown = views.convert(tf.constant(pictures), draws)
    assert [view.shape for view in shown] == [(5, 48, 48, 1)] * 3
    whole = views.whole(tf.constant(pictures))
    want = tf.image.resize(pictures[..., :2] / 127.5 - 1.0, (48, 48))
    for number, view in enumerate(whole):
        np.testing.assert_allclose(view[..., 0], want[..., number], atol=1e-5)


def test_a_run_notes_the_file(trained, capsys):
    """Its hash; what has changed is said, and training does not go on."""
    folder, mine, words = trained
    code = json.loads((folder / "identity.json").read_text())["code"]
    assert code["encoder"]["file"] == code["views"]["file"] == str(mine)
    assert sorted(p.stem for p in (folder / "encoders").iterdir()) == [
        "R",
        "rest",
    ]
    capsys.readouterr()
    stored_plan(folder)
    assert "changed" not in capsys.readouterr().out
    # A text with another hash; in another process the module is new too.
    identity = json.loads((folder / "identity.json").read_text())
    for each in identity["code"].values():
        each["sha256"] = "0" * 64
    (folder / "identity.json").write_text(json.dumps(identity))
    stored_plan(folder)
    assert f"{mine} has changed since" in capsys.readouterr().out
    for look in (
        lambda: pretrain.main([*words, f"--run-dir={folder}"]),
        # A comparison or a search that goes on would mix both.
        lambda: open_run(stored_plan(folder)[0]),
    ):
        with pytest.raises(UsageError, match=f"another text of {mine}"):
            look()


def test_a_run_whose_file_is_gone(trained, tmp_path, monkeypatch, capsys):
    """It is named; one of its name in the working folder is taken for it."""
    folder, mine, _ = trained
    moved = mine.rename(mine.with_name("moved.py"))
    try:
        with pytest.raises(UsageError, match="mine.py .no such file"):
            evaluate.main([str(folder)])
        here = shutil.copy(moved, tmp_path / "mine.py")
        monkeypatch.chdir(tmp_path)
        plan, run = stored_plan(folder)
        out = capsys.readouterr().out
        assert f"{mine} is not there, and {here} is taken for it" in out
        assert "changed" not in out
        assert set(open_trained(plan, run)[1]) == {"R", "rest"}
    finally:
        moved.rename(mine)


def test_nothing_in_a_run_folder_is_run(trained):
    """A folder may be anybody's: code that lies in it is not imported."""
    folder, *_ = trained
    (folder / "evil.py").write_text("raise SystemExit('ran')\n")
    config = json.loads((folder / "config.json").read_text())
    identity = json.loads((folder / "identity.json").read_text())
    for record in (config, identity["settings"]):
        record["encoder"] = f"{folder}/evil.py:build"
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "identity.json").write_text(json.dumps(identity))
    with pytest.raises(UsageError, match="outside the run folder"):
        stored_plan(folder)


def test_three_branches_at_224(
    mine, tmp_path, capsys, monkeypatch, few_fits, eager
):
    """Judged, shown in the projector, embedded, examined and transformed."""
    run, out = tmp_path / "run", tmp_path / "out.npz"
    names = ("R", "G", "B")
    words = [f"--encoder={mine}:build", f"--views={mine}:three", *TINY]
    words += ["--side=224", "--epochs=1", "--evaluate=full"]
    words += ["--learning-rate=1e-12"]
    leave_out_figures(monkeypatch)
    pretrain.main([*words, f"--run-dir={run}"])
    found = json.loads((run / "metrics.json").read_text())
    assert set(names) < set(found["linear_probe"])
    assert {f"uniformity_{each}" for each in names} < set(found["sphere"])
    for row in Run(run).read_history():
        assert {f"dead_{each}" for each in names} < set(row)
    plan, _ = stored_plan(run)
    pictures = read_data(plan).judged.pictures
    architecture, branches = open_trained(plan, Run(run))
    for branch in branches.values():
        assert branch.input_shape == (None, 224, 224, 1)
    want = architecture.reader(branches).encode(pictures)
    assert [each.shape for each in want.features] == [(100, 4)] * 3
    shown = run / "tensorboard" / "verdict"
    told = (shown / "projector_config.pbtxt").read_text()
    vectors = [*want.embeddings, want.joined()]
    for name, array in zip((*names, "both"), vectors, strict=True):
        assert f'tensor_name: "{name}"' in told
        if (file := shown / f"{name}.tsv").exists():  # bytes that are text
            served = np.loadtxt(file)
        else:
            served = np.fromfile(file.with_suffix(".bytes"), "<f4")
        np.testing.assert_allclose(
            served.reshape(array.shape), array, atol=1e-5
        )
    capsys.readouterr()
    embed.main([str(run), "--embeddings", f"--out={out}"])
    kept = np.load(out)
    assert {f"embeddings_{each}" for each in names} < set(kept)
    assert kept["features"].shape == (300, 12)
    transformer = tfcmc.load(run)
    np.testing.assert_allclose(
        transformer.transform(pictures.array), want.joined(), atol=1e-5
    )
    np.testing.assert_allclose(
        transformer.set_params(view="B").transform(pictures.array),
        want.features[2],
        atol=1e-5,
    )


def test_one_branch_of_rgb(
    mine, tmp_path, monkeypatch, few_fits, eager, plain_views
):
    """Judged in full, and embedded."""
    run, out = tmp_path / "run", tmp_path / "out.npz"
    leave_out_figures(monkeypatch)
    words = [f"--encoder={mine}:build", "--views=rgb", *TINY, "--epochs=1"]
    words += ["--side=32", "--evaluate=full"]
    pretrain.main([*words, f"--run-dir={run}"])
    found = json.loads((run / "metrics.json").read_text())
    views = {"uniformity_rgb_1", "uniformity_rgb_2", "uniformity_both"}
    assert views < set(found["sphere"])
    plan, _ = stored_plan(run)
    architecture, branches = open_trained(plan, Run(run))
    pictures = read_data(plan).judged.pictures
    want = architecture.reader(branches).read(pictures)
    embed.main([str(run), "--embeddings", f"--out={out}"])
    kept = np.load(out)
    judged = kept["part"] == "test"
    for name, array in (
        ("features", want.features[0]),
        ("embeddings_rgb", want.embeddings[0]),
    ):
        np.testing.assert_allclose(kept[name][judged], array, atol=1e-5)


def test_a_child_process_takes_the_file(mine, tmp_path, monkeypatch):
    """A comparison's, which notes the text that it ran."""
    monkeypatch.setattr(writing, "draw", lambda *_: ())
    folder = tmp_path / "compared"
    words = [f"--encoder={mine}:build", f"--views={mine}:three", *TINY]
    words += ["--side=32", "--evaluate=brief", "--epochs=1"]
    words += ["--losses", "softmax", "--seeds", "4", f"--run-dir={folder}"]
    compare.main(words)
    (path,) = folder.glob("*/identity.json")
    code = json.loads(path.read_text())["code"]
    digest = hashlib.sha256(mine.read_bytes()).hexdigest()
    assert code["encoder"]["sha256"] == code["views"]["sha256"] == digest
