"""The table of encoders, and what every encoder provides."""

from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import keras
from tfcmc.foundation.registry import Registry

ENCODERS = Registry("encoder")

# The layer that every encoder names so. The probe reads its output; the loss
# reads the model's own output, which a projection may come before.
FEATURES = "features"


def make_branch(encoder, head, shape: tuple, seed: int):
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
    if not getattr(model, "inputs", None):
        inputs = keras.Input(shape)
        model = keras.Model(inputs, model(inputs))
    found = model.outputs[0].shape
    if len(model.outputs) != 1 or len(found) != 2 or None in found[1:]:
        raise must("encoder", "a model of images to [batch, features]", found)
    if FEATURES not in [layer.name for layer in model.layers]:
        named = keras.layers.Identity(name=FEATURES)(model.outputs[0])
        model = keras.Model(model.inputs[0], named)
    embeddings = head(model.outputs[0], seed)
    if embeddings is model.outputs[0]:
        return model
    return keras.Model(model.inputs[0], embeddings)
