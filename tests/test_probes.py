"""What every probe must hold."""

import functools
import importlib
import os
import subprocess
import sys
import threading
import types
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import (
    ThreadpoolController,
    threadpool_info,
    threadpool_limits,
)

from tests.conftest import ROOT, THREADS
from tfcmc.data.validation import carve_validation
from tfcmc.evaluation.probes import PROBES, Labelled
from tfcmc.evaluation.probes.knn import leave_one_out
from tfcmc.evaluation.verdict import raw_pixels
from tfcmc.foundation import threads
from tfcmc.foundation.threads import on_one_thread, together

BRING = """
from threadpoolctl import threadpool_info
from tfcmc.foundation.threads import together
read = lambda: [each["num_threads"] for each in threadpool_info()]
assert not read()
nested = lambda: together(read, read)[0]
for seen in together(read, nested, needs=["sklearn.neural_network"]):
    assert len(seen) > 2 and set(seen) == {1}, seen
"""
every_probe = pytest.mark.parametrize("name", PROBES.names())


@pytest.fixture
def parts(rng):
    """Three parts of blobs that a line can tell apart, in 12 dimensions."""
    centres = 2.0 * rng.normal(size=(4, 12))

    def part(count):
        labels = rng.integers(0, 4, count)
        features = centres[labels] + rng.normal(size=(count, 12))
        return Labelled(features.astype(np.float32), labels)

    return part(300), part(100), part(200)


@every_probe
def test_reads_what_is_there(name, parts):
    """Nearly all of separable classes, and chance of shuffled labels."""
    probe = PROBES.lookup(name).function
    result = probe(*parts, seed=0)
    assert result["accuracy"] > 0.9
    fit, validation, test = parts
    generator = np.random.default_rng(0)
    shuffled = [
        Labelled(part.features, generator.permutation(part.labels))
        for part in (fit, validation)
    ]
    assert probe(*shuffled, test, seed=0)["accuracy"] < 0.5


@every_probe
def test_same_seed_same_answer(name, parts):
    """A probe is a function of its input and its seed."""
    probe = PROBES.lookup(name).function
    np.testing.assert_equal(probe(*parts, seed=3), probe(*parts, seed=3))


@every_probe
def test_constant_features(name, parts):
    """Collapsed features read the commonest class, without a fault."""
    same = [
        Labelled(np.ones_like(part.features), part.labels) for part in parts
    ]
    result = PROBES.lookup(name).function(*same, seed=0)
    counts = np.bincount(parts[2].labels) / len(parts[2].labels)
    assert result["accuracy"] in [pytest.approx(share) for share in counts]


@every_probe
def test_test_labels_choose_nothing(name, parts):
    """Other test labels change the accuracy on test and nothing else."""
    fit, validation, test = parts
    probe = PROBES.lookup(name).function
    wrong = Labelled(test.features, (test.labels + 1) % 4)
    first, second = (
        probe(fit, validation, judged, seed=0) for judged in (test, wrong)
    )
    assert first.pop("accuracy") > second.pop("accuracy")
    np.testing.assert_equal(first, second)


def test_linear_probe_is_scikit_learns(parts):
    """The chosen strength, fitted afresh on both parts, gives its answer."""
    fit, validation, test = parts
    result = PROBES.lookup("linear_probe").function(*parts, seed=0)
    features = np.concatenate([fit.features, validation.features])
    labels = np.concatenate([fit.labels, validation.labels])
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(
        C=result["inverse_strength"], max_iter=5000, tol=1e-6
    )
    model.fit(scaler.transform(features), labels)
    want = model.score(scaler.transform(test.features), test.labels)
    assert result["accuracy"] == pytest.approx(want, abs=0.011)


@pytest.fixture(scope="module")
def digits():
    """Parts of small pictures of digits, of which one is to be told."""
    features, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(labels))
    features, labels = features[order].astype("f"), labels[order]

    def parts(digit):
        told = Labelled(features, (labels == digit).astype(int))
        rows = carve_validation(told.labels[:900], 0)
        return *map(told.of, rows), told.of(np.arange(900, len(labels)))

    return parts


