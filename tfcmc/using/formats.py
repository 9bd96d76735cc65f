"""The formats that a run is exported to, known before anything is loaded."""

import importlib.util
import os
import pathlib
import re
import typing

from tfcmc.foundation.atomic import read_small
from tfcmc.foundation.errors import (
    UsageError,
    check_choice,
    check_writable,
    must,
)
from tfcmc.runs.folder import Run, make_folder

LARGEST = 4096  # side of pictures of a fixed size, in pixels
NAME = "features"
CARD = "Pictures to features, by a run of tfcmc:"  # by which a card is known
MOST_CARD = 2**20  # bytes of one
SAVED_MODEL = {"assets", "fingerprint.pb", "saved_model.pb", "variables"}


class Format(typing.NamedTuple):
    """A format of models."""

    suffix: str  # of its file; empty for a folder
    packages: dict  # that it needs beside this library, by modules' names
    sized: bool  # whether the size of the pictures has to be fixed
    call: str  # how it is called, in three lines


FORMATS = {
    "keras": Format(
        ".keras",
        {},
        False,
        """import keras
model = keras.models.load_model({path!r})
features = model.predict(pictures)""",
    ),
    "saved_model": Format(
        "",
        {},
        False,
        """import tensorflow as tf
model = tf.saved_model.load({path!r})
features = model.serve(pictures).numpy()""",
    ),
    "onnx": Format(
        ".onnx",
        {"tf2onnx": "tf2onnx", "onnxruntime": "onnxruntime"},
        False,
        """import onnxruntime
model = onnxruntime.InferenceSession({path!r})
features = model.run(None, {{"pictures": pictures}})[0]""",
    ),
    "litert": Format(
        ".tflite",
        {"ai_edge_litert": "ai-edge-litert"},
        True,
        """from ai_edge_litert.interpreter import Interpreter
model = Interpreter({path!r}).get_signature_runner()
features = model(pictures=pictures)["output_0"]""",
    ),
}


def check_format(name: str) -> Format:
    """Returns a format that can be written here.

    Raises:
        UsageError: if it is not known, or needs what is not installed.
    """
    check_choice("format", name, FORMATS)
    found = FORMATS[name]
    missing = [
        package
        for module, package in found.packages.items()
        if not importlib.util.find_spec(module)
    ]
    if missing:
        raise UsageError(
            f"`format` must be one whose packages are installed. Received: "
            f"{name!r}, without {' and '.join(missing)}.\n"
            f'Install them: pip install "tfcmc[{name}]" (or '
            f"{' '.join(missing)})."
        )
    return found


def parse_size(given: str | int | tuple) -> tuple:
    """Reads the height and width of pictures: "480x640", or "224" for both.

    Numbers will do: `(480, 640)`, or 224.

    Raises:
        UsageError: if it is none.
    """
    several = isinstance(given, tuple | list)
    text = "x".join(map(str, given)) if several else str(given)
    found = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", text)
    sides = found and [int(side or found[1]) for side in found.groups()]
    if not sides or not all(1 <= side <= LARGEST for side in sides):
        raise must(
            "size",
            f"HEIGHTxWIDTH in pixels, each at most {LARGEST}, such as 480x640",
            given,
        )
    return tuple(sides)


def place_of(run: Run, kind: Format, out: str | None) -> pathlib.Path:
    """Returns where a model is written to: `out`, or in the run's folder."""
    if out is None:
        folder = run.folder / "export"
        make_folder(folder)
        path = folder / f"{NAME}{kind.suffix}"
    else:
        path = pathlib.Path(os.path.abspath(out))
        _check_place(path, kind, out)
    _check_card(path)
    return path


def card_of(path: pathlib.Path) -> pathlib.Path:
    """Returns where the card of a model is, beside it."""
    return path.with_name(f"{path.name}.md")


def _check_place(path, kind, out):
    """Refuses where a model cannot be, or would take the place of another."""
    if kind.suffix:
        check_writable("out", path, (kind.suffix,))
        return
    check_writable("out", path.parent / "any.pb", (".pb",))
    there = set(os.listdir(path)) if path.is_dir() else set()
    # What is there gives way to the new one.
    if not there <= SAVED_MODEL or path.is_file():
        raise must("out", "a new folder, or that of a SavedModel", str(out))


def _check_card(path):
    """Refuses a model whose card would take the place of another file."""
    card = card_of(path)
    try:
        ours = CARD in read_small(card, MOST_CARD)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        ours = False
    if not ours:
        told = f"such that its card, {card.name}, replaces no other file"
        raise must("out", told, str(path))
