"""The benchmarks run, and compare like with like."""

import importlib
import json
import math
import re
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks import (
    accuracy,
    augment,
    child,
    decoding,
    loss_step,
    losses,
    many_files,
    measuring,
    methods,
    metrics,
    microbatch,
    same_numbers,
    saving,
    step,
    step_parts,
    throughput,
)
from benchmarks import vectors as bench_vectors
from tfcmc.encoders import ENCODERS
from tfcmc.experiment.refusals import CONTRASTIVE, kind_of, negatives_of
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.memory import megabytes_of
from tfcmc.losses import LOSSES, Term
from tfcmc.views.lab import CENTRE, HALF_WIDTH
from tfcmc.views.lab import convert as convert_views

OTHERS = ("methods", "step", "saving")
TIMED = "simclr"  # which of the methods is timed too
TORCH = measuring.has("torch")
needs_torch = pytest.mark.skipif(
    not TORCH, reason="PyTorch is not installed: the extra [bench]"
)
COMMANDS = {
    "augment": (
        augment,
        "--rows moco_v2 --sides 20 --batch-size=4 --seconds=0.01 --rounds=1",
    ),
    "throughput": (
        throughput,
        "--pictures=40 --batch-size=8 --seconds=0.05 --rounds=1 --workers 0",
    ),
    "losses": (
        losses,
        "--losses softmax --naive 16 --large 24 --seconds=0.01 --rounds=1",
    ),
    "microbatch": (
        microbatch,
        "--batch-size=8 --pieces 4 --seconds=0.01 --encoder=dim(width=0.1)",
    ),
    "metrics": (
        metrics,
        "--count=60 --small=60 --dim=8 --product=16 --seconds=0.01 --rounds=1",
    ),
}


@pytest.fixture
def in_process(monkeypatch):
    """Measures here and not in a process of its own, and keeps all cores."""
    monkeypatch.setattr(child, "set_tensorflow_threads", lambda threads: None)
    monkeypatch.setattr(measuring, "has", lambda package: False)
    monkeypatch.setattr(measuring, "_progress", lambda text: None)

    def measure(case, threads):
        started = time.time()
        module = importlib.import_module(case.module)
        found = module.measure(threads=threads, **case.settings)
        return json.loads(json.dumps(found | {"started": started}))

    monkeypatch.setattr(measuring, "measure", measure)


