"""Whose a run is: what goes on with it, and what is told of the rest."""

import copy
import dataclasses
import hashlib
import json
import pathlib
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

import tfcmc
from tests.dirty.case import told
from tests.here import ran
from tests.plain import leave_out_fits, leave_out_graphs
from tests.verdicts import IDENTITY
from tfcmc.cli import machines, same_data, workers
from tfcmc.commands import pretrain as commands
from tfcmc.comparison import writing
from tfcmc.comparison.entries import Entry, Variant, check_one_data
from tfcmc.data import Source, Split
from tfcmc.data.digest import describe_data
from tfcmc.data.pictures import ArrayPictures
from tfcmc.encoders.files import save_encoder
from tfcmc.experiment import elsewhere
from tfcmc.experiment.architecture import open_trained
from tfcmc.experiment.data import as_trained
from tfcmc.experiment.recipe import stored_plan
from tfcmc.foundation.errors import UsageError, differing
from tfcmc.runs import identity as identities
from tfcmc.runs.folder import Run
from tfcmc.runs.identity import differences, make_identity
from tfcmc.runs.record import identity_of, read_metrics
from trainers import compare, embed, evaluate, pretrain
from tuning import search

JUDGE = "tfcmc.experiment.pretrain.conclude"
# The settings of version 0.2.0.
KNOWN = (
    *("loss", "data", "data_dir", "run_dir", "preset", "epochs", "seed"),
    *("negatives", "encoder", "views", "crop", "geometry", "flip"),
    *("batch_size", "learning_rate", "beta_1", "beta_2", "schedule"),
    *("warmup", "precision", "alpha", "t", "judge_on", "picture_side"),
    *("memory_limit", "strategy", "save_every", "stop_on_collapse"),
    "on_bad_image",
)
WORDS = ["--batch-size=8", "--schedule=constant", "--loss=softmax"]


def changed(*path, to):
    """An identity in which one value is another."""
    other = copy.deepcopy(IDENTITY)
    place = other
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return other


OTHER_TEST = changed("data", "test", "pictures", to=20)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (IDENTITY, ""),
        (changed("settings", "loss", to="nce"), "loss 'softmax' and not"),
        (changed("replicas", to=2), ""),
        (
            changed("data", "pretrain", "pictures", to=96),
            "64 pictures to learn from and not 96",
        ),
        (changed("data", "test", to={}), "16 pictures to test on and not 0"),
        (changed("data", "classes", to=3), "2 classes and not 3"),
        (
            changed("data", "pretrain", "side", to=64),
            "pictures of 32x32 and not 64x64",
        ),
        (
            changed("data", "pretrain", "sha256", to="z"),
            "as many pictures to learn from, but others",
        ),
        (
            changed("data", "test", "labels_sha256", to="z"),
            "other classes of the pictures to test on",
        ),
        (
            changed("data", "class_names_sha256", to="z"),
            "other names of the classes",
        ),
    ],
)
def test_differences(other, words):
    """Each in words, with what is there before what was wanted."""
    found = differences(IDENTITY, other)
    assert found.startswith(words) and bool(found) == bool(words)


def started(given, monkeypatch, version=tfcmc.__version__):
    """What a machine is started with, and tells before it begins."""
    told = []

    def meet(strategy, settings, advice):
        told.append(settings())
        raise UsageError("met")

    with monkeypatch.context() as patch:
        patch.setattr(tfcmc, "__version__", version)
        patch.setattr(machines, "all_present", meet)
        with pytest.raises(UsageError, match="^met$"):
            commands.run(given)
    return told[0]


