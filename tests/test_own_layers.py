"""Encoders of a user's own, of every making that Keras knows."""

import shutil

import keras
import numpy as np
import pytest

from tests.dirty.case import noise
from tests.equal_runs import check_same
from tests.tiny import SIDE, make, plan_of
from tests.verdicts import IDENTITY
from tfcmc.commands.code import spec_of
from tfcmc.data.pictures import ArrayPictures
from tfcmc.encoders import ENCODERS
from tfcmc.encoders.files import load_encoder, save_encoder
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.recipe import open_run
from tfcmc.experiment.start import read_start
from tfcmc.foundation.errors import UsageError
from tfcmc.training.checkpoints import Checkpoints
from tfcmc.training.saving import SaveCheckpoint
from tfcmc.using import export

THEIRS = """
import keras

layers = keras.layers
BACKBONE = keras.Sequential(
    [
        keras.Input((32, 32, 3)),
        layers.Conv2D(4, 3, strides=4),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
    ]
)


def drawing(shape):
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.RandomFlip(),
            layers.RandomRotation(0.5),
            layers.Conv2D(4, 3, strides=4),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling2D(),
        ]
    )


@keras.saving.register_keras_serializable("theirs")
class Late(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 5), name="kernel")

    def call(self, inputs):
        return inputs @ self.kernel


def late(shape):
    return keras.Sequential(
        [
            layers.Flatten(),
            Late(),
            layers.Reshape((5, 1)),
            layers.Permute((2, 1)),
            layers.GlobalAveragePooling1D(),
        ]
    )


def attending(shape):
    inputs = keras.Input(shape)
    tokens = layers.Conv2D(6, 8, strides=8)(inputs)
    tokens = layers.Reshape((-1, 6))(tokens)
    tokens = Attending()(tokens)
    return keras.Model(inputs, layers.GlobalAveragePooling1D()(tokens))


@keras.saving.register_keras_serializable("theirs")
class Attending(layers.Layer):
    def build(self, shape):
        self.inner = layers.MultiHeadAttention(2, 3)
        self.inner.build(shape, shape)

    def call(self, inputs):
        return self.inner(inputs, inputs)


def once(shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, BACKBONE(inputs))


def reused(shape):
    inputs = x = keras.Input(shape)
    for layer in BACKBONE.layers:
        x = layer(x)
    return keras.Model(inputs, x)


def low(shape):
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, dtype="bfloat16"),
        ]
    )


def clashing(shape):
    inputs = keras.Input(shape)
    hidden = layers.Conv2D(4, 3)(inputs)
    hidden = layers.ReLU(name="relu_1")(hidden)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(hidden))


def inner(shape):
    inputs = keras.Input(shape)
    hidden = layers.Conv2D(4, 3, name="features")(inputs)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(hidden))


def two(shape):
    inputs = keras.Input(shape)
    first = layers.GlobalAveragePooling2D()(inputs)
    return keras.Model(inputs, [first, layers.Flatten()(inputs)])


def head(features, dim=5):
    return layers.Dense(dim)(layers.ReLU()(features))


def plain(shape):
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(3)]
    )
"""


@pytest.fixture
def theirs(tmp_path):
    """A file of encoders."""
    path = tmp_path / "theirs" / "theirs.py"
    path.parent.mkdir()
    path.write_text(THEIRS)
    return path


def architecture_of(spec, **settings):
    """What a plan of RGB views trains with an encoder."""
    return Architecture(plan_of(encoder=spec, views="rgb", **settings), SIDE)


def test_layers_that_draw_are_off_when_read(theirs):
    """Nothing is drawn, dropped or normalised by the batch, nor counted."""
    architecture = architecture_of(f"{theirs}:drawing")
    branches = architecture.branches()
    before = branches["rgb"].get_weights()
    reader = architecture.reader(branches)
    pictures = ArrayPictures(noise(1, 6, SIDE, SIDE, 3))
    one, other = (reader.encode(pictures) for _ in range(2))
    (want,) = architecture.views.whole(pictures.array)
    want = branches["rgb"](want, training=False)
    np.testing.assert_allclose(one.features[0], want, atol=1e-6)
    check_same(one.embeddings, other.embeddings)
    check_same(before, branches["rgb"].get_weights())


@pytest.mark.parametrize("name", ["late", "attending"])
def test_what_is_built_late_is_of_the_seed(theirs, name):
    """Weights that layers draw when they are first called, too."""
    architecture = architecture_of(f"{theirs}:{name}")
    first, again, other = (
        architecture.branches(seed)["rgb"].get_weights() for seed in (3, 3, 4)
    )
    check_same(first, again)
    assert any(
        np.abs(one - two).max() > 0.01
        for one, two in zip(first, other, strict=True)
    )


def test_layers_that_are_made_once_are_refused(theirs):
    """The untrained encoders, and a twin, would be the trained ones."""
    for name in ("once", "reused"):
        architecture = architecture_of(f"{theirs}:{name}")
        with pytest.raises(UsageError, match="new layers at every call"):
            architecture.check_saved()
    architecture_of(f"{theirs}:late").check_saved()


