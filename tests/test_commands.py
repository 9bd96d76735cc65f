"""The commands as a user runs them, and every command that is documented."""

import csv
import importlib
import itertools
import json
import pathlib
import re
import shlex
import shutil

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.dirty.case import noise
from tests.here import in_this_process
from tests.kills import outcome
from tests.plain import leave_out_fits, leave_out_graphs
from tests.verdicts import SPACE, search_of
from tfcmc import commands
from tfcmc.__main__ import COMMANDS
from tfcmc.cli import command_line
from tfcmc.comparison import writing
from tfcmc.evaluation.probes import PROBES
from tfcmc.experiment import artifacts, cost, train
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.runs.folder import Run
from tfcmc.searches.records import Trial
from tfcmc.training.classifier import Classifier
from trainers import evaluate, pretrain

HOW = ROOT / "docs" / "how"
PAGES = (ROOT / "README.md", *sorted(HOW.glob("*.md")))
TINY = "shapes(size=160)"
SMALL = ("--encoder=paper(width=0.3)", "--side=32")


def test_screen(trained):
    """The verdict fits a screen, and TensorFlow's noise is not on it."""
    _, done = trained
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert len(lines) < 40
    assert max(map(len, lines)) <= 100
    for word in ("raw pixels", "untrained", "trained", "floors", " ms  "):
        assert word in done.stdout
    titles = ("linear probe", "MLP head", "kNN", "10 labels", "plain head")
    (head,) = [line for line in lines if line.startswith("test accuracy")]
    assert re.split(r"\s{3,}", head)[1:] == list(titles)