@pytest.fixture
def eagerly():
    """Computes without graphs: making them takes longer than a few calls."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def check_screen(text, width=100):
    """A table within the columns, of numbers above 0 with their spread."""
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    spreads = re.findall(r"(\d\S*) \((\d\S*) to (\d\S*)\)", text)
    assert spreads
    for numbers in spreads:
        median, low, high = (float(n.replace(",", "")) for n in numbers)
        assert 0 < low <= median <= high < math.inf
    assert any(line.endswith((": met", ": MISSED")) for line in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_screen(name, in_process, capsys, request):
    """Each command on tiny sizes, without PyTorch."""
    if name not in ("augment", "microbatch"):  # of which graphs are the point
        request.getfixturevalue("eagerly")
    module, words = COMMANDS[name]
    module.main(words.split())
    text = capsys.readouterr().out
    check_screen(text)
    beside_pytorch = name not in ("augment", "losses", "microbatch")
    assert ("PyTorch is not installed" in text) == beside_pytorch


def test_as_a_user_runs_it(command):
    """Measuring in processes of their own; nothing on stderr."""
    done = command(
        "benchmarks.losses",
        *"--losses softmax --naive --large 24".split(),
        *"--seconds=0.01 --rounds=1 --threads=1".split(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    check_screen(done.stdout)


@needs_torch
def test_beside_pytorch(in_process, capsys, monkeypatch):
    """Every setting of PyTorch has its row, and three targets are told."""
    monkeypatch.setattr(measuring, "has", lambda package: True)
    words = COMMANDS["throughput"][1].split()
    throughput.main([*words, "--threads=1"])
    text = capsys.readouterr().out
    check_screen(text, 110)
    for row in ("one batch", "workers=0"):
        for layout in ("", ", channels_last"):
            assert f"PyTorch, {row}, 1 thread{layout} " in text
    assert text.count(": met") + text.count(": MISSED") == 3


@needs_torch
def test_pytorch_with_workers(rng, tmp_path):
    """The script as a process of its own, with a worker that reads."""
    path = tmp_path / "pictures.npy"
    np.save(path, rng.integers(0, 256, (16, 64, 64, 3), np.uint8))
    settings = {"pictures": str(path), "workers": 1, "batch_size": 8}
    settings |= {"seconds": 0.01, "warm_up": 2}
    case = measuring.Case("", "benchmarks.torch_recipe", settings)
    assert 0 < measuring.measure(case, 1)["images_per_second"] < math.inf


def test_decoding(in_process, eagerly, capsys, monkeypatch):
    """Every part has its row, of one core; the views are timed alone too."""
    small = {64: {"encoder": "paper(width=0.2)", "views": "lab"}}
    monkeypatch.setattr(decoding, "TRAININGS", small)
    words = "--pictures=8 --batch-size=2 --seconds=0.1 --rounds=1 --threads=1"
    decoding.main([*words.split(), "--data=shapes(size=100)"])
    text = capsys.readouterr().out
    check_screen(text)
    assert "PyTorch or torchvision is not installed" in text
    rows = ("squares of 96", "two views of 64", "training", "one batch")
    for row in rows:
        assert re.search(rf"^{row}.* {{2,}}\d", text, flags=re.M), row


@needs_torch
@pytest.mark.parametrize("side", [64, 224])
def test_decoding_beside_pytorch(rng, tmp_path, side):
    """Both trainings, of an oblong picture a class."""
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    for number in range(4):
        place = tmp_path / "images" / "train" / str(number % 2)
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (40, 60, 3), np.uint8)
        keras.utils.save_img(place / f"{number}.jpg", pixels)
    settings = {"folder": str(tmp_path), "side": side, "batch_size": 2}
    settings |= {"seconds": 0.01, "warm_up": 1, "workers": 0}
    case = measuring.Case("", "benchmarks.torch_decoding", settings)
    assert 0 < measuring.measure(case, 1)["images_per_second"] < math.inf


def test_step(in_process, capsys):
    """Every part of a step has its time, and the encoders their rate."""
    step.main(["--batch-size=4", "--seconds=0.1", "--threads=1"])
    text = capsys.readouterr().out
    rows = dict(re.findall(r"^(\w.*?) {2,}(\d+\.\d) {2,}", text, flags=re.M))
    assert len(rows) == 7 and "the whole step" in rows
    assert re.search(r"encoders: \d+\.\d+ Gflop at \d+ Gflop/s", text)


def test_saving(in_process, eagerly, capsys, tmp_path):
    """Steps, saves and their size; the bank is every picture's vectors."""
    words = "--batch-size=4 --pictures=400 --seconds=0.1 --threads=1".split()
    saving.main([*words, f"--folder={tmp_path}"])
    text = capsys.readouterr().out
    pattern = r"^(\w+) +\d+\.\d +\d+\.\d +(\d+\.\d) +\d+\.\d+ % "
    sizes = {
        name: float(size)
        for name, size in re.findall(pattern, text, flags=re.M)
    }
    bank = 2 * 400 * 384 * 4 / 1e6
    assert sizes["bank"] - sizes["batch"] == pytest.approx(bank, abs=0.11)
    assert "saving, % of the time: " in text
    assert not list(tmp_path.iterdir())


def test_share_of_saving():
    """A save of a second beside 99 of training is 1 %."""
    found = {"step": 9.9, "save": 1.0}
    of_epoch, of_minutes = saving.shares(found, 10)
    assert of_epoch == pytest.approx(1.0)
    assert of_minutes == pytest.approx(100 / 601)


def test_operations():
    """Counted place by place and weight by weight, for the paper's encoder."""
    encoder = ENCODERS.lookup("paper").function((64, 64, 2), 0)
    want, channels = 0, 2
    for side, wanted in ((32, 12), (16, 24), (8, 48), (4, 24)):
        products = side * side * wanted * 4 * 4 * channels
        want += 2 * products * (2 if channels == 2 else 3)
        channels = wanted
    assert step_parts.operations_of(encoder) == want