def test_machines_are_started_alike(tmp_path, monkeypatch):
    """Each of these is told by name, with both values; places may differ."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own.py"
    own.write_text("def build(shape, *, seed): pass\n")
    base = {"loss": "nce(z=mean)", "encoder": f"{own}:build"}
    chief = started(base, monkeypatch)
    for name, value in {
        "loss": "nt_xent",
        "seed": 1,
        "batch_size": 64,
        "epochs": 3,
        "encoder": "paper",
        "views": "rgb",
        "precision": "bfloat16",
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "negatives": "bank",
        "pictures": 100,
        "picture_side": 96,
        "on_bad_image": "skip",
    }.items():
        other = started(base | {name: value}, monkeypatch)
        told = differing(other, chief)
        shown = f"{name} {other[name]!r} and not {chief[name]!r}"
        assert told[0] == shown and len(told) <= 2
    (told,) = differing(started(base | {"loss": "nce"}, monkeypatch), chief)
    assert "z=exact" in told and told.endswith("z=mean)'")
    (told,) = differing(started(base, monkeypatch, "0.2.9"), chief)
    assert told == f"version of tfcmc '0.2.9' and not '{tfcmc.__version__}'"
    with monkeypatch.context() as patch:
        patch.setattr(identities, "_own_text", lambda: "another")
        (told,) = differing(started(base, monkeypatch), chief)
    assert told.startswith("text of tfcmc 'another' and not '")
    other = started(base | {"run_dir": "x", "evaluate": "none"}, monkeypatch)
    assert differing(other, chief) == []
    by_steps = started(base | {"steps": 9}, monkeypatch)
    again = started(base | {"steps": 9, "epochs": 1}, monkeypatch)
    assert differing(by_steps, again) == []
    own.write_text("def build(shape, *, seed): return 1\n")
    (told,) = differing(started(base, monkeypatch), chief)
    assert told.startswith(f"text of {own} '") and "' and not '" in told
    assert list(tmp_path.glob("*")) == [own]


def test_differences_of_devices():
    """Their number counts where each has something of its own."""
    for own, what in (
        ({"negatives": "local"}, "negatives"),
        ({"batch_norm": "local"}, "batch statistics"),
        ({"batch_norm": "synchronized"}, None),
    ):
        settings = IDENTITY["settings"] | own
        one, two = (
            IDENTITY | {"settings": settings, "replicas": n} for n in (1, 2)
        )
        told = differences(one, two)
        assert told == (
            what and f"1 devices with {what} of their own and not 2" or ""
        )


def test_digest(rng):
    """Of the bytes in order, of labels and names; each batch is looked at."""
    pixels = rng.integers(0, 256, (1100, 8, 8, 3), np.uint8)
    labels = rng.integers(0, 2, 1100)
    source = Source(
        pretrain=ArrayPictures(pixels),
        probe_train=None,
        test=Split(ArrayPictures(pixels[:7]), labels[:7]),
        class_names=("ä", "b"),
        unseen=True,
    )
    looked = {"pretrain": [], "test": []}
    found = describe_data(source, lambda part, x: looked[part].append(x))
    for part, count in (("pretrain", 1100), ("test", 7)):
        seen = np.concatenate(looked[part])
        np.testing.assert_array_equal(seen, pixels[:count])
    assert found.keys() == {
        "pretrain",
        "test",
        "classes",
        "class_names_sha256",
    }
    assert found["pretrain"] == {
        "pictures": 1100,
        "side": 8,
        "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
    }
    turned = dataclasses.replace(source, class_names=("b", "ä"))
    assert describe_data(turned) != found
    for harm in (np.roll(pixels, 1, axis=0), np.where(pixels == 9, 8, pixels)):
        other = dataclasses.replace(source, pretrain=ArrayPictures(harm))
        assert describe_data(other)["pretrain"] != found["pretrain"]
    turned = dataclasses.replace(
        source, test=Split(source.test.pictures, 1 - labels[:7])
    )
    assert describe_data(turned)["test"] != found["test"]


def arrays_of(seed, counts, classes=2):
    """Coloured pictures of 64x64 with labels, a part for each count."""
    rng = np.random.default_rng(seed)
    found = {}
    for part, count in zip(("train", "test"), counts, strict=True):
        pixels = rng.integers(0, 256, (count, 8, 8, 3), np.uint8)
        found[f"x_{part}"] = pixels.repeat(8, axis=1).repeat(8, axis=2)
        found[f"y_{part}"] = np.arange(count) * classes // count
    return found


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder with pictures, a run on them, and a run of another seed."""
    folder = tmp_path_factory.mktemp("begun")
    np.savez(folder / "x.npz", **arrays_of(1, (48, 12)))
    with pytest.MonkeyPatch.context() as patch:
        leave_out_graphs(patch)
        patch.setattr(JUDGE, lambda *parts: None)
        patch.chdir(folder)
        train("run")
        train("other", "--seed=4")
    return folder


