"""A tiny experiment; its views and encoder are named as a user's own are."""

import dataclasses

import keras
import tensorflow as tf

from tests.dirty.case import noise
from tfcmc.data.pictures import ArrayPictures
from tfcmc.experiment.architecture import Architecture
from tfcmc.experiment.config import make_config
from tfcmc.experiment.recipe import make_plan
from tfcmc.experiment.train import compiled
from tfcmc.views import cropped

BATCH, EXAMPLES, SIDE = 4, 13, 32
CHANNELS, NORMED = "tests.tiny:channels", "tests.tiny:normed"
PLAIN = "tests.tiny:plain"
DRAWING, LISTENED = "tests.tiny:drawing", "tests.tiny:listened"


def channels(frame, count=3):
    """Red, green, blue and their mean: the first has a branch of its own."""

    def convert(pictures):
        scaled = keras.ops.cast(pictures, "float32") / 127.5 - 1.0
        mean = keras.ops.mean(scaled, axis=-1, keepdims=True)
        return [*keras.ops.split(scaled, 3, axis=-1), mean][:count]

    names = ("R", "G", "B", "mean")[:count]
    return cropped(
        frame,
        names=names,
        channels=(1,) * count,
        convert=convert,
        branch=("R", *["rest"] * (count - 1)),
    )


def normed(shape, synchronized=True, penalty=0.0):
    """Layers without names, which Keras numbers over the whole process."""
    layers = keras.layers
    penalty = keras.regularizers.L2(penalty) if penalty else None
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(6, 8, strides=4, kernel_regularizer=penalty),
            layers.BatchNormalization(synchronized=synchronized),
            layers.ReLU(),
            layers.Flatten() if shape[0] else layers.GlobalMaxPooling2D(),
            layers.Dense(7, use_bias=False),
        ]
    )


def plain(shape):
    """Next to no variables, for what is asked of every loss in turn."""
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(6, 8, strides=4, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )


def drawing(shape, told=True, activity=0.0):
    """Has no batch statistics, but draws: by Keras's seeds, or by none."""
    layers = keras.layers
    activity = keras.regularizers.L2(activity) if activity else None
    dropout = layers.Dropout(0.5) if told else layers.Lambda(untold)
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(6, 8, strides=4, activity_regularizer=activity),
            layers.LayerNormalization(),
            dropout,
            layers.GlobalAveragePooling2D(),
            layers.Dense(7),
        ]
    )


def listened(shape, activity=0.0, weights=0.0):
    """One convolution, of which all that is added to a loss can be counted."""
    layers, l2 = keras.layers, keras.regularizers.L2
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(
                6,
                8,
                strides=4,
                activity_regularizer=l2(activity) if activity else None,
                kernel_regularizer=l2(weights) if weights else None,
            ),
            layers.BatchNormalization(synchronized=False),
            layers.GlobalAveragePooling2D(),
        ]
    )


def untold(inputs):
    """Dropout that no variable says the draws of."""
    return tf.nn.dropout(inputs, 0.5)


@dataclasses.dataclass(frozen=True)
class Tiny:
    """A model, the batches it learns from, and what made both."""

    architecture: Architecture
    model: keras.Model
    stream: object

    def shown(self, step=0):
        """The views of a batch, and the numbers of its pictures."""
        pictures, draws, numbers = self.stream.batch(step)
        return self.model._views.convert(pictures, draws), numbers

    def loss(self, step=0):
        """The objective of a batch."""
        return float(self.model.differentiate(self.stream.batch(step))[0])

    def learn(self, first, steps):
        """Trains as commands do, but for the graph; the loss that is told."""
        self.model.run_eagerly = True  # a few steps take less than tracing one
        data = self.stream.dataset(first, steps)
        told = self.model.fit(data, verbose=0, shuffle=False)
        return told.history["loss"][0]


def state_of(model):
    """Every variable that training changes, by its path, as an array."""
    return {path: value.numpy() for path, value in model.state().items()}


def plan_of(**settings):
    """The plan of settings, small where they do not say."""
    small = {"encoder": "paper(width=0.3)", "side": SIDE, "batch_size": BATCH}
    return make_plan(make_config(small | settings), check_data=False)


def make(**settings):
    """Makes the model of settings, over random pictures."""
    plan = plan_of(**settings)
    pictures = ArrayPictures(noise(1, EXAMPLES, SIDE, SIDE, 3))
    architecture = Architecture(plan, SIDE)
    branches = architecture.branches()
    model = compiled(plan, architecture, branches, pictures, EXAMPLES // BATCH)
    return Tiny(architecture, model, architecture.stream(pictures))
