"""Any Keras model from pictures to vectors, judged as a run is."""

import dataclasses
import functools
import types
from collections.abc import Callable

import numpy as np

import tfcmc
from tfcmc.data.pictures import in_batches
from tfcmc.evaluation import verdict
from tfcmc.evaluation.classes import class_sizes
from tfcmc.evaluation.features import BATCH, Encoded, weights_hash
from tfcmc.evaluation.inputs import measure
from tfcmc.evaluation.label_free import MEASURES
from tfcmc.experiment.data import read_data
from tfcmc.experiment.evaluate import (
    Extent,
    inputs_of,
    probe_pixels,
    raw_pixels,
)
from tfcmc.experiment.recipe import Plan
from tfcmc.foundation.errors import UsageError, must, reason_of
from tfcmc.foundation.lazy import keras, settled, tf
from tfcmc.foundation.own import drawing
from tfcmc.losses.vectors import normalise

NAME = "model"  # what its branch is called, and its only view
SHAPE = "one vector a picture, [batch, dim]"


@settled()
def judge_model(
    model, plan: Plan, *, value_range: tuple = (0, 255), views=None
) -> dict:
    """Judges a model, beside a fresh one of its kind and raw pixels.

    Args:
        model: A `keras.Model` of pictures `[batch, side, side, 3]`.
        plan: The `Plan`, for its data, its seed and what is judged.
        value_range: What black and white are to it, `(low, high)`.
        views: Pictures `[batch, side, side, 3]`, float32 from 0 to 255, to
            two such batches or more: what alignment is measured of; None for
            none.

    Returns:
        As `metrics.json` has it: `linear_probe` and the other probes,
        `sphere`, `untrained`, `raw_pixels`, `floors`; and `shown`, what the
        model was given.

    Raises:
        UsageError: if it does not give one finite vector a picture, or the
            data cannot be read.
    """
    data, config = read_data(plan), plan.config
    extent, low, high = Extent(config.evaluate), *_checked(value_range)
    side = data.source.pretrain.side

    def measured(judged):
        encode = _encoder(judged, low, high, views)
        return _inputs(encode, plan, data, extent)

    inputs = measured(model)
    result = {
        "model": model.name,
        "data": plan.data.spec,
        "seed": config.seed,
        "judged_on": data.judged_on,
        "shown": f"pictures of {side}x{side}, float32 from {low:g} to "
        f"{high:g}",
        "encoders_sha256": {NAME: weights_hash(model)},
        "versions": {"tfcmc": tfcmc.__version__, "keras": keras.__version__},
    }
    if data.source.labelled:
        labels = data.source.probe_train.labels, data.source.test.labels
        result["classes"] = class_sizes(data.source.class_names, *labels)
    result |= measure(inputs)[0]
    dim = inputs.judged.embeddings[0].shape[1]
    images = result["sphere"]["images"]
    result["floors"] = verdict.floors(dim, **extent.constants(config)) | {
        name: each.nothing(images)
        for name, each in MEASURES.items()
        if name in result["sphere"]
    }
    try:
        result["untrained"], _ = measure(measured(_fresh(model, config.seed)))
    except UsageError as error:
        result["no_untrained"] = reason_of(error)
    pixels = raw_pixels(data.source)
    return result | probe_pixels(pixels, data, extent, config.seed)


def side_of(model) -> int | None:
    """Returns the side of the pictures that a model takes; None for any.

    Raises:
        UsageError: if it does not take square pictures of three channels.
    """
    shape = getattr(model, "input_shape", None)
    if shape is None:  # a model of its own class, which does not say
        return None
    wanted = "of square pictures [batch, side, side, 3]"
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise must("model", wanted, shape)
    _, height, width, channels = shape
    if channels not in (3, None) or height != width:
        raise must("model", wanted, shape)
    return height


def _checked(value_range):
    try:
        low, high = map(float, value_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise must("value_range", "(low, high), two numbers", value_range)
    return low, high


def _fresh(model, seed):
    """Makes the same model with initial weights of its own."""
    try:
        with drawing(seed):
            fresh = keras.models.clone_model(model)
            if not fresh.built:
                fresh.build(model.input_shape)
    except Exception as error:
        # Whatever a class of the user's own makes of it.
        raise must(
            "model", "one that is made anew", reason_of(error)
        ) from None
    return fresh


def _encoder(model, low: float, high: float, views) -> Callable:
    """Returns what makes vectors of pictures: `(features, of each view)`."""

    @tf.function(reduce_retracing=True)
    def vectors(batch):
        scaled = tf.cast(batch, tf.float32) * ((high - low) / 255.0) + low
        return model(scaled, training=False)

    def run(batch):
        found = vectors(batch)
        if not hasattr(found, "shape") or found.shape.rank != 2:
            shape = getattr(found, "shape", type(found).__name__)
            raise must("model", SHAPE, str(shape))
        return tf.cast(found, tf.float32)

    def encode(batch, views=views):
        features = run(batch)
        if views is None:
            return features, [normalise(features)]
        shown = views(tf.cast(batch, tf.float32))
        if not isinstance(shown, tuple | list) or len(shown) < 2:
            raise must("views", "a function to two batches or more", shown)
        return features, [normalise(run(view)) for view in shown]

    return encode


def _inputs(encode, plan, data, extent):
    """Gathers what is measured; alignment needs the judged pictures alone."""
    reader = types.SimpleNamespace(
        encode=functools.partial(_encoded, encode),
        read=functools.partial(
            _encoded, functools.partial(encode, views=None)
        ),
    )
    known = types.SimpleNamespace(names=(NAME,), branches=(NAME,))
    found = inputs_of(plan, data, known, reader, extent)
    names, count = known.names, len(found.judged.embeddings)
    if count > 1:
        names = tuple(f"view_{number + 1}" for number in range(count))
    return dataclasses.replace(found, names=names, each_view=False)


def _encoded(encode, pictures):
    features, views = [], []
    for batch in in_batches(pictures, BATCH):
        found, shown = encode(tf.constant(batch))
        features.append(found.numpy())
        views.append([view.numpy() for view in shown])
    features = np.concatenate(features)
    if not np.all(np.isfinite(features)):
        bad = int(np.sum(~np.isfinite(features).all(axis=1)))
        raise must("model", "of finite vectors", f"{bad} that are not")
    return Encoded(
        (features,), tuple(map(np.concatenate, zip(*views, strict=True)))
    )
