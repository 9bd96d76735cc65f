"""Losses, metrics and callbacks in a training that is not tfcmc's."""

import inspect
import itertools
import pathlib
import re
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfcmc
from tests.equal_runs import check_same
from tests.terms import unit, with_own_view
from tfcmc.evaluation import label_free
from tfcmc.evaluation.probes.knn import leave_one_out
from tfcmc.foundation.errors import UsageError
from tfcmc.losses import LOSSES
from tfcmc.losses.layer import Loss

DIM, BATCH = 5, 7
PAGE = pathlib.Path(__file__).parents[1] / "docs" / "how" / "fit.md"


def views(rng, count=BATCH, dim=DIM):
    """Two views: vectors, and the same with noise."""
    first = rng.normal(size=(count, dim)).astype(np.float32)
    noise = rng.normal(size=(count, dim)).astype(np.float32)
    return first, first + 0.5 * noise


def loss_of(name, **options):
    """A loss, with what it needs to own weights."""
    kind = LOSSES.lookup(name).member.extra.get("kind")
    if kind == "clustering":
        options |= {"dim": DIM, "prototypes": 6}
    return tfcmc.losses.get(name, **options)


@pytest.mark.parametrize("name", LOSSES.names())
def test_is_the_objective_of_both_ways(name, rng):
    """What the laboratory sums over the two pairs of views."""
    loss = loss_of(name)
    first, second = views(rng)
    got = float(loss(first, second))
    bound = LOSSES.lookup(loss.get_config()["spec"])
    want = 0.0
    for anchors, others in ((first, second), (second, first)):
        alone = Loss(bound, dim=DIM)
        if not alone.raw:
            anchors, others = (
                unit(each).astype("f") for each in (anchors, others)
            )
        term = with_own_view(alone, anchors, others, np.arange(BATCH))
        want += float(tf.reduce_mean(alone(term)))
    assert got == pytest.approx(want, rel=1e-5)
    one_way = loss_of(name, symmetric=False)
    back = loss_of(name, symmetric=False)
    both = float(one_way(first, second)) + float(back(second, first))
    assert got == pytest.approx(both, rel=1e-5)


def test_options_are_checked():
    """Before anything is computed, with the nearest name."""
    with pytest.raises(UsageError, match="softmax"):
        tfcmc.losses.get("sotfmax")
    with pytest.raises(UsageError, match="temperature"):
        tfcmc.losses.get("softmax", temperature=-1.0)
    with pytest.raises(UsageError, match="`dim` must be given with swav"):
        tfcmc.losses.get("swav")


def test_prototypes_learn(rng):
    """A loss that owns weights: they move, and are of unit length."""
    loss = loss_of("swav")
    (centres,) = loss.trainable_variables
    before = centres.numpy().copy()
    optimizer = keras.optimizers.SGD(0.5)
    with tf.GradientTape() as tape:
        value = loss(*views(rng))
    optimizer.apply([tape.gradient(value, centres.value)], [centres])
    loss(*views(rng))
    assert np.abs(centres.numpy() - before).max() > 1e-3
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, 1e-6)