def test_help_is_light(python):
    """`--help` loads neither TensorFlow nor PyTorch."""
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    module = importlib.import_module(f'benchmarks.{name}')\n"
        "    try: module.main(['--help'])\n"
        "    except SystemExit: pass\n"
        "sys.exit(bool({'tensorflow', 'torch'} & set(sys.modules)))"
    )
    done = python("-c", program, *COMMANDS, *OTHERS)
    assert done.returncode == 0, done.stderr
    # In the line of usage, and explained.
    assert done.stdout.count("--threads") == 2 * len([*COMMANDS, *OTHERS])


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("word", ["--rounds=0", "--threads=0", "--seconds=0"])
def test_refusals(name, word):
    """Nothing is measured no times, on no cores or for no time."""
    with pytest.raises(UsageError, match="Received: 0"):
        COMMANDS[name][0].main([word])


@pytest.mark.parametrize("spec", losses.SPECS)
def test_ways_agree(spec, monkeypatch):
    """In blocks and on the whole matrix: one loss, and one gradient."""
    monkeypatch.setattr("tfcmc.losses.blocks.HELD", 7 * 40)
    pair = loss_step.embeddings(40, 6)
    naive, blocks = (
        loss_step.make_step(spec, way)(*pair)
        for way in (losses.NAIVE, losses.BLOCKS)
    )
    for one, other in zip(naive, blocks, strict=True):
        assert float(tf.norm(one)) > 0
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_loss_numbers(in_process):
    """Everything that is measured of a loss is a number above 0."""
    found = loss_step.measure(
        loss="softmax",
        way=losses.BLOCKS,
        count=64,
        dim=8,
        seconds=0.0,
        threads=1,
    )
    assert found["loss"] > 0 and found["seconds"] > 0
    assert all(0 < length < math.inf for length in found["gradients"])
    assert found["megabytes"] >= 0


def test_memory_is_the_peak():
    """What is let go again before the end counts too; the rest does not."""
    kept = np.ones(30_000_000, np.uint8)

    def rise():
        return int(np.ones(80_000_000, np.uint8)[::4096].sum())

    megabytes, total = megabytes_of(rise)
    assert total == len(range(0, 80_000_000, 4096)) and kept.any()
    assert 70 < megabytes < 100


def test_turns(monkeypatch):
    """A B A B; medians and ratios are of the rounds, not of all at once."""
    rates = iter([10.0, 5.0, 30.0, 10.0, 20.0, 2.0])
    order = []

    def fake(case, threads):
        order.append((case.name, threads))
        return {"rate": next(rates)}

    monkeypatch.setattr(measuring, "measure", fake)
    cases = {name: measuring.Case(name, "", {}) for name in "AB"}
    found = measuring.in_turns(cases, rounds=3, threads=2)
    assert order == [("A", 2), ("B", 2)] * 3
    assert measuring.summary(found["A"], "rate") == (20.0, 10.0, 30.0)
    assert measuring.ratio(found["A"], found["B"], "rate") == (3.0, 2.0, 10.0)
    assert ": met" in measuring.verdict("x", 2.0, 2.0)
    assert ": MISSED" in measuring.verdict("x", 2.1, 2.0, at_least=False)


def test_failures_are_told():
    """A measurement that breaks says which and why."""
    case = measuring.Case("a loss", "benchmarks.no_such", {})
    told = "a loss.*exit code 1.*no_such"
    with pytest.raises(UsageError, match=told):
        measuring.measure(case, 1)


def test_share_of_the_rate():
    """Products of all pairs a second over the machine's own, by hand."""
    found = {
        ("product", 10): [{"seconds": 2.0}, {"seconds": 1.0}],
        ("uniformity", 4): [{"seconds": 0.5}],
    }
    # 2000 operations a second; 4 x 4 or 10 products of 2 x 5 operations.
    every, different = metrics.shares(found, 4, 5)
    assert every == pytest.approx(16 * 10 / 0.5 / 2000)
    assert different == pytest.approx(10 * 10 / 0.5 / 2000)


@needs_torch
def test_metrics_agree_with_torch():
    """Wang and Isola's code gives our alignment and uniformity."""
    for name in ("uniformity", "alignment"):
        ours, theirs = (
            bench_vectors.WHAT[what](70, 5)()
            for what in (name, f"torch_{name}")
        )
        assert ours == pytest.approx(theirs, rel=1e-5)