@pytest.mark.parametrize("digit", [1, 3, 8])
@pytest.mark.parametrize("name", ["linear_probe", "mlp_head"])
def test_a_rare_class_is_read(name, digit, digits):
    """Strong penalties name the common class for all: weaker are tried."""
    fit, validation, test = digits(digit)
    result = PROBES.lookup(name).function(fit, validation, test, seed=0)
    assert np.mean(test.labels == 0) < 0.91
    assert result["accuracy"] > 0.95


def test_weak_penalties_are_tried_while_they_read_no_less(monkeypatch):
    """Not from a plateau of strong ones, nor past three that read less."""
    module = importlib.import_module("tfcmc.evaluation.probes.linear")
    part = Labelled(np.eye(2, dtype="f"), np.arange(2))

    def tried(*read):
        """The strengths tried, and the one chosen, where so much is read."""
        seen, accuracies = [], iter(read)
        regression = types.SimpleNamespace(predict=lambda features: [0, 1])
        monkeypatch.setattr(
            module,
            "_regression",
            lambda strength, *_: seen.append(strength) or regression,
        )
        monkeypatch.setattr(module, "accuracy_of", lambda *_: next(accuracies))
        chosen = module.linear_probe(part, part, part, seed=0)
        return seen[:-1], chosen["inverse_strength"]

    strengths = list(module.INVERSE_STRENGTHS)
    flat = [0.2] * 5
    assert tried(*flat, 0.1, 0.3, 0.4, 0.39, 0.38, 0.37) == (strengths, 0.1)
    assert tried(*flat, 0.5, 0.3, 0.4, 0.39) == (strengths[:9], 0.01)
    assert tried(*flat, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5) == (strengths, 0.01)
    assert tried(0.6, *flat, 0.2, 0.1) == (strengths[:8], 1e-5)


def test_many_classes_are_fitted_out(rng):
    """As the exact fit reads them, whose gradients are small by class."""
    centres = rng.normal(size=(300, 24))
    labels = rng.permutation(np.arange(3600) % 300)
    features = centres[labels] + 0.9 * rng.normal(size=(3600, 24))
    whole = Labelled(features.astype("f"), labels)
    rows = carve_validation(labels[:2400], 0)
    parts = *map(whole.of, rows), whole.of(np.arange(2400, 3600))
    result = PROBES.lookup("linear_probe").function(*parts, seed=0)
    scaler = StandardScaler().fit(features[:2400])
    model = LogisticRegression(
        C=result["inverse_strength"], max_iter=5000, tol=1e-6
    )
    model.fit(scaler.transform(features[:2400]), labels[:2400])
    want = model.score(scaler.transform(features[2400:]), labels[2400:])
    assert result["accuracy"] == pytest.approx(want, abs=0.005)


class Watched:
    """Labelled features that note on how many threads they are read."""

    def __init__(self, part):
        self.labels = part.labels
        self._features = part.features
        self.seen = []

    @property
    def features(self):
        """Notes the threads, and hands the features over."""
        self.seen += blas_threads()
        return self._features


def blas_threads():
    """Returns the number of threads of every loaded BLAS."""
    return [
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]


@pytest.mark.parametrize("name", ["linear_probe", "mlp_head", "plain_head"])
def test_fits_stay_on_one_thread(name, parts):
    """Inside one thread, afterwards as many as before."""
    fit, validation, test = parts
    watched = Watched(test)
    with threadpool_limits(limits=2):
        PROBES.lookup(name).function(fit, validation, watched, seed=0)
        assert set(blas_threads()) == {2}
    assert set(watched.seen) == {1}


def test_together(parts):
    """In order, each on one thread, tasks of tasks too; then as before."""
    fit, validation, test = parts

    def probe(name):
        watched = Watched(test)
        PROBES.lookup(name).function(fit, validation, watched, seed=0)
        return name, set(watched.seen) | set(blas_threads())

    names = ["plain_head", "linear_probe", "knn", "plain_head"]
    tasks = [functools.partial(probe, name) for name in names]
    with threadpool_limits(limits=2):
        nested = together(lambda: together(*tasks), *tasks)
        assert set(blas_threads()) == {2}
    for found in (nested[0], nested[1:]):
        assert found == [(name, {1}) for name in names]
    with pytest.raises(ZeroDivisionError):
        together(lambda: 1, lambda: 1 / 0)