@pytest.mark.parametrize("name", ["softmax", "spring", "nce"])
def test_kept_with_a_model(name, rng, tmp_path):
    """A model that is fitted by a loss, saved and loaded has the loss."""
    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(DIM)])
    loss = loss_of(name)
    model.compile("sgd", loss=loss)
    data = rng.normal(size=(BATCH, 4)).astype("f")
    model.fit(data, views(rng)[0], batch_size=BATCH, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.loss.get_config() == loss.get_config()
    fresh = loss_of(name)(*views(np.random.default_rng(1)))
    again = loaded.loss(*views(np.random.default_rng(1)))
    assert float(again) == pytest.approx(float(fresh), rel=1e-6)


def test_metrics_are_those_of_all_batches(rng):
    """Alignment and rank of all rows; uniformity of pairs in a batch."""
    batches = [views(rng, count) for count in (7, 4, 9)]
    measures = (
        tfcmc.Alignment(alpha=3.0),
        tfcmc.Uniformity(t=1.5),
        tfcmc.EffectiveRank(DIM),
    )
    for batch, measure in itertools.product(batches, measures):
        measure.update_state(*batch)
    first, second = (
        np.concatenate(part) for part in zip(*batches, strict=True)
    )
    want = tfcmc.alignment(first, second, alpha=3.0)
    assert float(measures[0].result()) == pytest.approx(want, rel=1e-5)
    potentials = [
        np.exp(-1.5 * np.sum((x - y) ** 2))
        for batch in batches
        for view in map(unit, batch)
        for x, y in itertools.permutations(view, 2)
    ]
    want = np.log(np.mean(potentials))
    assert float(measures[1].result()) == pytest.approx(want, rel=1e-5)
    want = tfcmc.effective_rank(np.concatenate([first, second]))
    assert float(measures[2].result()) == pytest.approx(want, rel=1e-5)
    for measure in measures:
        twin = type(measure).from_config(measure.get_config())
        assert twin.get_config() == measure.get_config()
        measure.reset_state()
    assert float(measures[2].result()) == 0.0


def test_uniformity_of_zero_vectors(rng):
    """They stay at the centre, as for the function: one point, if all do."""
    vectors, _ = views(rng)
    vectors[[1, 4]] = 0.0
    for each in (vectors, np.zeros_like(vectors)):
        measure = tfcmc.Uniformity(t=1.5)
        measure.update_state(each)
        want = tfcmc.uniformity(each, t=1.5)
        assert float(measure.result()) == pytest.approx(want, abs=1e-5)


class SimCLR(keras.Model):
    """As a tutorial has it: an encoder, and a loss of two views."""

    def __init__(self, encoder, loss):
        super().__init__()
        self.encoder, self.contrast = encoder, loss

    def call(self, inputs, training=False):
        return self.encoder(inputs, training=training)

    def train_step(self, data):
        first, second = data
        with tf.GradientTape() as tape:
            loss = self.contrast(
                self(first, training=True), self(second, training=True)
            )
        learnt = self.encoder.trainable_variables
        gradients = tape.gradient(loss, learnt)
        self.optimizer.apply(gradients, learnt)
        return {"loss": loss}


def fitted(rng, loss, rate, epochs=4, **options):
    """A small fit with both callbacks: its history, and the doctor."""
    encoder = keras.Sequential([keras.Input([6]), keras.layers.Dense(DIM)])
    model = SimCLR(encoder, loss)
    first, second = views(rng, 64, 6)
    labels = rng.integers(0, 3, 64)
    monitor = tfcmc.RepresentationMonitor(
        first, second, labels=labels, batch_size=20
    )
    doctor = tfcmc.CollapseDoctor(monitor, **options)
    model.compile(keras.optimizers.Adam(rate))
    data = tf.data.Dataset.from_tensor_slices((first, second)).batch(32)
    told = model.fit(
        data, epochs=epochs, verbose=0, callbacks=[monitor, doctor]
    )
    vectors = [encoder(view).numpy() for view in (first, second)]
    return told.history, doctor, vectors, labels


def test_monitor_in_any_fit(rng):
    """The last row is what the functions say of the encoder as it is."""
    history, doctor, vectors, labels = fitted(
        rng, tfcmc.losses.get("softmax"), 1e-3
    )
    last = {name: values[-1] for name, values in history.items()}
    assert last["alignment"] == pytest.approx(tfcmc.alignment(*vectors), 1e-5)
    both = [tfcmc.uniformity(each) for each in vectors]
    assert last["uniformity"] == pytest.approx(np.mean(both), rel=1e-5)
    # One encoder makes both views: its features count once.
    assert last["knn"] == pytest.approx(leave_one_out(vectors[0], labels))
    rank = tfcmc.effective_rank(vectors[0])
    assert last["effective_rank"] == pytest.approx(rank, rel=1e-5)
    unit_vectors = tuple(map(unit, vectors))
    lidar = label_free.lidar(unit_vectors)
    assert last["lidar"] == pytest.approx(lidar, rel=1e-3)
    found = np.mean(label_free.retrieval_ranks(*unit_vectors) < 1)
    assert last["retrieval_at_1"] == pytest.approx(found)
    assert label_free.MEASURES.keys() <= last.keys()
    assert not doctor.findings


def test_a_planted_collapse_is_named(rng, capsys):
    """Where views alone are pulled together, all becomes one point."""

    def pull(first, second):
        return tf.reduce_mean((first - second) ** 2) + tf.reduce_mean(
            (first - 1.0) ** 2
        )

    history, doctor, *_ = fitted(rng, pull, 0.1, epochs=60, stop=True)
    assert "one point" in {finding.sign for finding in doctor.findings}
    assert "nearly one point" in capsys.readouterr().out
    assert len(history["loss"]) < 60  # it ended there
    # What went wrong in one fit is not held against the next.
    late = max(finding.until for finding in doctor.findings)
    healthy, monitored, *_ = fitted(
        rng, tfcmc.losses.get("softmax"), 1e-3, epochs=late
    )
    doctor.set_model(types.SimpleNamespace(stop_training=False))
    for epoch in range(late):
        row = {name: values[epoch] for name, values in healthy.items()}
        doctor.on_epoch_end(epoch, row)
    assert not monitored.findings and not doctor.model.stop_training


def test_the_doctor_wants_its_monitor(rng):
    """A doctor alone says what is missing, at the first epoch."""
    first, second = views(rng)
    monitor = tfcmc.RepresentationMonitor(first, second)
    doctor = tfcmc.CollapseDoctor(monitor)
    with pytest.raises(UsageError, match="monitor comes before"):
        doctor.on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(UsageError, match="as long as"):
        tfcmc.RepresentationMonitor(first, second[1:])
    labels = np.arange(len(first))[:, None] % 2
    columns = tfcmc.RepresentationMonitor(
        first,
        second,
        labels=labels,
        encoder=lambda x, **_: tf.cast(x, "float32"),
    )
    logs = {}
    columns.on_epoch_end(0, logs)
    assert logs["knn"] == pytest.approx(leave_one_out(first, labels[:, 0]))
    with pytest.raises(UsageError, match="as long as"):
        tfcmc.RepresentationMonitor(first, second, labels=np.eye(len(first)))
    # Each view by its own encoder, where the model has two.
    encoders = {"L": small(5, DIM), "ab": small(5, DIM)}
    apart = tfcmc.RepresentationMonitor(first, second)
    apart.set_model(tfcmc.ContrastiveModel(encoders))
    apart.on_epoch_end(0, logs := {})
    one, other = (
        unit(each(view))
        for each, view in zip(encoders.values(), (first, second), strict=True)
    )
    want = np.mean(np.sum((one - other) ** 2, axis=1))
    assert logs["alignment"] == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("shared", [True, False])
def test_monitor_of_a_model_with_heads(shared, rng):
    """The sphere is what the loss compares; the rest, what heads stand on."""
    encoders = [small(6, 4), small(6, 3)]
    heads = [small(4, DIM), small(3, DIM)]
    if shared:
        encoders, heads = [encoders[0]] * 2, [heads[0]] * 2
        model = tfcmc.ContrastiveModel(encoders[0], heads[0])
    else:
        model = tfcmc.ContrastiveModel(
            dict(zip("ab", encoders, strict=True)),
            dict(zip("ab", heads, strict=True)),
        )
    pair, labels = views(rng, 20, 6), rng.integers(0, 3, 20)
    monitor = tfcmc.RepresentationMonitor(*pair, labels=labels, batch_size=8)
    monitor.set_model(model)
    monitor.on_epoch_end(0, logs := {})
    features = [
        encoder(view).numpy()
        for encoder, view in zip(encoders, pair, strict=True)
    ]
    compared = [
        head(each).numpy() for head, each in zip(heads, features, strict=True)
    ]
    joined = np.concatenate(features[:1] if shared else features, axis=1)
    assert monitor.dims == joined.shape[1] == (4 if shared else 7)
    for found, want in (
        ("alignment", tfcmc.alignment(*compared)),
        ("uniformity_first", tfcmc.uniformity(compared[0])),
        ("uniformity_second", tfcmc.uniformity(compared[1])),
        ("effective_rank", tfcmc.effective_rank(joined)),
        ("knn", leave_one_out(joined, labels)),
    ):
        assert logs[found] == pytest.approx(want, rel=1e-5), found


def test_the_documented_fit(rng):
    """The page's training, on colours of noisy pictures."""
    text = PAGE.read_text("utf-8")
    (code,) = re.findall(r"```python\n(import keras\n.*?)```", text, re.S)
    layers = keras.layers
    encoder = keras.Sequential(
        [
            keras.Input([8, 8, 3]),
            layers.Conv2D(6, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    colours = rng.normal(size=(40, 1, 1, 3))
    first, second = (
        (colours + 0.1 * rng.normal(size=(40, 8, 8, 3))).astype("f")
        for _ in range(2)
    )
    data = tf.data.Dataset.from_tensor_slices((first, second))
    known = {
        "encoder": encoder,
        "head": keras.Sequential([keras.Input([6]), layers.Dense(DIM)]),
        "held_out": (first, second),
        "labels": rng.integers(0, 2, 40),
        "views": data.batch(20),
    }
    exec(code, known)
    history = known["model"].history.history
    assert {"loss", "alignment", "effective_rank", "knn"} <= history.keys()
    assert history["batch_alignment"] != history["alignment"]
    assert len(history["loss"]) == 2


def test_loaded_in_a_new_process(rng, tmp_path, python):
    """As the page says, which is where Keras first meets the class."""
    (code,) = re.findall(
        r"```python\n(from tfcmc.*?)```", PAGE.read_text("utf-8"), re.S
    )
    model = tfcmc.ContrastiveModel(small(6, 4), small(4, DIM))
    model.compile("adam")
    pair = views(rng, 8, 6)
    model.fit(pair, verbose=0)
    model.save(tmp_path / "simclr.keras")
    np.save(tmp_path / "first.npy", pair[0])
    done = python("-c", LOADED.format(folder=str(tmp_path), code=code))
    assert done.returncode == 0, done.stderr
    made = np.load(tmp_path / "made.npy")
    np.testing.assert_allclose(made, model(pair[0]), rtol=1e-5)


LOADED = """
import os
import keras
import numpy as np
import tfcmc
os.chdir({folder!r})
{code}
np.save("made.npy", model(np.load("first.npy")))
"""


def test_every_public_name_is_there():
    """Each is found, and says what it is."""
    for name in tfcmc._PUBLIC:
        assert inspect.getdoc(getattr(tfcmc, name))
    assert set(tfcmc._PUBLIC) <= set(dir(tfcmc))


def small(inputs, outputs, **options):
    """A layer, as an encoder or a head."""
    layer = keras.layers.Dense(outputs, **options)
    return keras.Sequential([keras.Input([inputs]), layer])


def test_a_model_of_ready_views(rng, tmp_path):
    """Three views in a fit: the loss of all pairs, what it logs, and saved."""
    model = tfcmc.ContrastiveModel(
        small(6, 4, kernel_regularizer="l2"), small(4, DIM), loss="nt_xent"
    )
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    first, second = views(rng, 20, 6)
    third = first - second
    data = tf.data.Dataset.from_tensor_slices((first, second, third))
    history = model.fit(data.batch(20), epochs=1, verbose=0).history
    vectors = [
        model.head(model.encoder(view)).numpy()
        for view in (first, second, third)
    ]
    pairs = list(itertools.combinations(vectors, 2))
    want = sum(float(tfcmc.losses.get("nt_xent")(*pair)) for pair in pairs)
    want += sum(map(float, model.encoder.losses))
    assert history["loss"][0] == pytest.approx(want, rel=1e-4)
    want = np.mean([tfcmc.alignment(*pair) for pair in pairs])
    assert history["batch_alignment"][0] == pytest.approx(want, rel=1e-4)
    np.testing.assert_allclose(model(first), model.encoder(first))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(first), model(first))
    again = loaded.evaluate(data.batch(20), verbose=0, return_dict=True)
    assert again["loss"] == pytest.approx(history["loss"][0], rel=1e-4)


@pytest.mark.parametrize("ready", [True, False])
def test_saved_straight_after_a_fit(ready, rng, tmp_path):
    """By Keras's callbacks too, with what the optimizer keeps."""
    dense = keras.layers.Dense(4)
    encoder = small(6, 4) if ready else keras.Sequential([dense])
    model = tfcmc.ContrastiveModel(encoder, small(4, DIM))
    assert model.built == ready
    model.compile("adam")
    kept = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "kept.weights.h5"), save_weights_only=True
    )
    backup = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
    callbacks = [kept, backup] if ready else [kept]
    rows = views(rng, 16, 6)
    model.fit(rows, batch_size=8, epochs=2, verbose=0, callbacks=callbacks)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert int(loaded.optimizer.iterations.numpy()) == 4
    for one, other in (
        (loaded.optimizer.variables, model.optimizer.variables),
        (loaded.trainable_variables, model.trainable_variables),
    ):
        check_same(one, other)
    before = model.get_weights()
    model.fit(rows, batch_size=8, verbose=0)
    model.load_weights(tmp_path / "kept.weights.h5")
    check_same(model.get_weights(), before)


@pytest.mark.parametrize(
    "loss", ["nce(z=mean)", "swav(prototypes=6, queue=8, freeze=3)"]
)
def test_three_views_are_one_step(loss, rng):
    """Which is counted once, and to measure is none."""
    contrast = tfcmc.losses.get(loss, dim=DIM)
    model = tfcmc.ContrastiveModel(small(6, DIM), loss=contrast)
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    rows = [rng.normal(size=(16, 6)).astype(np.float32) for _ in range(3)]
    model.fit(tuple(rows), batch_size=8, epochs=1, verbose=0)
    kept = contrast.variables
    before = [each.numpy() for each in kept]
    (steps,) = (each for each in kept if each.name == "steps")
    assert steps.numpy() == 2
    model.evaluate(tuple(rows), batch_size=8, verbose=0)
    check_same(kept, before)


def test_a_loss_goes_on_where_it_was(rng, tmp_path):
    """Loaded with its model: prototypes, queues, and the steps before."""
    spec = "swav(prototypes=6, queue=8, freeze=3)"
    model = tfcmc.ContrastiveModel(small(6, DIM), loss=spec)
    model.compile(keras.optimizers.SGD(0.1))
    rows = views(rng, 16, 6)
    model.fit(rows, batch_size=8, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    kept = [
        {v.name: v.numpy() for v in each.contrast.variables}
        for each in (model, loaded)
    ]
    assert kept[0]["steps"] == 2 and np.any(kept[0]["queue_first"])
    assert kept[0].keys() == kept[1].keys()
    for name, want in kept[0].items():
        np.testing.assert_array_equal(kept[1][name], want)
    # Prototypes are held for one step more, and then move.
    still = []
    for _ in range(2):
        loaded.fit(rows, batch_size=16, verbose=0)
        (centres,) = loaded.contrast.trainable_variables
        moved = np.abs(centres.numpy() - kept[0]["centres"]).max()
        still.append(moved < 1e-6)
    assert still == [True, False]


def test_queued_of_the_steps_before(rng):
    """Prototypes' queue takes in a step's vectors once it is over."""
    contrast = tfcmc.losses.get("swav(prototypes=6, queue=3)", dim=DIM)
    queues = {v.name: v for v in contrast.variables if "queue" in v.name}
    first, second = views(rng)
    contrast.compare(first, second)
    assert not any(np.any(queue.numpy()) for queue in queues.values())
    contrast.advance(first, second)
    for name, rows in (("first", first), ("second", second)):
        queue = queues.pop(f"queue_{name}")
        np.testing.assert_allclose(queue, unit(rows)[:3], rtol=1e-5)
    assert not queues


def test_large_batches_as_on_a_gpu(rng):
    """Keras compiles a fit by XLA wherever there is one."""
    views = [rng.normal(size=(2100, 8)).astype(np.float32) for _ in range(2)]
    found = []
    for compiled in (True, False):
        start = keras.initializers.GlorotUniform(3)
        encoder = small(8, 5, kernel_initializer=start)
        model = tfcmc.ContrastiveModel(encoder, loss="softmax")
        model.compile("sgd", jit_compile=compiled, run_eagerly=not compiled)
        history = model.fit(tuple(views), batch_size=2100, verbose=0).history
        found.append([history["loss"], *model.get_weights()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_model_of_two_encoders(rng, tmp_path):
    """Views by name; prototypes are trained and saved with the model."""
    model = tfcmc.ContrastiveModel(
        {"L": small(3, DIM), "ab": small(6, DIM)}, loss="swav(prototypes=6)"
    )
    first, second = views(rng, 16, 6)
    batches = tf.data.Dataset.from_tensors({"ab": first, "L": second[:, :3]})
    model.compile(keras.optimizers.SGD(1.0))
    (centres,) = model.contrast.trainable_variables
    before = centres.numpy().copy()
    model.fit(batches, epochs=2, verbose=0)
    assert np.abs(centres.numpy() - before).max() > 1e-3
    assert model({"ab": first})["ab"].shape == (16, DIM)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    (kept,) = loaded.contrast.trainable_variables
    np.testing.assert_array_equal(kept, centres)
    with pytest.raises(UsageError, match="a dict of L, ab"):
        model.fit(tf.data.Dataset.from_tensors({"L": first}), verbose=0)
    with pytest.raises(UsageError, match="at least two views"):
        tfcmc.ContrastiveModel(small(6, DIM))._objective([first], False)


def test_a_model_of_something_else(rng):
    """Is told at once; and a fit that was refused may be tried again."""
    model = tfcmc.ContrastiveModel(small(6, DIM))
    for words, told in (
        ({"encoder": "resnet"}, "`encoder` must be a keras.Model"),
        ({"encoder": {"L": small(3, DIM), "ab": 3}}, "Received: 3"),
        ({"encoder": small(6, DIM), "head": "mlp"}, "`head` must be"),
        ({"encoder": small(6, DIM), "loss": 3}, "`loss` must be a spec"),
    ):
        with pytest.raises(UsageError, match=told):
            tfcmc.ContrastiveModel(**words)
    model.compile(keras.optimizers.SGD(0.1))
    pair = views(rng, 8, 6)
    with pytest.raises(UsageError, match="`x` must be a tuple or a dict"):
        model.fit(pair[0], verbose=0)
    assert len(model.fit(pair, verbose=0).history["loss"]) == 1
    for words, told in (
        ({"loss": "mse"}, r"takes it. Received: 'mse'"),
        ({"metrics": ["mae"]}, r"measures. Received: \['mae'\]"),
        ({"weighted_metrics": ["mae"]}, "`metrics` must be left out"),
    ):
        with pytest.raises(UsageError, match=told):
            model.compile("sgd", **words)


def test_batches_by_hand(rng):
    """Two views or three, side by side or together, are learnt from."""
    model = tfcmc.ContrastiveModel(small(6, DIM), loss="softmax")
    model.compile(keras.optimizers.SGD(0.0))
    first, second = views(rng, 8, 6)
    third = first - second
    loss = tfcmc.losses.get("softmax")
    made = [model(view) for view in (first, second, third)]
    pair = float(loss(*made[:2]))
    every = sum(float(loss(*two)) for two in itertools.combinations(made, 2))
    for batch, want in (
        ((first, second), pair),
        (((first, second),), pair),
        ((first, second, third), every),
    ):
        for told in (model.train_on_batch, model.test_on_batch):
            found = told(*batch, return_dict=True)
            assert found["loss"] == pytest.approx(want, rel=1e-4)