@needs_torch
def test_the_same_outputs(rng):
    """With our weights, its encoders and loss give our numbers."""
    from benchmarks import torch_recipe

    torch = torch_recipe.torch
    outputs = []
    for channels in (1, 2):
        ours = ENCODERS.lookup("paper").function((64, 64, channels), 0)
        theirs = torch_recipe.encoder(channels)
        layers = [layer for layer in ours.layers if layer.weights]
        convolutions = [n for n in theirs if isinstance(n, torch.nn.Conv2d)]
        for layer, convolution in zip(layers, convolutions, strict=True):
            kernel, bias = layer.get_weights()
            convolution.weight.data = torch.tensor(
                kernel.transpose(3, 2, 0, 1).copy()
            )
            convolution.bias.data = torch.tensor(bias)
        assert ours.count_params() == sum(
            p.numel() for p in theirs.parameters()
        )
        views = rng.normal(size=(5, 64, 64, channels)).astype(np.float32)
        want = np.reshape(ours(views), (5, 4, 4, 24))
        got = theirs(torch.tensor(views.transpose(0, 3, 1, 2).copy()))
        outputs.append(got)
        got = got.detach().numpy().reshape(5, 24, 4, 4)
        np.testing.assert_allclose(
            got.transpose(0, 2, 3, 1), want, rtol=1e-4, atol=1e-5
        )
    first, second = (
        tf.math.l2_normalize(part.detach().numpy(), axis=1) for part in outputs
    )
    loss = loss_step.Loss(LOSSES.lookup("softmax"))
    terms = Term(first, second, tf.range(5)), Term(second, first, tf.range(5))
    want = sum(float(loss.mean(term)) for term in terms)
    got = torch_recipe.symmetric_loss(*outputs).item()
    assert got == pytest.approx(want, rel=1e-4)


@needs_torch
def test_the_same_colours(rng):
    """Its Lab is scikit-image's, scaled as ours, and so is ours."""
    from skimage.color import rgb2lab

    from benchmarks import torch_recipe

    picture = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    theirs = torch_recipe.lab(torch_recipe.Image.fromarray(picture)).numpy()
    want = (rgb2lab(picture / 255.0) - CENTRE) / HALF_WIDTH
    np.testing.assert_allclose(theirs.transpose(1, 2, 0), want, atol=1e-4)
    ours = np.concatenate(convert_views(picture[None]), axis=-1)[0]
    np.testing.assert_allclose(theirs.transpose(1, 2, 0), ours, atol=2e-4)


@needs_torch
def test_its_dataset(rng):
    """Two views of 64x64, apart or from one place."""
    from benchmarks import torch_recipe

    pictures = rng.integers(0, 256, (3, 80, 80, 3), dtype=np.uint8)
    first, second = torch_recipe.Pictures(pictures)[1]
    assert first.shape == (1, 64, 64) and second.shape == (2, 64, 64)
    torch_recipe.random.seed(1)
    first, second = torch_recipe.Pictures(pictures, shared=True)[1]
    torch_recipe.random.seed(1)
    whole = torch_recipe.lab(
        torch_recipe.random_view(torch_recipe.Image.fromarray(pictures[1]))
    )
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)


@needs_torch
@pytest.mark.parametrize("method", methods.METHODS)
def test_methods_step_by_step(method, in_process, capsys, monkeypatch):
    """From one start on equal views: the same losses, which differ by step.

    Then images/s of ready views, and what they are of PyTorch's best.
    """
    monkeypatch.setattr(measuring, "has", lambda package: True)
    words = "--steps=6 --batch-size=16 --side=16 --width=0.1 --threads=1"
    if method == TIMED:
        words += " --seconds=0.01 --rounds=1"
    methods.main([*words.split(), "--methods", method])
    text = capsys.readouterr().out
    pattern = r"^\d +(\S+) +(\S+) +(\S+)$"
    found = np.float64(re.findall(pattern, text, flags=re.M))
    assert found.shape == (6, 3)
    assert len(set(found[:, 0])) == 6
    np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=1e-3)
    told = f"{method}: largest relative difference of a loss: "
    assert told in text and ", at most 0.001: met\n" in text
    rate = re.search(rf"{method}: tfcmc / PyTorch, 1 .*at least 1.2: ", text)
    assert bool(rate) == (method == TIMED)
    if rate:
        check_screen(text, 110)
        assert "PyTorch, 1 thread, channels_last" in text