def test_no_thread_looks_for_libraries(monkeypatch):
    """The one that starts threads does: beside an import it may never end."""
    looked = []

    def look():
        looked.append(threading.current_thread())
        return ThreadpoolController()

    looking = types.SimpleNamespace(ThreadpoolController=look)
    monkeypatch.setattr(threads, "threadpoolctl", looking)
    alone = on_one_thread(lambda: sum(map(bool, looked)))
    assert together(alone, lambda: together(alone, alone)) == [1, [1, 1]]
    assert alone() == 2
    assert looked == [threading.current_thread()] * 2


def test_libraries_that_tasks_bring():
    """They are held to one thread too, though nobody had them before."""
    env = os.environ | dict.fromkeys(THREADS, "2")
    done = subprocess.run([sys.executable, "-c", BRING], cwd=ROOT, env=env)
    assert done.returncode == 0


def test_the_plain_head_never_stops_early(parts):
    """A hundred epochs, as scikit-learn counts them, and no warning."""
    fit, validation, test = parts
    joined = [
        np.concatenate(pair)
        for pair in zip(
            (fit.features, fit.labels),
            (validation.features, validation.labels),
            strict=True,
        )
    ]
    head = MLPClassifier(
        (),
        alpha=0.0,
        batch_size=128,
        max_iter=100,
        n_iter_no_change=100,
        random_state=5,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head.fit(*joined)
    found = PROBES.lookup("plain_head").function(*parts, seed=5)
    np.testing.assert_array_equal(
        found["predicted"], head.predict(test.features)
    )


@pytest.mark.parametrize(("k", "temperature"), [(5, 0.07), (999, 0.5)])
def test_knn_against_a_loop(k, temperature, parts, monkeypatch):
    """The weighted vote, picture by picture, in blocks of unequal size."""
    module = importlib.import_module("tfcmc.evaluation.probes.knn")
    monkeypatch.setattr(module, "BLOCK", 70 * 400)
    spec = f"knn(k={k}, temperature={temperature})"
    result = PROBES.lookup(spec).function(*parts, seed=0)
    fit, validation, test = parts
    features = np.concatenate([fit.features, validation.features])
    labels = np.concatenate([fit.labels, validation.labels])
    predicted = []
    for picture in test.features:
        cosines = [
            picture @ other / np.linalg.norm(picture) / np.linalg.norm(other)
            for other in features.astype(np.float64)
        ]
        nearest = sorted(zip(cosines, labels, strict=True))[-k:]
        votes = [0.0] * 4
        for cosine, vote in nearest:
            votes[vote] += np.exp(cosine / temperature)
        predicted.append(np.argmax(votes))
    assert result.pop("predicted").tolist() == predicted
    accuracy = np.mean(predicted == test.labels)
    assert result == {"accuracy": accuracy, "k": min(k, 400)}


@pytest.mark.parametrize("labels", [3, 999])
def test_nearest_mean_against_a_loop(labels, parts):
    """The nearest class mean of each draw, picture by picture."""
    fit, validation, test = parts
    result = PROBES.lookup(f"nearest_mean(labels={labels})").function(
        fit, validation, test, seed=4
    )
    features = np.concatenate([fit.features, validation.features])
    known = np.concatenate([fit.labels, validation.labels])
    centre = features.astype(np.float64).mean(axis=0)

    def unit(vector):
        return (vector - centre) / np.linalg.norm(vector - centre)

    generator, predicted = np.random.default_rng(4), np.full(200, -1)
    for draw in range(10):
        taken = {label: [] for label in range(4)}
        for row in generator.permutation(400):
            if len(taken[known[row]]) < labels:
                taken[known[row]].append(unit(features[row]))
        means = [np.mean(taken[label], axis=0) for label in range(4)]
        for row in range(draw, 200, 10):
            away = [
                np.linalg.norm(unit(test.features[row]) - m) for m in means
            ]
            predicted[row] = np.argmin(away)
    assert result.pop("predicted").tolist() == predicted.tolist()
    accuracy = np.mean(predicted == test.labels)
    assert result == {"accuracy": accuracy, "labels": labels}


def test_knn_features_of_zeros(parts):
    """Pictures without any feature vote and are judged, without a fault."""
    for part in parts:
        part.features[:7] = 0.0
    assert PROBES.lookup("knn").function(*parts, seed=0)["accuracy"] > 0.8


def test_mlp_head_reads_what_no_line_can(rng):
    """Two classes in opposite corners: the hidden layer tells them apart."""

    def part(count):
        features = rng.normal(size=(count, 6)).astype(np.float32)
        labels = (features[:, 0] * features[:, 1] > 0).astype(int)
        return Labelled(features, labels)

    parts = part(1200), part(300), part(400)
    accuracies = {
        name: PROBES.lookup(name).function(*parts, seed=0)["accuracy"]
        for name in ("linear_probe", "mlp_head")
    }
    assert accuracies["linear_probe"] < 0.6 < 0.75 < accuracies["mlp_head"]


def test_mlp_head_sees_another_order_each_epoch(parts, monkeypatch):
    """And the same ones again by the same seed."""
    module = importlib.import_module(
        "sklearn.neural_network._multilayer_perceptron"
    )
    orders = []

    def shuffle(rows, random_state):
        orders.append(tuple(random_state.permutation(rows)))
        return np.array(orders[-1])

    monkeypatch.setattr(module, "shuffle", shuffle)
    probe = PROBES.lookup("mlp_head").function
    one = "tfcmc.evaluation.probes.mlp_head.INVERSE_STRENGTHS"
    monkeypatch.setattr(one, (0.01,))
    for _ in range(2):
        probe(*parts, seed=0)
    half = len(orders) // 2
    assert orders[:half] == orders[half:]
    assert len(set(orders)) == half > 10


def test_validation_is_carved_by_class():
    """A fifth of every class, no row twice, another seed another fifth."""
    labels = np.array([0] * 50 + [1] * 20 + [2] * 5 + [3] * 2 + [4])
    fit, validation = carve_validation(labels, 0)
    assert np.bincount(labels[validation]).tolist() == [10, 4, 1, 1]
    assert sorted([*fit, *validation]) == list(range(78))
    assert validation.tolist() != carve_validation(labels, 1)[1].tolist()


@pytest.mark.parametrize("side", [64, 50, 8])
def test_raw_pixels(side, rng):
    """Means of the cells of a grid, by a loop."""
    pictures = rng.integers(0, 256, (2, side, side, 3), np.uint8)
    got = raw_pixels(pictures)
    cells = min(16, side)
    edges = np.linspace(0, side, cells + 1).round().astype(int)
    want = [
        pictures[n, edges[i] : edges[i + 1], edges[j] : edges[j + 1], c].mean()
        / 255
        for n in range(2)
        for i in range(cells)
        for j in range(cells)
        for c in range(3)
    ]
    np.testing.assert_allclose(got.reshape(-1), want, rtol=1e-5)


@pytest.mark.parametrize("block", [5 * 23, 2**24])
def test_leave_one_out(block, rng, monkeypatch):
    """Each picture judged by the others, against a loop, in blocks."""
    module = importlib.import_module("tfcmc.evaluation.probes.knn")
    held, votes_of = [], module._votes

    def noted(cosine, *how):
        held.append(cosine.size)
        return votes_of(cosine, *how)

    monkeypatch.setattr(module, "_votes", noted)
    monkeypatch.setattr(module, "BLOCK", block)
    labels = rng.integers(0, 3, 23) * 2
    features = rng.normal(size=(23, 5)) + labels[:, None] * 0.3
    k, temperature = 4, 0.3
    right = 0
    for i in range(23):
        votes = {}
        near = []
        for j in range(23):
            if j != i:
                cosine = features[i] @ features[j]
                cosine /= np.linalg.norm(features[i])
                cosine /= np.linalg.norm(features[j])
                near.append((cosine, labels[j]))
        for cosine, label in sorted(near, reverse=True)[:k]:
            votes[label] = votes.get(label, 0) + np.exp(cosine / temperature)
        right += max(votes, key=votes.get) == labels[i]
    accuracy = leave_one_out(features, labels, k=k, temperature=temperature)
    assert accuracy == pytest.approx(right / 23)
    assert sum(held) == 23 * 23 and max(held) <= block
    assert leave_one_out(features[:2], [0, 1]) == 0.0
