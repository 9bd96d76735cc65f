"""The commands as functions of Python, in another's process."""

import contextlib
import functools
import inspect
import json
import os
import random
import signal
import sys

import matplotlib
import numpy as np
import pytest
import tensorflow as tf

import tfcmc
import tfcmc.data.images
import tfcmc.experiment.finetune
import tfcmc.using.export
from tests.conftest import ROOT
from tests.dirty.case import noise
from tests.equal_runs import check_same
from tests.here import in_this_process
from tests.plain import leave_out_graphs
from tests.tiny import channels
from tfcmc.cli import command_line
from tfcmc.commands import (
    calls,
    compare,
    evaluate,
    export,
    finetune,
    pretrain,
    search,
    study,
)
from tfcmc.commands.code import spec_of
from tfcmc.commands.results import Search
from tfcmc.commands.words import _specs, in_python
from tfcmc.comparison import writing
from tfcmc.data.memory import HELD
from tfcmc.evaluation.probes import PROBES, Labelled
from tfcmc.evaluation.verdict import run_probes
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.report.few_labels import KINDS, Curve
from tfcmc.training.progress import ShowProgress
from trainers import evaluate as command

COMMANDS = {
    tfcmc.pretrain: pretrain,
    tfcmc.evaluate: evaluate,
    tfcmc.compare: compare,
    tfcmc.search: search,
    tfcmc.study: study,
    tfcmc.finetune: finetune,
    tfcmc.export: export,
}
OF_A_RUN = (tfcmc.evaluate, tfcmc.finetune, tfcmc.export)
WIDTH = 6


def nothing(shape):
    """What the encoder below calls."""
    return shape


def build(shape):
    """A small encoder of any views."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(4, 8, strides=4, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )


def pictures():
    """Labelled pictures of 32 pixels a side; of class 1 they are darker."""
    labels = np.arange(80) % 2
    shade = 2 - labels[:, None, None, None].astype(np.uint8)
    return noise(5, 80, 32, 32, 3) // 2 * shade, labels


def state():
    """What a caller has set, and would not have changed."""
    return {
        "policy": keras.config.dtype_policy().name,
        "floatx": keras.config.floatx(),
        "random": random.getstate(),
        "numpy": repr(np.random.get_state()),
        "signals": [signal.getsignal(n) for n in (2, 15, 1)],
        "hook": sys.unraisablehook,
        "argv": list(sys.argv),
        "place": os.getcwd(),
        "streams": (sys.stdout, sys.stderr),
        "drawing": dict(matplotlib.rcParams),
        "variables": dict(os.environ),
        "tensorflow": float(tf.random.uniform([])),
    }


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run that Ctrl-C ended and the same call went on with, and its words.

    In the caller's mixed precision, and with nothing printed.
    """

    def encoder(shape, scale=1.0):
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(nothing(shape)),
                layers.Rescaling(scale),
                layers.Conv2D(WIDTH, 8, strides=4, activation="relu"),
                layers.Flatten(),
            ]
        )

    folder = tmp_path_factory.mktemp("python")
    words = {
        "data": pictures(),
        "loss": tfcmc.losses.get("softmax", temperature=0.2),
        "encoder": functools.partial(encoder, scale=0.5),
        "views": channels,
        "side": 32,
        "epochs": np.int64(2),
        "batch_size": 16,
        "evaluate": "brief",
        "run_dir": folder / "run",
        "verbose": 0,
    }
    show = ShowProgress.on_epoch_end

    def interrupted(self, epoch, logs=None):
        show(self, epoch, logs)
        if epoch == 0:
            signal.raise_signal(signal.SIGINT)

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    tf.random.set_seed(3)
    first = state()
    with pytest.MonkeyPatch.context() as patch:
        leave_out_graphs(patch)
        with patch.context() as again:
            again.setattr(ShowProgress, "on_epoch_end", interrupted)
            told = "saved at step 1 .*same"
            with pytest.raises(KeyboardInterrupt, match=told):
                tfcmc.pretrain(**words)
        tf.random.set_seed(3)
        assert state() == first
        run = tfcmc.pretrain(**words)
    tf.random.set_seed(3)
    assert state() == first
    keras.config.set_dtype_policy(policy)
    return run, words