def test_layers_of_another_model_are_read(theirs):
    """ReLUs that were called before, on something else, are counted here."""
    architecture = architecture_of(f"{theirs}:reused")
    reader = architecture.reader(architecture.branches())
    _, (highest,) = reader._read(noise(1, 6, SIDE, SIDE, 3))
    assert highest.shape == (4,)


def test_a_head_of_ones_own(theirs):
    """Of the seed, apart from the encoder's; its file is noted."""
    spec = f"{theirs}:head(dim=7)"
    architecture = architecture_of(
        f"{theirs}:plain",
        head=spec,
        predictor=f"{theirs}:head(dim=7)",
        target="stopped",
    )
    architecture.check_saved()
    first, again, other = (
        architecture.branches(seed)["rgb"].get_weights() for seed in (3, 3, 4)
    )
    assert [each.shape for each in first[-2:]] == [(3, 7), (7,)]
    check_same(first, again)
    assert np.abs(first[-2] - other[-2]).max() > 0.01
    plan = plan_of(encoder="paper(width=0.3)", head=spec)
    assert plan.code()["head"]["file"] == str(theirs)
    with pytest.raises(UsageError, match="function of features"):
        plan_of(head=f"{theirs}:plain")
    with pytest.raises(UsageError, match="a function of `features`"):
        spec_of("head", lambda_of, theirs.parent)


def lambda_of(shape):
    """A function of something else."""


def test_a_file_that_was_moved(theirs, tmp_path):
    """Its own layers are known by their names, wherever it lies."""
    first = architecture_of(f"{theirs}:late").branches()["rgb"]
    save_encoder(tmp_path / "rgb.keras", first, IDENTITY)
    other = tmp_path / "elsewhere.py"
    shutil.move(theirs, other)
    like = architecture_of(f"{other}:late").branches(5)["rgb"]
    found = load_encoder(tmp_path / "rgb.keras", like, IDENTITY)
    check_same(found.weights, first.weights)


def test_a_file_inside_the_run_is_refused(theirs):
    """Nothing would read the run afterwards."""
    folder = theirs.parent
    plan = plan_of(encoder=f"{theirs}:plain", run_dir=str(folder))
    with pytest.raises(UsageError, match="a file outside the run folder"):
        open_run(plan)


def test_starting_from_what_its_function_makes(theirs, tmp_path):
    """A `.keras` file of a `Sequential` is no functional model's."""
    path, spec = tmp_path / "x.keras", f"{theirs}:plain"
    source = ENCODERS.lookup(spec).function((SIDE, SIDE, 3), seed=7)
    source.save(path)
    start = read_start(plan_of(encoder=spec, views="rgb", init=str(path)))
    check_same(start.features["rgb"], source.weights)


def test_weights_of_half_a_precision(theirs, tmp_path):
    """NumPy's files know no bfloat16; what is saved comes back."""
    tiny = make(encoder=f"{theirs}:low", views="rgb(augment=none)")
    checkpoints = Checkpoints(tmp_path)
    callback = SaveCheckpoint(
        checkpoints,
        pytest.MonkeyPatch,
        identity={},
        steps_per_epoch=3,
        last_step=9,
        due=None,
        told=None,
    )
    callback._history = type("History", (), {"rows": []})
    callback.set_model(tiny.model)
    callback._save(0.0)
    before = [np.float32(each) for each in tiny.model.branches[0].weights]
    for weight in tiny.model.branches[0].weights:
        weight.assign(weight + 1)
    tiny.model.set_state(checkpoints.latest().arrays)
    for one, two in zip(before, tiny.model.branches[0].weights, strict=True):
        np.testing.assert_array_equal(one, np.float32(two))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("clashing", "not called as its head's.*relu_1"),
        ("inner", 'layer "features" gives .batch, features.'),
        ("two", r"\[batch, features\].*None, 3.*None, 3072"),
    ],
)
def test_encoders_that_will_not_do(theirs, name, told):
    """Each is told what it is to be."""
    architecture = architecture_of(f"{theirs}:{name}", head="mlp(dim=4)")
    with pytest.raises(UsageError, match=told):
        architecture.branches()


def test_layers_without_a_type_are_exported():
    """And one that its config does not make again is refused."""

    class Bare(keras.layers.Layer):
        def __init__(self):
            super().__init__()

        def get_config(self):
            return {}

        def call(self, inputs):
            return 2 * inputs

    class Needy(Bare):
        def __init__(self, factor):
            super().__init__()

    class Whole(keras.Model):
        def call(self, inputs):
            return inputs

    inputs = keras.Input((3,))
    model = keras.Model(inputs, Whole()(Bare()(inputs)))
    np.testing.assert_array_equal(export.plain(model)(np.ones([1, 3])), 2)
    model = keras.Model(inputs, Needy(2)(inputs))
    with pytest.raises(UsageError, match="config makes again.*Needy"):
        export.plain(model)
