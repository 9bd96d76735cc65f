"""The few-label curve: which labels, the fits, and what is said of them."""

import dataclasses
import types

import numpy as np
import pytest

from tests.tiny import CHANNELS, NORMED, SIDE, plan_of
from tfcmc.commands import finetune as command
from tfcmc.data.pictures import ArrayPictures
from tfcmc.evaluation.few_labels import labels_needed, sample_labels
from tfcmc.experiment import finetune
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.finetune import Fits, _sizes, batch_of
from tfcmc.foundation.errors import UsageError
from tfcmc.optimizers.scaled import LossScaled
from tfcmc.report import figures
from tfcmc.report.few_labels import KINDS, Curve, curve_text
from tfcmc.runs.folder import Run
from tfcmc.training.classifier import Classifier, weights_of


def test_samples_of_labels(rng):
    """Of every class its share, two at least; smaller within larger."""
    labels = rng.permutation(np.repeat([0, 1, 4], [300, 40, 1]))
    shares = (0.001, 0.02, 0.25, 1.0)
    nested = [set(sample_labels(labels, share, 3)) for share in shares]
    for few, more in zip(nested, nested[1:], strict=False):
        assert few < more
    sizes = [
        [int(np.sum(labels[list(rows)] == label)) for label in (0, 1, 4)]
        for rows in nested
    ]
    assert sizes == [[2, 2, 1], [6, 2, 1], [75, 10, 1], [300, 40, 1]]
    assert nested[2] != set(sample_labels(labels, 0.25, 4))


def test_shares_of_as_many_labels(rng, capsys):
    """They are measured once, and it is said."""
    labels = rng.permutation(np.repeat([0, 1], [30, 30]))
    part = types.SimpleNamespace(labels=labels)
    data = types.SimpleNamespace(
        source=types.SimpleNamespace(probe_train=part)
    )
    assert _sizes(data, (0.5, 0.01, 0.001)) == {4: 0.001, 30: 0.5}
    assert "shares 0.001 and 0.01 are 4 labels" in capsys.readouterr().out


def test_labels_needed():
    """The first crossing, on the logarithm; and none before or after."""
    counts, found = [50, 500, 5000], [0.2, 0.4, 0.3]
    # A third of the way from 50 to 500.
    needed = labels_needed(counts, found, 0.2 + 0.2 / 3)
    assert needed == pytest.approx(50 * 10 ** (1 / 3))
    assert labels_needed(counts, found, 0.4) == pytest.approx(500)
    assert labels_needed(counts, found, 0.1) == 50
    assert labels_needed(counts, found, 0.41) == np.inf


@pytest.fixture
def curve():
    """A curve of three numbers of labels, of two samples each."""
    means = {
        "untrained": (0.2, 0.25, 0.3),
        "probe": (0.3, 0.4, 0.5),
        "finetuned": (0.25, 0.45, 0.7),
        "scratch": (0.2, 0.4, 0.6),
    }
    counts = (50, 500, 5000)
    return Curve(
        loss="nce(temperature=0.07)",
        data="stl10",
        epochs=3,
        judged_on="test",
        pictures=8000,
        labels=5000,
        steps=100,
        batch_size=128,
        points={
            count: {
                kind: [means[kind][place] - 0.01, means[kind][place] + 0.01]
                for kind in KINDS
            }
            for place, count in enumerate(counts)
        },
    )


def test_conclusion(curve):
    """Its numbers are the curve's; the text fits a screen."""
    told = curve.conclusion()
    assert "50.0 %, 20.0 points above untrained encoders (18.5 to" in told
    # From 50 at 20 % to 500 at 40 %: half of the way, and a quarter.
    assert "need about 160 labels to match the probe" in told
    assert "and about 89 to match fine-tuning" in told
    assert "more than all 5,000 to match fine-tuning" in told
    assert "100 steps, 3 passes over 5,000 labels" in told
    lines = curve_text(curve).splitlines()
    assert max(map(len, lines)) < 100
    (row,) = [n for n, line in enumerate(lines) if line.startswith("500 ")]
    assert lines[row].split()[2:] == ["25.0", "40.0", "45.0", "40.0"]
    assert lines[row + 1].split() == ["+-", *["1.4"] * 4]


def test_figure(curve, drawn):
    """A line a kind, at its means."""
    (axes,) = drawn(figures.label_curve, curve).axes
    for kind, container in zip(KINDS, axes.containers, strict=True):
        xs, ys = container.lines[0].get_data(orig=False)
        assert list(xs) == list(curve.points)
        np.testing.assert_allclose(ys, [curve.mean(n, kind) for n in xs])


def test_fits_are_kept(tmp_path):
    """Those of other settings too; a number of labels counts when whole."""
    path, one = tmp_path / "fits.json", {"accuracy": 0.5}
    one |= {"validation_accuracy": 0.25, "chosen": 1e-3}
    for settings in ({"steps": 1}, {"steps": 2}):
        fits = Fits(path, settings)
        for kind in KINDS[: 2 + 2 * settings["steps"]]:
            fits.add(40, 0.1, 0, kind, one)
    again = Fits(path, {"steps": 1})
    assert again.has(40, 0, "scratch") and not again.has(40, 1, "scratch")
    assert again.points(1) == {40: {kind: [0.5] for kind in KINDS}}
    assert again.points(2) == {}
    path.write_text(path.read_text()[:-9])
    with pytest.raises(UsageError, match="`fits.json` must be whole"):
        Fits(path, {"steps": 1})


def test_a_batch_is_of_whole_groups():
    """Where batch statistics are of groups."""
    for groups, batch in ((8, 128), (3, 126), (100, 200)):
        words = {"batch_norm": f"split(groups={groups})", "encoder": NORMED}
        plan = plan_of(**words, batch_size=2 * groups)
        assert batch_of(plan) == batch
    assert batch_of(plan_of()) == 128


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_classifier(rng, precision):
    """It learns by batch statistics, off two branches; a fit forgets others.

    Classes are colours of the whole picture: red and blue, read by the branch
    of red and by that of the others. Gradients in float16 are scaled.
    """
    plan = plan_of(views=CHANNELS, encoder=NORMED, precision=precision)
    architecture = Architecture(plan, SIDE)
    branches = architecture.branches()
    assert len(branches) == 2
    pixels = rng.integers(0, 200, (20, SIDE, SIDE, 3))
    labels = np.arange(20) % 2
    pixels[np.arange(20), ..., 2 * labels] += 55
    pictures = ArrayPictures(pixels.astype(np.uint8))
    start = weights_of(branches)
    model = Classifier(architecture.views, branches, 2, side=SIDE, flip=True)
    scaled = isinstance(model._optimizer, LossScaled)
    assert scaled == (precision == "float16")
    found = []
    for rate, steps in ((1e-3, 1), (1e-2, 30), (1e-3, 1)):
        model.fit(start, pictures, labels, rate=rate, steps=steps, seed=1)
        found.append(model.logits(pictures))
    np.testing.assert_array_equal(found[0], found[2])
    assert np.mean(found[1].argmax(axis=1) == labels) == 1


def test_judged_on_the_test_part(tmp_path, monkeypatch):
    """A trial of a search is chosen on what the curve is fitted on."""
    config = make_config(
        {"judge_on": "validation", "data": "shapes(size=100)", "epochs": 1}
    )
    Run(tmp_path).write_json("config.json", dataclasses.asdict(config))
    monkeypatch.setattr(finetune, "finetune", lambda plan, *_, **__: plan)
    plan = command.run({"run": str(tmp_path)})
    assert plan.config.judge_on == "test"