@pytest.mark.parametrize("call", COMMANDS, ids=lambda call: call.__name__)
def test_every_option_is_a_word(call):
    """By the same name, with the default that `--help` tells."""
    told = dict(inspect.signature(call).parameters)
    assert told.pop("verbose").default == 1
    parser = COMMANDS[call].make_parser()
    options = command_line.arguments(parser)
    if call is tfcmc.evaluate:  # of a model it takes more
        assert told.keys() > options.keys()
    else:
        assert told.keys() == options.keys()
    for action in options.values():
        _, known, default = (action.help or "").partition("(default: ")
        default, ends, _ = default.partition(")")
        value = told[action.dest].default
        if known and "," not in default and value is not None:
            several = value if isinstance(value, tuple) else [value]
            assert default == " ".join(map(str, several)), action.dest


@pytest.mark.parametrize("call", COMMANDS, ids=lambda call: call.__name__)
def test_a_wrong_word(call):
    """The nearest is told, and Python's own spelling."""
    required = ["nowhere"] if call in (*OF_A_RUN, tfcmc.study) else []
    near = {tfcmc.export: "format", tfcmc.study: "jobs"}.get(call, "data_dir")
    wrong = near[:-1]
    with pytest.raises(UsageError, match=f"'{wrong}'. Did you mean {near}"):
        call(*required, **{wrong: "x"})


def test_a_study_of_a_dict(tmp_path):
    """What would stand in a file; what is wrong in it is told."""
    asked = {"axes": {"loss": ["nce", "softmx"]}}
    with pytest.raises(UsageError, match="Did you mean softmax"):
        tfcmc.study(asked, run_dir=tmp_path / "study", verbose=0)
    assert not list(tmp_path.iterdir())


def test_a_list_of_nothing():
    """It is no word left out: nothing would be trained, or all."""
    for words in ({"losses": []}, {"losses": ["softmax"], "seeds": ()}):
        with pytest.raises(UsageError, match="must be one or several"):
            tfcmc.compare(**words)


def test_what_is_refused_leaves_nothing(tmp_path):
    """Pictures are written for other processes once all else is known."""
    words = {"data": pictures(), "run_dir": tmp_path, "verbose": 0}
    for call, wrong, told in (
        (tfcmc.compare, {"losses": ["softmx"]}, "Did you mean softmax"),
        (tfcmc.compare, {"jobs": 0}, "`jobs` must be"),
        (tfcmc.search, {"space": "margin=1:2"}, "Unknown name in `space`"),
    ):
        with pytest.raises(UsageError, match=told):
            call(**words, **wrong)
    assert not list(tmp_path.iterdir())


def test_messages_have_pythons_words():
    """Options as words, in what a command would have said."""
    with pytest.raises(UsageError, match=r"^`batch_size` must be a whole"):
        tfcmc.pretrain(batch_size=2.5, verbose=0)
    with pytest.raises(UsageError, match="`run_dir` must be text"):
        tfcmc.pretrain(run_dir=3)


def test_a_run_in_hand(ran, capsys):
    """Its verdict, history, figures and encoders; nothing was printed."""
    run, words = ran
    assert capsys.readouterr().out == ""
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert dict(run.verdict) == metrics
    assert metrics["loss"] == "softmax(temperature=0.2)"
    run.verdict["sphere"]["alignment"] = 9.0  # a copy
    assert run.verdict["sphere"] == metrics["sphere"]
    with pytest.raises(TypeError):
        run.verdict["loss"] = "another"
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert sorted(run.encoders) == ["R", "rest"]
    x, _ = words["data"]
    np.testing.assert_array_equal(
        run.transformer.transform(x[:3]),
        tfcmc.load(run.folder).transform(x[:3]),
    )
    shown = run._repr_html_()
    assert "trained encoders" in shown and len(shown) < 10_000
    assert "linear probe" in repr(run.verdict)


def test_a_function_is_written_down(ran):
    """With what it uses, outside the run's folder; its options are kept."""
    run, _ = ran
    config = json.loads((run.folder / "config.json").read_text())
    path, _, call = config["encoder"].rpartition(":")
    assert call == "encoder(scale=0.5)"
    assert os.path.dirname(path) == str(run.folder.parent)
    text = open(path).read()
    assert "WIDTH = 6\n" in text and "def nothing(shape)" in text
    assert config["views"] == "tests.tiny:channels(count=3)"