def test_run_folder(trained):
    """Everything that the documentation promises is there."""
    folder, _ = trained
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["loss"] == "softmax(temperature=0.07)"
    assert 0 <= metrics["alignment"] <= 4
    assert -4 <= metrics["uniformity"] <= 0
    for row in (metrics, metrics["untrained"]):
        for probe in PROBES.names():
            assert 0 <= row[probe]["accuracy"] <= 1
            assert 0 <= row[probe]["ab"]["accuracy"] <= 1
    assert 0 <= metrics["raw_pixels"]["linear_probe"]["accuracy"] <= 1
    low, high = metrics["sphere_all"]["alignment_interval"]
    assert low < metrics["sphere_all"]["alignment"] < high
    rows = Run(folder).read_history()
    assert [row["epoch"] for row in rows] == [1, 2]
    for column in ("loss", "alignment", "uniformity", "effective_rank"):
        assert np.isfinite(rows[1][column])
    names = {path.stem for path in (folder / "figures").glob("*.png")}
    drawn = {n for n in names if not n.startswith("neighbours")}
    assert (
        drawn
        == {
            "alignment_histogram",
            "confusion_matrix",
            "hypersphere",
            "tsne",
            "alignment_uniformity_map",
            "learning_curves",
            "gradient_anatomy",
        }
        == {*artifacts.FIGURES}
    )
    for name in drawn:
        data = (folder / "figures" / f"{name}.png").read_bytes()
        assert data.startswith(b"\x89PNG") and len(data) > 10_000
    embedded = np.load(folder / "embedded.npz")
    assert embedded["features_L"].shape == embedded["features_ab"].shape
    assert len(embedded["labels"]) == len(embedded["features_L"])
    lengths = np.linalg.norm(embedded["embeddings_ab"], axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    for name, channels in (("L", 1), ("ab", 2)):
        encoder = keras.models.load_model(folder / f"encoders/{name}.keras")
        assert encoder.input_shape == (None, 64, 64, channels)
    assert not list(folder.rglob("*partial*"))


def test_same_seed_same_run(trained, tmp_path, capsys, monkeypatch):
    """Two runs with one seed are equal, judged at once, briefly or later.

    No matter what the old verdict was.
    """
    folder, _ = trained
    words = [f"--data={TINY}", "--epochs=2", "--batch-size=16"]
    again = tmp_path / "again"
    pretrain.main([*words, f"--run-dir={again}", "--evaluate=none"])
    assert f"tfcmc evaluate {again}" in capsys.readouterr().out
    assert not (again / "metrics.json").exists()
    evaluate.main([str(again), "--evaluate=brief"])
    brief = outcome(again)["metrics"]
    assert brief.pop("evaluate") == "brief"
    evaluate.main([str(again), "--evaluate=probes"])
    probes = outcome(again)["metrics"]
    assert probes.pop("evaluate") == "probes"
    assert not list((again / "figures").iterdir())
    folders = {path.name for path in again.glob("tensorboard/verdict/*")}
    assert folders == {"events.out.tfevents.hparams"}
    (again / "metrics.json").write_text("3")
    pretrain.main([*words, f"--run-dir={again}", "--evaluate=none"])
    assert not (again / "metrics.json").exists()
    capsys.readouterr()
    for name in ("_draw_quick", "figures.control_maps", "figures.tsne_map"):
        monkeypatch.setattr(f"{artifacts.__name__}.{name}", lambda *_, **__: 0)
    evaluate.main([str(again)])
    assert "trained" in capsys.readouterr().out
    assert outcome(again) == outcome(folder)
    whole = outcome(again)["metrics"]
    assert brief.keys() < probes.keys()
    for some, names in (
        (brief, {"linear_probe", "knn"}),
        (probes, {*PROBES.names()}),
    ):
        assert some.keys() & {*PROBES.names()} == names
        assert some.keys() <= whole.keys()
        assert some["sphere"] == whole["sphere"]
        for name in names:
            assert some[name].items() <= whole[name].items()


def test_what_has_to_be_judged(trained, monkeypatch):
    """A comparison and a later verdict are not asked to judge nothing.

    Nor do they offer it; it is refused before anything is loaded.
    """
    monkeypatch.setattr(
        "tfcmc.commands.evaluate.stored_plan", lambda *_, **__: pytest.fail()
    )
    for module, offered in (
        (commands.pretrain, True),
        (commands.compare, False),
        (commands.evaluate, False),
    ):
        options = command_line.arguments(module.make_parser())
        told = options["evaluate"].help
        assert "; brief, by the linear and" in told
        assert told.endswith("(default: full)")
        assert ("none" in told) is offered
    told = "`evaluate` must be full, probes or brief"
    with pytest.raises(UsageError, match=told):
        evaluate.main([str(trained[0]), "--evaluate=none"])


def test_images_alone(tmp_path, capsys, rng, eager):
    """Without classes it trains and measures, and says why no probe."""
    for number in range(12):
        pixels = rng.integers(0, 256, (70, 80, 3), np.uint8)
        keras.utils.save_img(tmp_path / f"{number}.png", pixels)
    pretrain.main(
        [
            f"--data=folder:{tmp_path}",
            "--epochs=1",
            "--batch-size=4",
            "--evaluate=brief",
            *SMALL,
            f"--run-dir={tmp_path / 'run'}",
        ]
    )
    assert "no probe" in capsys.readouterr().out
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert "linear_probe" not in metrics
    assert np.isfinite(metrics["alignment"])


def test_loss_that_is_no_number(tmp_path, capsys, eager):
    """Stops at the step, names it, and keeps what was saved before."""
    words = [
        f"--data={TINY}",
        "--batch-size=16",
        "--evaluate=none",
        "--schedule=constant",
        *SMALL,
        f"--run-dir={tmp_path}",
    ]
    pretrain.main([*words, "--epochs=1"])
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    encoders = {p: p.read_bytes() for p in (tmp_path / "encoders").iterdir()}
    stop = pytest.MonkeyPatch()
    real = keras.Model.fit

    def broken(model, *args, **kwargs):
        # The last layer's: a ReLU above would turn it into zeros.
        kernel = model.branches[0].get_layer("convolution_4").kernel
        kernel.assign(kernel * np.nan)
        return real(model, *args, **kwargs)

    with stop.context() as patch, pytest.raises(SystemExit) as left:
        patch.setattr(keras.Model, "fit", broken)
        command_line.run(lambda: pretrain.main([*words, "--epochs=2"]))
    assert left.value.code == 1
    assert "the loss is nan at step 10" in capsys.readouterr().err
    after = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert after == kept
    for path, data in encoders.items():
        assert path.read_bytes() == data


HELPS = {f"trainers.{name} --help": "python -m" for name in (
    "pretrain", "evaluate", "compare", "losses", "embed", "neighbours",
    "verify", "methods", "finetune",
)}  # fmt: skip
MISTAKEN = ("with a search.json", "below its high end")
HELPS |= {
    "tuning.report --help": "python -m",
    "tuning.report .": MISTAKEN[0],
    "tuning.search --help": "KERASTUNER_TUNER_ID",
    "tuning.search --space=temperature=1:0": MISTAKEN[1],
    "trainers.methods": "simclr",
    "trainers.losses": "triplet(margin=0.2, mining=all",
    "trainers.losses triplet": "triplet(margin=0.2, mining=all",
}
HELPING = """
import contextlib, io, json, runpy, sys, time
printed = []
for words in json.loads(sys.argv[1]):
    module, *rest = words.split()
    sys.argv, code = [module, *rest], 0
    begun, out, error = time.process_time(), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            runpy.run_module(module, run_name="__main__")
        except SystemExit as left:
            code = left.code or 0
    worked = time.process_time() - begun
    texts = out.getvalue(), error.getvalue()
    printed.append((code, *texts, worked, "tensorflow" in sys.modules))
print(json.dumps(printed))
"""


def test_help_is_quick(python):
    """Under a second of work: TensorFlow is not loaded; 100 columns.

    So is what is told of a mistake.
    """
    done = python("-c", HELPING, json.dumps([*HELPS]))
    assert (done.returncode, done.stderr) == (0, "")
    printed = zip(HELPS.values(), json.loads(done.stdout), strict=True)
    for told, (code, text, error, worked, loaded) in printed:
        mistaken = told in MISTAKEN
        assert code == (2 if mistaken else 0)
        shown, silent = (error, text) if mistaken else (text, error)
        assert told in shown and not silent
        assert len(shown.splitlines()) <= 2 or not mistaken
        assert max(map(len, shown.splitlines())) <= 100
        assert worked < 1.0 and not loaded


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--loss=sofmax"], "Did you mean softmax"),
        (["--loss=softmax(temp=1)"], "Did you mean temperature"),
        (["--los=softmax"], "Did you mean --loss"),
        (["softmax"], "--name=value"),
        (["--epochs"], "expected one argument"),
        (["--epochs=ten"], "a whole number"),
        (["--flip=maybe"], "True or False"),
        (["--data=folder:/nowhere"], "/nowhere"),
        (["--run-dir=setup.py"], "run-dir"),
        (["--loss=vicreg", "--negatives=bank"], "batch with --loss=vicreg"),
        ([f"--data={TINY}", "--batch-size=161", "--run-dir=run"], "160"),
    ],
)
def test_mistakes(words, told, refused, monkeypatch, tmp_path):
    """One or two plain lines on stderr, exit code 2."""
    (tmp_path / "setup.py").touch()
    monkeypatch.chdir(tmp_path)
    assert told in refused(pretrain.main, *words)


