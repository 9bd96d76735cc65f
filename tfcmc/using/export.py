"""A run as one model that needs nothing of this library.

Bytes of pictures go in, features come out: resizing, crop and colours are
inside, in Keras's own layers and operations, which every format has.
"""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import warnings
import zipfile

import numpy as np

from tfcmc.batch_norms.layer import BatchNormalization
from tfcmc.encoders import encoder_of
from tfcmc.evaluation.probes.base import unit
from tfcmc.experiment import elsewhere
from tfcmc.experiment.architecture import open_trained
from tfcmc.foundation.atomic import whole, write_whole
from tfcmc.foundation.errors import TrainingFailed, must, reason_of
from tfcmc.foundation.lazy import LazyModule, keras, settled
from tfcmc.runs.record import picture_side
from tfcmc.using import alone
from tfcmc.using.formats import FORMATS, card_of
from tfcmc.using.model_card import card, parity_words, screen_lines
from tfcmc.using.resizing import resized
from tfcmc.using.transformer import load

Image = LazyModule("PIL.Image")
COMPARED = 64  # pictures
BYTES = 2**28  # of them, and of a batch, at most
# Without the folder of the script, which an option of Python's own does only
# with the user's packages and PYTHONPATH left out, too.
ALONE = """
import runpy, sys
sys.path[:] = filter(None, sys.path)
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""
SMALLEST, LARGEST = 8, 400  # of their sides
TIMED = 256  # side of pictures that are timed, where any goes
SEVERAL = 32  # pictures of a batch that is timed
LEAST_COSINE = 0.999  # of what is still the same model


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What an exported model gives, beside `tfcmc.load`."""

    difference: float  # the largest of any feature
    largest: float  # the largest absolute feature
    cosine: float  # the least of a picture's two vectors
    pictures: int  # how many were compared
    dim: int  # numbers a picture
    branches: tuple  # whose they are, one after the other
    timed: tuple  # height and width of pictures, and how many a batch had
    # "tfcmc.load" and the format to seconds of calls with one picture, and
    # with a batch.
    seconds: dict
    versions: tuple  # what read it: "keras 3.15.1"


@settled()
def export(plan, run, kind: str, out, size: tuple | None = None) -> Comparison:
    """Writes a run's features as a model, with its card beside it.

    It is there only once it has been read by a process of its own, without
    this library, and gives what `tfcmc.load` gives.

    Args:
        kind: A format of `FORMATS`.
        out: Path of the file, or of the folder of a SavedModel.
        size: Height and width of the pictures; None for any.

    Raises:
        UsageError: if the run's views or encoder have no such form.
        TrainingFailed: if what is written does not give the run's features.
    """
    if size is None and FORMATS[kind].sized:
        size = (picture_side(run),) * 2
    architecture, branches = open_trained(plan, run)
    model = whole_model(plan, run, architecture, branches, size)
    plan = elsewhere.as_far(plan, run, architecture)
    print(f"{out}: {shape_words(size)} -> [batch, {model.output_shape[1]}]")
    with whole(out) as aside:
        _write(model, kind, str(aside))
        found = compare(run, kind, str(aside), size)
        if not found.cosine >= LEAST_COSINE:
            raise TrainingFailed(
                f"{out} is not written: it does not give the run's features. "
                f"The cosine is {found.cosine:.6f} at least, and must be "
                f"{LEAST_COSINE}"
            )
    print("\n".join([parity_words(found), "", *screen_lines(found), ""]))
    path = card_of(out)
    takes = shape_words(size)
    write_whole(path, card(plan, run, branches, kind, out, takes, found))
    print(f"{path}: its card")
    return found


def shape_words(size) -> str:
    """Says what pictures a model takes."""
    height, width = size or ("height", "width")
    return f"[batch, {height}, {width}, 3] of uint8"


def whole_model(plan, run, architecture, branches, size: tuple | None = None):
    """Makes the one model of a run: pictures in, features out.

    Args:
        branches: Branch name to trained model.
        size: Height and width of the pictures; None for any.

    Returns:
        A functional `keras.Model` of Keras's own layers and operations,
        `[batch, height, width, 3]` uint8 to `[batch, features]` float32.

    Raises:
        UsageError: if the views or the encoder are no such thing.
    """
    pictures = keras.Input(
        (*(size or (None, None)), 3), dtype="uint8", name="pictures"
    )
    square = resized(pictures, picture_side(run))
    shown = shown_views(plan, architecture.views, square)
    features = [
        plain(encoder_of(branch))(view, training=False)
        for branch, view in zip(branches.values(), shown, strict=True)
    ]
    joined = features[0]
    if len(features) > 1:
        joined = keras.ops.concatenate(features, axis=-1)
    return keras.Model(pictures, joined)


def shown_views(plan, views, square):
    """Returns what each branch sees of symbolic pictures.

    Args:
        views: The `Views` that are judged.
        square: `[batch, side, side, 3]`, uint8, of their picture's side.

    Raises:
        UsageError: if they are made by other operations than Keras's.
    """
    why = ""
    if views.portable is not None:
        try:
            return views.portable(square)
        except Exception as error:  # of the user's own function
            why = f" ({reason_of(error)})"
    raise must(
        "views",
        "made by `tfcmc.views.cropped` of what converts pictures in "
        "keras.ops alone, to be exported",
        f"{plan.views.spec}{why}",
    )