def test_the_same_pictures_only(ran, capsys):
    """The same call finds all done; other pictures are refused."""
    run, words = ran
    tfcmc.pretrain(**words | {"evaluate": "none", "verbose": 1})
    told = capsys.readouterr().out
    assert "trained already, 2 epochs" in told
    assert "a fifth of the labelled pictures" in told
    x, y = words["data"]
    with pytest.raises(UsageError, match="`run_dir` must be.*but others"):
        tfcmc.pretrain(**words | {"data": (255 - x, y)})
    # The folder and its pictures are enough: the rest is the run's.
    tfcmc.pretrain(data=(x, y), run_dir=run, evaluate="none", verbose=1)
    assert "trained already, 2 epochs" in capsys.readouterr().out


def test_what_is_written_of_a_call():
    """A command of what was given, without what a file leaves empty."""
    given = {"losses": ["nce"], "pictures": None, "flip": False}
    told = "tfcmc compare --losses nce --flip=False"
    assert calls._command(["compare"], given) == told
    assert os.fspath(Search("runs/a")) == os.path.abspath("runs/a")


def test_judged_again(ran):
    """While the run is held its pictures are; then they are given again."""
    run, words = ran
    again = tfcmc.evaluate(run, evaluate="brief", alpha=1.0, verbose=0)
    assert again.verdict["alpha"] == 1.0
    held = dict(HELD)
    HELD.clear()
    with pytest.raises(UsageError) as refused:
        command.main([str(run.folder)])
    assert "given again, as these were in the memory" in str(refused.value)
    found = tfcmc.evaluate(
        run.folder, data=words["data"], evaluate="brief", verbose=0
    )
    assert found.folder == run.folder and found.verdict["alpha"] == 2.0
    HELD.update(held)  # of the run, which goes on holding them


def test_what_follows_a_run(ran, tmp_path, monkeypatch):
    """Its labels and its model: words as they are given, and what is left."""
    run, _ = ran
    seen = []

    def measured(plan, run, shares, samples, steps):
        seen.append((run.folder, shares, samples, steps))
        points = {
            8: dict.fromkeys(KINDS, [0.5]),
            80: dict.fromkeys(KINDS, [1]),
        }
        return Curve("softmax", "given", 2, "test", 16, 80, steps, 8, points)

    def exported(plan, run, kind, out, size):
        seen.append((run.folder, kind, out, size))

    monkeypatch.setattr(tfcmc.experiment.finetune, "finetune", measured)
    monkeypatch.setattr(tfcmc.using.export, "export", exported)
    found = tfcmc.finetune(run, labels=0.1, samples=1, verbose=0)
    assert found["points"]["8"]["probe"] == [0.5]
    assert found["conclusion"] in " ".join(repr(found).split())
    out = tfcmc.export(run, out=tmp_path / "mine.keras", size=(30, 40))
    assert out == tmp_path / "mine.keras"
    assert seen == [
        (run.folder, [0.1], 1, 500),
        (run.folder, "keras", out, (30, 40)),
    ]
    with pytest.raises(UsageError, match="`labels` must be.*at most 1"):
        tfcmc.finetune(run, labels=[2])
    with pytest.raises(UsageError, match="`size` must be HEIGHTxWIDTH"):
        tfcmc.export(run, size=(30,) * 3)


def test_signals_are_the_callers():
    """SIGTERM ends a call, and then what the caller set for it runs."""
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        with pytest.raises(BaseException, match="SIGTERM: interrupted"):
            with calls.called(0):
                signal.raise_signal(signal.SIGTERM)
        assert seen == [1]
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def refused(told):
    """What must be told of a function."""
    with pytest.raises(UsageError, match=told):
        yield