def test_stop_on_collapse(tmp_path, capsys, eager):
    """Training ends at the epoch of the collapse, and stays ended."""
    words = [
        f"--data={TINY}",
        "--loss=spring(weighting=pairs)",
        "--epochs=4",
        "--batch-size=16",
        "--learning-rate=0.01",
        f"--run-dir={tmp_path}",
    ]
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            command_line.run(
                lambda: pretrain.main([*words, "--stop-on-collapse"])
            )
        assert left.value.code == 1
        told = capsys.readouterr().err
        assert "each view has collapsed" in told
        assert len(told.splitlines()) == 1
        epochs = len((tmp_path / "history.csv").read_text().splitlines()) - 1
        assert epochs < 4
        assert not (tmp_path / "metrics.json").exists()
    pretrain.main([*words, "--evaluate=brief"])
    found = json.loads((tmp_path / "metrics.json").read_text())["findings"]
    (finding,) = [f for f in found if f["sign"] == "constants"]
    assert finding["epoch"] == epochs - 1  # it had to last a second epoch
    assert "each view has collapsed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        ([0, 0, 0, 0], [0, 0], "two classes"),
        ([0, 1, 2, 3], [0, 1], "two classes"),
        ([0, 0, 1, 1], [1], "two pictures in the test"),
        ([0, 0, 1, 1], [0, 1], "a class of three pictures"),
    ],
)
def test_too_few_labels(tmp_path, refused, rng, train, test, told):
    """What no probe could be fitted on is told before training."""
    arrays = {"y_train": train, "y_test": test}
    for part, labels in (("train", train), ("test", test)):
        shape = (len(labels), 16, 16, 3)
        arrays[f"x_{part}"] = rng.integers(0, 256, shape, np.uint8)
    np.savez(tmp_path / "few.npz", **arrays)
    words = [f"--data=npz:{tmp_path / 'few.npz'}", "--batch-size=2"]
    if "three" in told:  # which folds are made of
        words.append("--judge-on=validation")
    assert told in refused(pretrain.main, *words)


