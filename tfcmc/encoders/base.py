"""The table of encoders, what every encoder provides, and its branch."""

import functools
import warnings
from collections.abc import Callable

from tfcmc.foundation.errors import must, reason_of, unknown
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.own import drawing, own_member, seeded, takes
from tfcmc.foundation.registry import Member, Registry

# The layer that every branch names so. The probe reads its output; the loss
# reads the model's own output, which a head may come before.
FEATURES = "features"
# The layer, where an encoder has one, of features at places of the picture.
MAP = "map"
APPLICATIONS = "keras.applications"


def _elsewhere(place: str, name: str) -> Member:
    """Finds an encoder of Keras's, or one of the user's own."""
    if place == APPLICATIONS:
        function = functools.partial(_application, name)
        return Member(f"{place}:{name}", function, None, False, {})
    return own_member("encoder", place, name, "shape", _seeded)


ENCODERS = Registry("encoder", _elsewhere)


def _seeded(function):
    """A builder by a seed, of models that are built when it returns them."""

    @functools.wraps(function)
    def build(shape, **options):
        model = function(shape, **options)
        if not getattr(model, "inputs", None):
            # What it draws now is of the seed, too.
            inputs = keras.Input(shape)
            model = keras.Model(inputs, model(inputs))
        return model

    return seeded(build)


def _application(name, shape, seed, **options):
    """Builds a model of keras.applications, without weights and classes."""
    models = {
        key: value
        for key, value in vars(keras.applications).items()
        if callable(value) and takes(value, "include_top")
    }
    if name not in models:
        raise unknown(f"model of {APPLICATIONS}", name, models)
    tells = takes(models[name], "include_preprocessing")
    if tells:
        # It would take views for pictures of 0 to 255.
        options.setdefault("include_preprocessing", False)
    try:
        with drawing(seed), warnings.catch_warnings():
            # It tells that views of other than 1 or 3 channels are unusual.
            warnings.simplefilter("ignore")
            model = models[name](
                input_shape=shape,
                weights=None,
                include_top=False,
                pooling="avg",
                **options,
            )
    except (TypeError, ValueError) as error:
        told = f"{APPLICATIONS}:{name} ({reason_of(error)})"
        raise must("encoder", f"a model of views {shape}", told) from None
    if not tells:
        for layer in model.layers:
            if isinstance(layer, keras.layers.Rescaling):
                layer.scale = 1.0  # EfficientNet cannot be told
    return model


def make_branch(encoder: Callable, head: Callable, shape: tuple, seed: int):
    """Puts a head on an encoder.

    Args:
        encoder: `(shape, seed) -> keras.Model` of images `[batch, height,
            width, channels]` to features `[batch, features]`.
        head: A member of `HEADS`, with its options.
        shape: `(height, width, channels)`.
        seed: Of the initial weights.

    Returns:
        A functional `keras.Model`, images to embeddings `[batch, dim]`, with
        a layer "features".

    Raises:
        UsageError: if the encoder gives anything but one vector a picture.
    """
    model = encoder(shape, seed)
    found, *others = (each.shape for each in model.outputs)
    if others or len(found) != 2 or None in found[1:]:
        shapes = [found, *others] if others else found
        raise must("encoder", "a model of images to [batch, features]", shapes)
    if FEATURES not in [layer.name for layer in model.layers]:
        named = keras.layers.Identity(name=FEATURES)(model.outputs[0])
        model = keras.Model(model.inputs[0], named)
    found = model.get_layer(FEATURES).output.shape
    if len(found) != 2:
        told = 'one whose layer "features" gives [batch, features]'
        raise must("encoder", told, found)
    embeddings = head(model.outputs[0], seed)
    if embeddings is model.outputs[0]:
        return model
    try:
        return keras.Model(model.inputs[0], embeddings)
    except ValueError as error:
        told = "of layers that are not called as its head's"
        raise must("encoder", told, reason_of(error)) from None


def encoder_of(branch):
    """Returns a branch as far as its features, without the head."""
    return keras.Model(branch.inputs[0], branch.get_layer(FEATURES).output)


def make_critic(branch, head: Callable, seed: int):
    """Makes a head of a branch's map.

    Args:
        branch: What `make_branch` returned.
        head: A member of `HEADS`, with its options.
        seed: Of the initial weights.

    Returns:
        A functional `keras.Model` of the output of the layer "map", `[batch,
        height, width, channels]`, to `[batch, ..., dim]`.

    Raises:
        UsageError: if the branch has no map.
    """
    names = [layer.name for layer in branch.layers]
    found = branch.get_layer(MAP).output.shape if MAP in names else None
    if found is None or len(found) != 4 or None in found[1:]:
        raise must(
            "encoder",
            'one with a layer "map" of [batch, height, width, channels] with '
            "--pairs=local",
            found,
        )
    inputs = keras.Input(found[1:])
    return keras.Model(inputs, head(inputs, seed))


def with_places(branch, critic):
    """Joins a branch and the head of its map.

    Args:
        branch: What `make_branch` returned.
        critic: What `make_critic` did.

    Returns:
        A functional `keras.Model`, images to `[batch, 1 + places, dim]`: the
        embedding first.
    """
    dim = branch.output_shape[-1]
    places = critic(branch.get_layer(MAP).output)
    first = keras.layers.Reshape((1, dim))(branch.outputs[0])
    places = keras.layers.Reshape((-1, dim))(places)
    both = keras.layers.Concatenate(axis=1)([first, places])
    return keras.Model(branch.inputs[0], both)