def test_functions_that_will_not_do(tmp_path):
    """Each is told what it is to be, and nothing is written."""
    large = noise(1)

    def data_inside(shape):
        return large, shape

    def other(pictures):
        return pictures

    with refused("one that uses modules.*data_inside, which uses large"):
        spec_of("encoder", data_inside, tmp_path)
    with refused("a function of `shape`. Received: 'other.pictures.'"):
        spec_of("encoder", other, tmp_path)
    with refused("no plain `def`"):
        spec_of("encoder", lambda shape: shape, tmp_path)

    def inner(shape):
        return shape, width

    def outer_of(width):
        def outer(shape):
            return inner(shape), width

        return outer

    width = 8
    with refused("outer, which uses another width than what it calls|inner, "):
        spec_of("encoder", outer_of(16), tmp_path)
    with refused("`loss` must be symmetric"):
        _specs(tfcmc.losses.get("nt_xent", symmetric=False))
    with refused("a spec or a function. Received: 3"):
        spec_of("views", 3, tmp_path)
    assert not list(tmp_path.iterdir())


def model_of(side=16):
    """A small model of pictures from 0 to 1."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((side, side, 3)),
            layers.Conv2D(5, 4, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )


def test_any_model_is_judged_as_a_run_is():
    """Of what it is given, beside a fresh one; the model is as it was."""
    model, (x, y) = model_of(), pictures()
    kernel = model.layers[0].kernel
    kernel.assign(kernel * 3.0)
    before, weights = state(), model.get_weights()
    tf.random.set_seed(3)
    data = {"train": (x[:50], y[:50]), "test": (x[50:], y[50:])}
    words = {"data": data, "value_range": (0, 1), "verbose": 0}
    found = tfcmc.evaluate(
        model,
        evaluate="brief",
        views=lambda shown: (shown, 255.0 - shown),
        **words,
    )
    now = state()
    assert now | {"tensorflow": 0} == before | {"tensorflow": 0}
    check_same(model.get_weights(), weights)
    shown = tfcmc.data.images.resize(x[50:], 16).astype("f") / 255.0
    vectors = [model(each).numpy() for each in (shown, 1.0 - shown)]
    want = tfcmc.alignment(*vectors)
    assert found["sphere"]["alignment"] == pytest.approx(want, rel=1e-4)
    rank = tfcmc.effective_rank(vectors[0])
    assert found["sphere"]["effective_rank"] == pytest.approx(rank, rel=1e-4)
    assert found["untrained"]["sphere"]["effective_rank"] != rank
    assert 0 <= found["raw_pixels"]["knn"]["accuracy"] <= 1
    text = repr(found)
    assert "16x16, float32 from 0 to 1" in text and "untrained" in text
    again = tfcmc.evaluate(model, evaluate="brief", **words)
    assert "alignment" not in again["sphere"]
    assert (
        again["untrained"]["linear_probe"]
        == (found["untrained"]["linear_probe"])
    )


def test_views_are_of_the_judged_pictures_alone():
    """What probes are fitted on is encoded as it is."""
    (x, y), counts = pictures(), []

    def shown(batch):
        counts.append(len(batch))
        return batch, 255.0 - batch

    data = {"train": (x[:50], y[:50]), "test": (x[50:], y[50:])}
    words = {"data": data, "evaluate": "brief", "verbose": 0}
    tfcmc.evaluate(model_of(), views=shown, **words)
    assert sum(counts) == 2 * len(x[50:])  # and of the fresh model


def test_any_model_is_chosen_on_folds():
    """On validation, each fifth is read by probes fitted on the rest."""
    model, (x, y) = model_of(), pictures()
    found = tfcmc.evaluate(
        model,
        data={"train": (x[:50], y[:50]), "test": (x[50:], y[50:])},
        value_range=(0, 1),
        evaluate="brief",
        judge_on="validation",
        verbose=0,
    )
    shown = tfcmc.data.images.resize(x[:50], 16).astype("f") / 255.0
    seen = Labelled(model(shown).numpy(), y[:50])
    probes = {"knn": PROBES.lookup("knn").function}
    want, _ = run_probes(probes, seen, None, 1 + int(y.max()), seed=0)
    assert found["judged_on"] == "validation"
    assert found["knn"]["accuracy"] == pytest.approx(want["knn"]["accuracy"])


class Unknown(keras.Model):
    """One that Keras cannot make anew, of pictures of any side."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