def test_grey_pictures(tmp_path, refused, rng):
    """Pictures without colour are counted."""
    for number in range(5):
        pixels = rng.integers(0, 256, (40, 40, 1), np.uint8)
        pixels = np.repeat(pixels, 3, axis=-1)
        if number == 3:
            pixels[..., 0] = 255 - pixels[..., 0]
        keras.utils.save_img(tmp_path / f"{number}.png", pixels, scale=False)
    words = [f"--data=folder:{tmp_path}", "--batch-size=2"]
    told = refused(pretrain.main, *words)
    assert "4 of 5 grey" in told and "--views=rgb --head=mlp learns" in told


# Words that the test below has others for: without them some are the same.
REPLACED = {
    "trainers.data": "(?!--pack=)",
    "trainers.evaluate": "(?!--data=)",
    "trainers.pretrain": "--(data|epochs|run-dir)=",
}


def documented():
    """Module and words of every command in the pages' blocks, once each."""
    found = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in re.findall(r"```(?:bash|sh)\n(.*?)```", text, re.DOTALL):
            # `test_machines.py` starts these.
            lines = "" if "TF_CONFIG" in block else block.replace("\\\n", " ")
            for part in re.split(r"\n|&&", lines):
                words = shlex.split(part, comments=True)
                if words[:1] == ["tfcmc"]:
                    words[:2] = ["python", "-m", COMMANDS[words[1]]]
                if words[:2] == ["python", "-m"] and words[2] != "pytest":
                    module, *rest = words[2:]
                    passed_over = re.compile(REPLACED.get(module, "$"))
                    kept = itertools.filterfalse(passed_over.match, rest)
                    found[module, *kept] = words[2:]
    return found


def searched(search_folder, folder):
    """Writes a search of which one trial of two has ended: the defaults."""
    tuned = search_of(
        space={"temperature": SPACE["temperature"]},
        trials=2,
        settings={
            "data": TINY,
            "epochs": 1,
            "seed": 0,
            "encoder": "paper(width=0.3)",
            "side": 32,
        },
    )
    scores = {
        "alignment_uniformity": -1.5,
        "effective_rank": 99.0,
        "linear_probe": 0.5,
    }
    trial = Trial(0, {"temperature": 0.07}, 1, scores=scores)
    search_folder(folder, tuned, [trial])


def packed_images(folder):
    """A few image files, which are no squares, as records."""
    (folder / "images").mkdir()
    for number in range(24):
        pixels = noise(number, 40, 30 + number, 3)
        keras.utils.save_img(folder / "images" / f"{number}.png", pixels)
    words = [f"folder:{folder / 'images'}", f"--pack={folder / 'packed'}"]
    importlib.import_module("trainers.data").main(words)
    return folder / "packed"


def unmeasured(plan, architecture, *_):
    """Logs of an epoch what is shown and watched, without measuring it."""
    names = ["alignment", "uniformity", "effective_rank", "apart"]
    names += [f"spread_{name}" for name in architecture.views.names]
    return keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(dict.fromkeys(names, 9.0))
    )