@pytest.fixture
def there(begun, tmp_path, monkeypatch, eager):
    """A copy of it, to which one goes; nothing is judged."""
    folder = tmp_path / "copy"
    shutil.copytree(begun, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(JUDGE, lambda *parts: None)
    return folder


def train(run, *words):
    pretrain.main(
        ["--data=npz:x.npz", "--epochs=1", *WORDS, f"--run-dir={run}", *words]
    )


def holding(*what):
    """A change of the pictures to other arrays."""
    return lambda folder: np.savez(folder / "x.npz", **arrays_of(*what))


replaced = holding(2, (48, 12))
grown = holding(1, (72, 12))
classed = holding(1, (48, 12), 3)


def with_more_tests(folder):
    found = arrays_of(1, (48, 12))
    found["x_test"] = found["x_test"][[*range(12), 0]]
    found["y_test"] = found["y_test"][[*range(12), 0]]
    np.savez(folder / "x.npz", **found)


def without(*names):
    def lose(folder):
        for name in names:
            (folder / "run" / name).unlink()

    return lose


def mixed(part):
    def copy_in(folder):
        for path in (folder / "other" / part).iterdir():
            shutil.copy(path, folder / "run" / part / path.name)

    return copy_in


def checkpoints_alone(folder):
    without("config.json", "identity.json")(folder)
    shutil.rmtree(folder / "run" / "encoders")


CONFIG = without("config.json")
OTHERS = "as many pictures to learn from and to test on, but others"


@pytest.mark.parametrize(
    ("change", "act", "words"),
    [
        (replaced, ["--epochs=2"], OTHERS),
        (replaced, None, OTHERS),
        (grown, ["--epochs=2"], "48 pictures to learn from and not 72"),
        (classed, [], "2 classes and not 3"),
        (with_more_tests, [], "12 pictures to test on and not 13"),
        (with_more_tests, None, "13 pictures to test on and not 12"),
        (CONFIG, ["--loss=spring"], "loss 'softmax(temperature=0.07)' and"),
        (CONFIG, ["--seed=4"], "seed 0 and not 4"),
        (CONFIG, ["--learning-rate=0.01"], "learning_rate 0.001 and not 0.01"),
        (CONFIG, ["--geometry=shared"], "geometry 'independent' and not"),
        (checkpoints_alone, ["--seed=4"], "seed 0 and not 4"),
        (mixed("checkpoints"), [], "seed 4 and not 0"),
        (mixed("encoders"), [], "seed 4 and not 0"),
        (mixed("encoders"), None, "seed 4 and not 0"),
    ],
)
def test_another_run(change, act, words, there, capsys):
    """It is refused with what differs, and nothing is written.

    `act` are the words of a training, or None where the run is judged.
    """
    change(there)
    before = contents(there)
    text = told(
        lambda: evaluate.main(["run"]) if act is None else train("run", *act),
        capsys,
    )
    assert words in text and text.count("\n") <= 1
    assert contents(there) == before


def contents(folder):
    """File name to bytes and time; locks hold nothing."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("lock")
    }


def as_folder(folder):
    """The same pictures as files, and where they are."""
    with np.load(folder / "x.npz") as file:
        for part in ("train", "test"):
            for number, picture in enumerate(file[f"x_{part}"]):
                label = file[f"y_{part}"][number]
                path = folder / "files" / part / str(label)
                path.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path / f"{number:02d}.png")
    (folder / "x.npz").unlink()
    return "--data=folder:files/"


def moved(folder):
    (folder / "x.npz").rename(folder / "y.npz")
    return "--data=npz:y.npz"


def lost(folder):
    CONFIG(folder)
    return "--data=npz:x.npz"


@pytest.mark.parametrize("change", [as_folder, moved, lost])
def test_the_same_pictures(change, there, capsys):
    """Wherever they lie, and whatever is lost, the training goes on."""
    data = change(there)
    train("run", data, "--epochs=2")
    assert "goes on after epoch 1" in capsys.readouterr().out
    rows = Run("run").read_history()
    assert [row["epoch"] for row in rows] == [1, 2]
    identity = json.loads((there / "run/identity.json").read_text())
    assert identity["settings"]["epochs"] == 2
    config = json.loads((there / "run/config.json").read_text())
    assert f"--data={config['data']}" == data


def test_judged_where_they_are_now(there):
    """`evaluate --data` notes the new place, and looks there from then on."""
    data = moved(there)
    evaluate.main(["run", data])
    evaluate.main(["run"])
    config = json.loads((there / "run/config.json").read_text())
    assert config["data"] == "npz:y.npz" and config["picture_side"] is None


def test_judged_on_others(there, monkeypatch):
    """Others that are named are judged apart; the run's files stay."""
    holding(2, (48, 12))(there / "run")  # an npz of others
    before, judged = contents(there), []
    monkeypatch.setattr(JUDGE, lambda plan, run, *parts: judged.append(run))
    for _ in range(2):
        evaluate.main(["run", "--data=npz:run/x.npz"])
    (place,) = {run.folder for run in judged}
    assert place.parent == pathlib.Path("run/elsewhere") and place.is_dir()
    assert contents(there) == before


def test_history_is_mended(there):
    """That of a finished run, from its checkpoint; also before it is read."""
    path = there / "run" / "history.csv"
    before = path.read_bytes()
    other = before.replace(b"\n1,", b"\n1,9", 1)
    for content, act in ((b"epoch\n", train), (other, evaluate.main)):
        path.write_bytes(content)
        act(["run"] if act is evaluate.main else "run")
        assert path.read_bytes() == before


def test_the_side_is_known(there):
    """From the start, without a verdict; where it is not, that is said."""
    assert tfcmc.load(there / "run").open().side == 64
    plan, run = stored_plan(there / "run")
    assert as_trained(plan, run).config.picture_side == 64
    identity = make_identity({"seed": 9}, IDENTITY["data"], 1)
    _, branches = open_trained(plan, run)
    save_encoder(run.encoders / "L.keras", branches["L"], identity)
    with pytest.raises(UsageError, match="L.keras"):
        tfcmc.load(there / "run")


def as_version_0_2(run):
    """Writes a run's records as version 0.2.0 did, before there were more."""

    def older(settings):
        found = {name: settings[name] for name in KNOWN if name in settings}
        return found | {"views": "lab"}

    def older_identity(text):
        found = json.loads(text)
        found["settings"] = older(found["settings"])
        return json.dumps(found)

    path = run / "config.json"
    path.write_text(json.dumps(older(json.loads(path.read_text()))))
    path = run / "identity.json"
    path.write_text(older_identity(path.read_text()))
    for path in (run / "encoders").iterdir():
        with zipfile.ZipFile(path) as file:
            parts = {name: file.read(name) for name in file.namelist()}
        parts["identity.json"] = older_identity(parts["identity.json"])
        with zipfile.ZipFile(path, "w") as file:
            for name, part in parts.items():
                file.writestr(name, part)


def test_a_run_of_version_0_2(trained, tmp_path, monkeypatch, refused):
    """It is compared as finished, judged and embedded; others are others."""
    run = tmp_path / "table" / "softmax-0"
    shutil.copytree(trained[0], run)
    as_version_0_2(run)
    monkeypatch.setattr(writing, "draw", lambda *_: ())
    words = ["--losses", "softmax", "--seeds", "0", "--data=shapes(size=160)"]
    words += ["--epochs=2", "--batch-size=16", f"--run-dir={run.parent}"]
    code, printed, _ = ran(compare.main, words)
    assert code == 0 and printed.startswith("1 of 1 runs are finished\n")
    for word, difference in (
        ("--batch-size=32", "which has batch_size 16 and not 32."),
        ("--beta-1=0.9", "has optimizer 'adam(beta_1=0.5, beta_2=0.999)' and"),
        (
            "--views=lab(count=2)",
            "which has views 'lab(count=1, jitter=0.0)' and not "
            "'lab(count=2, jitter=0.0)'.",
        ),
    ):
        text = refused(compare.main, *words, word)
        assert "must be empty or hold this experiment" in text
        assert difference in text
    leave_out_fits(monkeypatch)
    out = tmp_path / "out.npz"
    embed.main([str(run), f"--out={out}"])
    assert np.load(out)["features"].shape == (480, 768)
    evaluate.main([str(run), "--evaluate=brief"])
    assert read_metrics(Run(run))["evaluate"] == "brief"
    (run / "metrics.json").unlink()  # what has not ended does not go on
    assert "views 'lab' and not" in refused(compare.main, *words)


def test_encoders_of_two_trainings(there):
    """Of a longer one that was killed while it wrote them; none is read."""
    plan, run = stored_plan(there / "run")
    _, branches = open_trained(plan, run)
    identity = identity_of(run)
    shorter = identity | {"settings": identity["settings"] | {"epochs": 0}}
    save_encoder(run.encoders / "ab.keras", branches["ab"], shorter)
    with pytest.raises(UsageError, match="encoders of one training"):
        open_trained(plan, run)


def test_verdicts_beside_a_run_that_is_here(there, monkeypatch):
    """A run may be named by where one stands."""
    monkeypatch.chdir(there / "run")
    assert elsewhere.beside(Run("elsewhere/other")) == ()


@pytest.mark.parametrize(
    ("command", "place", "words"),
    [
        (compare, "table/softmax-0", ["--losses=softmax", "--seeds=0"]),
        (search, "table/default", ["--loss=softmax", "--tuner=random"]),
    ],
)
def test_runs_beside_each_other(command, place, words, there, capsys):
    """Neither comparison nor search goes on with other pictures."""
    shutil.copytree("run", place)
    replaced(there)
    before = contents(there)
    given = ["--data=npz:x.npz", "--epochs=1", *WORDS[:2], "--run-dir=table"]

    def here(jobs, **options):
        """Runs what would take a process in this one."""
        (job,) = jobs
        with pytest.raises(UsageError) as refused:
            same_data.main(job.words[1:])
        yield workers.Ended(job, 2, str(refused.value))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "run_all", here)
        text = told(lambda: command.main([*given, *words]), capsys)
    assert place in text and OTHERS in text and text.count("\n") == 0
    assert contents(there) == before


def test_one_table_of_other_pictures(tmp_path):
    """Runs that were trained on other pictures make no table."""
    entries = []
    for name, data in (("a", IDENTITY), ("b", OTHER_TEST)):
        run = Run(tmp_path / name)
        run.create()
        run.write_json("identity.json", data)
        entries.append(Entry(None, run, Variant({})))
    check_one_data(entries[:1])
    with pytest.raises(UsageError, match="/b, which had 20 .* not 16 as a"):
        check_one_data(entries)