def test_models_that_will_not_do():
    """Each is told in a line; one that is not made anew has no control."""
    data = noise(1, 40, 16, 16, 3)
    found = tfcmc.evaluate(Unknown(model_of()), data=data, verbose=0)
    assert "untrained" not in found and "no_untrained" in found
    assert "no probe: the data have no labelled" in repr(found)
    layers = keras.layers
    flat = keras.Sequential([keras.Input((16, 16, 3)), layers.ReLU()])
    grey = keras.Sequential([keras.Input((16, 16, 1)), layers.Flatten()])
    for model, words, told in (
        (flat, {}, "one vector a picture"),
        (grey, {}, r"square pictures \[batch, side, side, 3\]"),
        (model_of(), {"value_range": (1, 1)}, "`value_range` must be"),
        (model_of(), {"views": "rgb"}, "`views` must be a function"),
        (model_of(), {"views": lambda x: x}, "to two batches or more"),
        (model_of(), {"vews": 3}, "Did you mean views"),
        (3, {}, "a run, its folder or a Keras model"),
    ):
        with pytest.raises(UsageError, match=told):
            tfcmc.evaluate(model, data=data, verbose=0, **words)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (
            "`batch-size` must be left out with --run-dir and --steps=5.",
            "`batch_size` must be left out with `run_dir` and steps=5.",
        ),
        (
            '--data=x (--picture-side), "--crop-from=whole", [--force]',
            'data=x (`picture_side`), "crop_from=whole", [`force`]',
        ),
        (
            "`run` must be a folder. Received: '/data/exp--final/a--lr=0.1'",
            "`run` must be a folder. Received: '/data/exp--final/a--lr=0.1'",
        ),
        (
            "Received: '/data/--lr=1/b.--x/---y--z', with --data-dir=/a--b",
            "Received: '/data/--lr=1/b.--x/---y--z', with data_dir=/a--b",
        ),
    ],
)
def test_messages_name_words_of_python(told, wanted):
    """Options are told as words; names of files are as they are."""
    assert in_python(told) == wanted


def test_the_documented_calls(
    tmp_path, monkeypatch, uncompared, eager, few_fits
):
    """Each line as it is written: little is trained, and in this process."""
    monkeypatch.chdir(tmp_path)
    code, readme = (
        (ROOT / page)
        .read_text("utf-8")
        .split("```python\n")[1]
        .split("```")[0]
        for page in ("docs/how/python.md", "README.md")
    )
    assert code.startswith(readme)
    little = {
        "epochs": 1,
        "batch_size": 16,
        "side": 32,
        "encoder": build,
        "verbose": 0,
    }
    brief = {"evaluate": "brief", "verbose": 0}
    less = {
        "pretrain": brief | little | {"views": channels},
        "compare": brief | little | {"losses": ["softmax"], "seeds": [0]},
        "search": little | {"trials": 1},
        "finetune": {"labels": [1], "samples": 1, "steps": 1, "verbose": 0},
        "export": {"verbose": 0},
        "evaluate": brief,
    }
    found = {}
    for name, words in less.items():
        real = getattr(tfcmc, name)

        def call(*args, real=real, name=name, words=words, **given):
            if name == "compare":
                args = ()
            found[name] = real(*args, **given | words)
            return found[name]

        monkeypatch.setattr(tfcmc, name, call, raising=False)
    monkeypatch.setattr(writing, "draw", lambda *_: ())
    x, y = pictures()
    known = {"x": x, "y": y, "build": build, "model": model_of(32)}
    with in_this_process():
        exec(code, known)
    compared, searched = found["compare"], found["search"]
    assert found["pretrain"].history[-1]["epoch"] == 1
    assert list(found["finetune"]["points"]) == ["64"]
    assert found["export"] == (
        found["pretrain"].folder / "export" / "features.keras"
    )
    assert list(compared.runs) == ["softmax-0"] and not compared.failures
    kinds = [row["kind"] for row in compared.rows]
    assert kinds == ["raw", "untrained", "loss"]
    assert compared.best == compared.rows[2]
    assert "softmax" in repr(compared) and "softmax" in (
        compared._repr_html_()
    )
    report = compared.report.read_text("utf-8")
    assert "tfcmc compare --losses softmax" in report
    assert searched.best["loss"].startswith("triplet(")
    assert len(searched.trials) == 1 and searched.verdict is not None
    assert "On the test pictures" in repr(searched)
    assert "margin" in searched._repr_html_()
    # One file of the pictures for each folder.
    assert len(list(tmp_path.glob("runs/arrays-*.npz"))) == 1