@pytest.mark.parametrize("words", documented().values(), ids=" ".join)
def test_documented(
    words,
    trained,
    tmp_path,
    monkeypatch,
    search_folder,
    command,
    plain_views,
    uncompared,
    eager,
):
    """Each command runs as it is written, on tiny data, judged briefly.

    What takes long to compile is smaller: encoders, distortions; steps are
    not traced, and exports not compared. Where no verdict is asserted, probes
    choose among few, and most epochs are not measured.

    `tensorboard --logdir=runs` is started in `test_board.py`.
    """
    monkeypatch.chdir(tmp_path)
    module, *rest = words
    text = (HOW / "own.md").read_text("utf-8")
    mine = text.partition("```python\n# mine.py\n")[2].partition("```")[0]
    pathlib.Path("mine.py").write_text(mine)
    main = importlib.import_module(module).main
    kept = [word for word in rest if not word.startswith("--data")]
    data = f"--data={TINY}"
    tiny = [data, "--epochs=1", "--batch-size=16", "--evaluate=brief"]
    if module == "trainers.verify":
        # One loss of all; devices are settled before TensorFlow starts.
        done = command(module, *rest, "--loss=softmax")
        assert done.returncode == 0, done.stderr
        assert "2 replicas beside one device" in done.stdout
        assert "softmax" in done.stdout and "all the same" in done.stdout
    elif module == "trainers.data":
        packed = [word for word in rest if word.startswith("--pack=")]
        main([TINY, *packed])
        for word in packed:
            assert pathlib.Path(word[7:], "records.json").exists()
    elif module == "trainers.runs":
        pathlib.Path(rest[0]).mkdir()
        main(rest)
    elif module in ("trainers.losses", "trainers.methods"):
        main(rest)
    elif module == "trainers.evaluate":
        shutil.copytree(trained[0], tmp_path / "run")
        other = [data[:-1] + ", seed=3)"] if len(rest) > 1 else []
        before = outcome(tmp_path / "run")["metrics"]
        main(["run", "--evaluate=brief", *other])
        assert (outcome(tmp_path / "run")["metrics"] == before) == bool(other)
        found = list(tmp_path.glob("run/elsewhere/*"))
        assert len(found) == len(other)
        for place in found:
            judged = json.loads((place / "metrics.json").read_text())
            assert judged["epochs"] == 2 and "seed=3" in judged["data"]
            assert judged["encoders_sha256"] == before["encoders_sha256"]
            raw = judged["raw_pixels"]["knn"], before["raw_pixels"]["knn"]
            assert raw[0]["accuracy"] != raw[1]["accuracy"]
    elif module == "trainers.finetune":
        monkeypatch.setattr("tfcmc.experiment.finetune.BATCH", 16)
        place = trained[0] / "finetune"
        words = [str(trained[0]), "--labels", "0.25", "1"]
        words += ["--samples=1", "--steps=1"]
        main(words)
        rows = list(csv.DictReader((place / "curve.csv").open()))
        curve = json.loads((place / "curve.json").read_text())
        assert [row["labels"] for row in rows] == ["40"] * 4 + ["160"] * 4
        assert list(curve["points"]) == ["40", "160"]
        assert "labels to match" in curve["conclusion"]
        probe = curve["points"]["160"]["probe"]
        known = outcome(trained[0])["metrics"]["linear_probe"]
        assert probe == [known["accuracy"]]
        # What is known is not trained again.
        monkeypatch.delattr(Classifier, "fit")
        main(words)
        assert rows == list(csv.DictReader((place / "curve.csv").open()))
    elif module == "trainers.embed":
        main([str(trained[0]), *kept[1:], data])
        assert len(list(tmp_path.iterdir())) == 2  # mine.py too
    elif module == "trainers.neighbours":
        # An image of the page's name; its folder of images is not there.
        pixels = np.random.default_rng(0).integers(0, 256, (60, 70, 3))
        keras.utils.save_img(rest[1], pixels)
        main([str(trained[0]), *kept[1:], data])
        assert list(trained[0].glob("figures/neighbours-*.png"))
    elif module == "trainers.export":
        main([str(trained[0]), *rest[1:]])
        assert (trained[0] / "export" / "features.keras.md").exists()
    elif module == "tuning.report":
        searched(search_folder, tmp_path / rest[0])
        main(rest)
        assert (tmp_path / rest[0] / "best.json").exists()
    elif module == "trainers.compare":
        leave_out_fits(monkeypatch)
        # One row and one seed, for the time it takes; or one search, whose
        # best are its defaults: one run.
        chosen = rest[:2]
        if rest[0] == "--tuned":
            searched(search_folder, tmp_path / rest[1])
        elif rest[0] == "--presets":
            chosen = [*rest[:2], *SMALL]
        elif rest[0].startswith("--preset="):
            chosen = [*rest[:3], *SMALL]
        else:
            chosen = ["--losses", rest[2], *SMALL]
        monkeypatch.setattr(writing, "draw", lambda *_: ())
        if any(word.startswith("--budget") for word in rest):
            tiny[1] = "--budget=0.02min"
            monkeypatch.setattr(cost, "seconds_a_step", lambda *_: 0.2)
        with in_this_process():
            main([*chosen, "--seeds", "0", "--jobs=2", rest[-1], *tiny])
        folder = rest[-1].partition("=")[2]
        assert (tmp_path / folder / "report.html").exists()
    elif module == "trainers.study":
        leave_out_fits(monkeypatch)
        toml = (HOW / "study.md").read_text("utf-8")
        asked = toml.partition("```toml\n")[2].partition("```")[0]
        tiny = {"data": "shapes(size=100)", "epochs": "1", "cells": "2"}
        tiny |= {"batch_size": "16", "seeds": "[0]", "evaluate": "brief"}
        tiny |= {"narrow": "paper(width=0.3)", "wide": "paper(width=0.5)"}
        for name, value in tiny.items():
            quoted = value if value[0] in "[12" else f'"{value}"'
            asked, count = re.subn(
                rf"(?m)^{name} = .*$", f"{name} = {quoted}", asked
            )
            assert count == 1, name
        pathlib.Path(rest[0]).write_text(asked)
        with in_this_process():
            main(rest)
        assert (tmp_path / "runs" / "asked" / "report.html").exists()
    elif module == "tuning.search":
        leave_out_fits(monkeypatch)
        with in_this_process():
            own = any("encoder" in word for word in kept)
            smaller = ["--side=32"] if own else SMALL
            main([*kept, *tiny[:3], *smaller, "--trials=1"])
        assert list(tmp_path.glob("runs/*/trials/0000/trial.json"))
    else:
        for name, _, path in (word.partition("=") for word in rest):
            if name == "--config":
                (tmp_path / path).parent.mkdir(parents=True)
                (tmp_path / path).write_text('{"loss": "softmax"}')
        own = any(word.startswith("--encoder=mine") for word in rest)
        if begun := any(word.startswith("--init") for word in rest):
            shutil.copytree(trained[0], tmp_path / "runs" / "mine")
        judged = own or rest == ["--loss=softmax"]
        if not judged:
            tiny[3:] = ["--evaluate=none"]
            if "--crop-from=whole" not in rest:
                monkeypatch.setattr(train, "measuring", unmeasured)
        if any(word.startswith("--microbatch") for word in rest):
            tiny.append("--microbatch=4")
        if "--crop-from=whole" in rest:
            tiny[0] = f"--data=records:{packed_images(tmp_path)}"
        main([*kept, *tiny, *(() if own or begun else SMALL)])
        left = "metrics.json" if judged else "encoders/*.keras"
        assert list(tmp_path.glob(f"runs/*/{left}"))