def plain(model):
    """Makes a functional model again, of Keras's own layers, in float32.

    Batch statistics are those of training only, whichever they were of.
    """
    made = {}

    def again(layer):
        if id(layer) not in made:
            made[id(layer)] = _plain_layer(layer)
        return made[id(layer)]

    copy = keras.models.clone_model(model, clone_function=again)
    copy.set_weights(model.get_weights())
    return copy


def _plain_layer(layer):
    if isinstance(layer, keras.Model) and getattr(layer, "inputs", None):
        return plain(layer)
    if not isinstance(layer, keras.layers.Layer):
        return layer
    config, kind = layer.get_config(), type(layer)
    if "dtype" in config:
        config["dtype"] = "float32"
    if isinstance(layer, BatchNormalization):
        del config["groups"]
        kind = keras.layers.BatchNormalization
    try:
        return kind.from_config(config)
    except Exception as error:  # of the user's own class
        told = f"{kind.__name__} ({reason_of(error)})"
        raise must(
            "encoder", "of layers that their config makes again", told
        ) from None


def _write(model, kind, path):
    """Writes a model, without a word of its own."""
    if kind == "keras":
        model.save(path)
        _check_portable(path)
        return
    shape = model.inputs[0].shape
    with warnings.catch_warnings():
        # Keras's patch of tf2onnx asks NumPy for a name that it no longer has.
        warnings.simplefilter("ignore")
        model.export(
            path,
            format="tf_saved_model" if kind == "saved_model" else kind,
            verbose=False,
            input_signature=[keras.InputSpec("uint8", shape, name="pictures")],
        )


def _check_portable(path):
    """Refuses a file that another process could not read."""
    with zipfile.ZipFile(path) as file:
        config = json.loads(file.read("config.json"))
    if strange := sorted(set(_strange_names(config))):
        raise must(
            "format",
            "another one, such as saved_model, for a model with layers of "
            "its own",
            f"keras, and {', '.join(strange)}",
        )


def _strange_names(config):
    """Yields what a model's description names that is not Keras's own."""
    if isinstance(config, dict):
        if "module" in config and not re.match(
            r"(keras|builtins)\b", str(config["module"])
        ):
            yield str(config.get("registered_name"))
        for value in config.values():
            yield from _strange_names(value)
    elif isinstance(config, list):
        for value in config:
            yield from _strange_names(value)


def pictures_of(size: tuple | None, count: int = COMPARED) -> list:
    """Draws pictures to compare by: flat, smooth and noisy, of odd sizes.

    Args:
        size: Height and width of all; None for a size of each one's own.

    Returns:
        Arrays `[1, height, width, 3]`, uint8.
    """
    rng = np.random.default_rng(0)
    drawn = []
    for number in range(count):
        height, width = size or rng.integers(SMALLEST, LARGEST, 2)
        coarse = rng.integers(0, 256, (2 + number % 7, 3, 3), np.uint8)
        smooth = Image.fromarray(coarse).resize((int(width), int(height)))
        noise = rng.normal(0, number % 5 * 10, (height, width, 3))
        picture = np.clip(np.asarray(smooth) + noise, 0, 255)
        drawn.append(picture.astype(np.uint8)[None])
    return drawn


def compare(run, kind: str, path: str, size: tuple | None) -> Comparison:
    """Reads a model without this library and compares it with `tfcmc.load`.

    Args:
        size: Height and width of the pictures it takes; None for any.

    Raises:
        TrainingFailed: if it cannot be read.
    """
    timed = size or (TIMED, TIMED)
    most = max(2, BYTES // (3 * timed[0] * timed[1]))
    drawn = pictures_of(size, min(COMPARED, most))
    (one,) = pictures_of(timed, 1)
    batch = np.repeat(one, min(SEVERAL, most), axis=0)
    transformer = load(str(run.folder))
    encode = transformer.transform
    with tempfile.TemporaryDirectory() as folder:
        given, out = (
            os.path.join(folder, name) for name in ("a.npz", "b.npz")
        )
        named = {f"picture{n:02}": each for n, each in enumerate(drawn)}
        np.savez(given, **named, one=one, batch=batch)
        done = subprocess.run(
            [sys.executable, "-c", ALONE, alone.__file__]
            + [kind, path, given, out],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            told = done.stderr.strip().splitlines()
            why = reason_of(told[-1]) if told else f"code {done.returncode}"
            if done.returncode < 0:
                why = f"ended by {signal.Signals(-done.returncode).name}"
            raise TrainingFailed(
                f"{kind} is not written: without tfcmc it cannot be read "
                f"({why})"
            )
        with np.load(out) as found:
            found = dict(found)
    wanted = np.concatenate([encode(each) for each in drawn])
    ours, theirs = (
        unit(each.astype(np.float64)) for each in (wanted, found["features"])
    )
    cosines = np.sum(ours * theirs, axis=1)
    # What is nothing has no direction, and may be the same.
    cosines[(found["features"] == wanted).all(axis=1)] = 1.0
    return Comparison(
        difference=float(np.max(np.abs(found["features"] - wanted))),
        largest=float(np.max(np.abs(wanted))),
        cosine=float(np.min(cosines)),
        pictures=len(drawn),
        dim=wanted.shape[1],
        branches=transformer.open().names,
        timed=(*timed, len(batch)),
        seconds={
            "tfcmc.load": [alone.timed(encode, each) for each in (one, batch)],
            kind: [found["one"], found["batch"]],
        },
        versions=tuple(map(str, found["versions"])),
    )