def test_methods_need_pytorch(in_process):
    """Alone there is nothing to compare with."""
    with pytest.raises(UsageError, match="PyTorch is not installed"):
        methods.main([])


@needs_torch
def test_its_training(rng):
    """The script learns: on one batch its loss falls."""
    from benchmarks import torch_recipe

    torch = torch_recipe.torch
    torch.set_num_threads(1)  # beside other tests, threads wait for each other
    pictures = rng.integers(0, 256, (16, 64, 64, 3), np.uint8)
    loader = torch_recipe.DataLoader(
        torch_recipe.Pictures(pictures), batch_size=16
    )
    seen = []
    for warm_up in (1, 40):
        torch.manual_seed(0)
        torch_recipe.random.seed(0)
        rate, loss, _ = torch_recipe.train(
            torch_recipe.batches(loader, one_only=True),
            layout=torch.channels_last,
            bfloat16=False,
            seconds=0.0,
            warm_up=warm_up,
        )
        assert 0 < rate < math.inf
        seen.append(loss)
    assert seen[1] < 0.7 * seen[0]


@pytest.fixture
def records(rng, tmp_path):
    """Two equal records of two cases: `(folders, numbers, write)`."""
    folders = tmp_path / "old", tmp_path / "new"
    numbers = {
        "history": [{"loss": float(each)} for each in rng.normal(size=2)],
        "metrics": {
            "knn": {"class_accuracy": rng.uniform(size=3).tolist()},
            "rank": math.nan,
            "floor": 0.0,
        },
        "weights": {"L": "5f", "ab": "c0"},
    }

    def write(folder, name, values):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(values))

    for folder in folders:
        for name in ("spring-bank-shared-1", "spring-batch-shared-1"):
            write(folder, name, numbers)
    return folders, numbers, write


def compared(capsys, folders, *words):
    """Returns the exit code and the lines of `compare`."""
    with pytest.raises(SystemExit) as done:
        same_numbers.main(["compare", *map(str, folders), *words])
    return done.value.code, capsys.readouterr().out.splitlines()


def test_equal_records(records, capsys):
    """Equal to the bit, NaN too; what is new is told once."""
    folders, numbers, write = records
    for path in folders[1].iterdir():
        write(folders[1], path.stem, numbers | {"steps": 14})
    assert compared(capsys, folders) == (
        0,
        ["in the new record only: steps", "2 of 2 cases equal to the bit"],
    )


def test_differing_records(records, capsys):
    """The last bit, a sign of zero, a name that went, a case not made."""
    folders, numbers, write = records
    loss = numbers["history"][1]["loss"]
    other = json.loads(json.dumps(numbers))
    other["history"][1]["loss"] = math.nextafter(loss, math.inf)
    other["metrics"]["floor"] = -0.0
    del other["weights"]["ab"]
    write(folders[1], "spring-batch-shared-1", other)
    told = (
        f"spring-batch-shared-1: history.1.loss {loss!r}, now "
        f"{math.nextafter(loss, math.inf)!r}; and 2 more"
    )
    assert compared(capsys, folders) == (
        1,
        [told, "1 of 2 cases equal to the bit"],
    )
    (folders[1] / "spring-batch-shared-1.json").unlink()
    assert compared(capsys, folders)[1] == [
        "spring-batch-shared-1: not in the new record",
        "1 of 2 cases equal to the bit",
    ]
    assert compared(capsys, folders, "--only=bank")[0] == 0
    assert compared(capsys, folders, "--only=softmax")[0] == 1


def test_recorded_cases():
    """Every loss of negatives, with a bank where it takes one.

    Every name once.
    """
    members = {
        member.name: member
        for member in LOSSES.members()
        if kind_of(member) == CONTRASTIVE
    }
    assert {loss.partition("(")[0] for loss in same_numbers.LOSSES} == {
        *members
    }
    for loss in same_numbers.LOSSES:
        takes = negatives_of(members[loss.partition("(")[0]])
        remembered = loss in same_numbers.REMEMBERED
        assert remembered == ("or remembered" in takes)
    names = [case.name for case in same_numbers.cases()]
    assert len(set(names)) == len(names)