def test_bfloat16(tmp_path, monkeypatch, few_fits):
    """Encoders compute in bfloat16; weights and what is measured do not."""
    words = [
        "--data=shapes(size=100)",
        "--batch-size=16",
        "--evaluate=brief",
        "--epochs=1",
        *SMALL,
    ]
    folders = {}
    for precision in ("bfloat16", "float32"):
        folder = folders[precision] = tmp_path / precision
        pretrain.main(
            [*words, f"--precision={precision}", f"--run-dir={folder}"]
        )
        leave_out_graphs(monkeypatch)  # others trace it in float32
        encoder = keras.models.load_model(folder / "encoders" / "ab.keras")
        assert encoder.layers[1].compute_dtype == precision
        assert {weight.dtype for weight in encoder.weights} == {"float32"}
        embedded = np.load(folder / "embedded.npz")
        assert embedded["features_L"].dtype == np.float32
    one, other = (
        outcome(folder)["rows"][0]["loss"] for folder in folders.values()
    )
    assert one == pytest.approx(other, rel=0.02)
    assert one != pytest.approx(other, rel=1e-5)
    before = json.loads((folders["bfloat16"] / "metrics.json").read_text())
    evaluate.main([str(folders["bfloat16"]), "--evaluate=brief"])
    assert outcome(folders["bfloat16"])["metrics"] == before