def test_hash_of_weights(rng, tmp_path):
    """The same whatever layers are called; another for other weights."""
    hashes = []
    weights = rng.normal(size=(3, 2)), rng.normal(size=2)
    for name, arrays in (
        ("one", weights),
        ("other", weights),
        ("one", (weights[0], np.nextafter(weights[1], 9, dtype=np.float32))),
    ):
        inputs = keras.Input([3])
        model = keras.Model(inputs, keras.layers.Dense(2, name=name)(inputs))
        model.set_weights(arrays)
        model.save(tmp_path / "model.keras")
        hashes.append(same_numbers.weights_hash(tmp_path / "model.keras"))
    assert hashes[0] == hashes[1] != hashes[2]


def test_many_files_are_made(tmp_path):
    """So many, of classes of other sizes, none of another's bytes; once."""
    many_files.make(tmp_path, 60)
    paths = sorted(tmp_path.rglob("*.jpg"))
    contents = {path.read_bytes() for path in paths}
    assert len(paths) == len(contents) == sum(many_files.counts(60))
    assert 60 <= len(paths) < 80
    sizes = [len(list(each.iterdir())) for each in tmp_path.glob("train/*")]
    assert len(sizes) == 10 and min(sizes) == 1 and max(sizes) > 5
    with Image.open(paths[0]) as image:
        assert image.size == (many_files.SIDE,) * 2
    paths[0].unlink()
    many_files.make(tmp_path, 60)
    assert not paths[0].exists()


@pytest.mark.slow
def test_many_files(tmp_path, capsys):
    """All of it on a few: five trainings, one of them killed."""
    words = "--files=300 --steps=8 --batch-size=16 --memory-limit=1e-6"
    many_files.main([*words.split(), f"--folder={tmp_path / 'files'}"])
    text = capsys.readouterr().out
    rows = re.findall(
        r"^(?:first|second|8|killed).* [\d.]+ +[\d,]+$", text, re.M
    )
    assert len(rows) == 4
    assert "the same weights, bit for bit" in text
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_seconds_until():
    """Between two epochs by a line; never is none."""
    seconds, accuracies = [10.0, 20.0, 30.0], [40.0, 50.0, 48.0]
    for wanted, at in ((30, 10), (40, 10), (45, 15), (50, 20), (51, None)):
        found = accuracy.seconds_until(wanted, seconds, accuracies)
        assert found == at


def test_probed(rng):
    """What is told of classes far apart, and of nothing."""
    labels = rng.permutation(np.repeat([0, 1, 2], 30))
    features = rng.normal(0, 0.1, [90, 4])
    assert accuracy.probed(features, labels) < 70
    features[:, 0] += labels
    features[:, 1] += labels == 1
    assert accuracy.probed(features, labels) > 95


@pytest.mark.parametrize(
    "torch", [False, pytest.param(True, marks=needs_torch)]
)
def test_accuracy(torch, in_process, eagerly, capsys, monkeypatch, tmp_path):
    """A row for each, with the seconds of both epochs."""
    monkeypatch.setattr(measuring, "has", lambda package: torch)
    (tmp_path / "best.json").write_text('{"loss": "nce", "batch_size": 32}')
    words = "--rounds=1 --epochs=2 --batch-size=32 --reached 1 100 --workers 0"
    accuracy.main(
        [
            "--data=shapes(size=100)",
            f"--best={tmp_path / 'best.json'}",
            *words.split(),
            "--threads=1",
            "--torch",
            "1 thread",
        ]
    )
    rows = capsys.readouterr().out.splitlines()
    names = ["tfcmc", "tfcmc, best.json"]
    names += ["PyTorch, workers=0, 1 thread"] * torch
    assert len(rows) >= len(names) + 2
    for name, row in zip(names, rows[-len(names) :], strict=True):
        assert row.startswith(f"{name}  ") and "0 of 1 reached it" in row
        spent = float(row.split()[-4])
        assert spent >= 0
