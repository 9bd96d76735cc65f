"""Reads an exported model as those do who have no tfcmc.

Run by its path, as a process of its own: it imports what the format needs and
nothing of this library, which it makes impossible to import.

    python alone.py FORMAT MODEL PICTURES.npz FEATURES.npz
"""

import importlib
import importlib.metadata
import os
import sys
import time

import numpy as np

REPEATS = 30
FEWEST = 5
LONGEST = 5.0  # seconds of measuring, after the fewest
WARM = 3
NEEDED = {
    "keras": ("keras", "tensorflow"),
    "saved_model": ("tensorflow",),
    "onnx": ("onnxruntime",),
    "litert": ("ai-edge-litert",),
}


def of_keras(path):
    """Returns a function of pictures: a `.keras` file's."""
    keras = importlib.import_module("keras")
    return keras.models.load_model(path, safe_mode=True).predict_on_batch


def of_saved_model(path):
    """Likewise a SavedModel's."""
    tf = importlib.import_module("tensorflow")
    loaded = tf.saved_model.load(path)
    return lambda pictures: loaded.serve(pictures).numpy()


def of_onnx(path):
    """Likewise an ONNX file's."""
    onnxruntime = importlib.import_module("onnxruntime")
    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda pictures: session.run(None, {name: pictures})[0]


def of_litert(path):
    """Likewise a LiteRT file's."""
    litert = importlib.import_module("ai_edge_litert.interpreter")
    model = litert.Interpreter(path, num_threads=len(os.sched_getaffinity(0)))
    into = model.get_input_details()[0]["index"]
    out = model.get_output_details()[0]["index"]
    shape = None

    def encode(pictures):
        nonlocal shape
        if pictures.shape != shape:
            shape = pictures.shape
            model.resize_tensor_input(into, shape)
            model.allocate_tensors()
        model.set_tensor(into, pictures)
        model.invoke()
        return model.get_tensor(out)

    return encode


READERS = {
    "keras": of_keras,
    "saved_model": of_saved_model,
    "onnx": of_onnx,
    "litert": of_litert,
}


def timed(encode, pictures):
    """Returns the seconds that each of several calls took."""
    for _ in range(WARM):
        encode(pictures)
    seconds, begun = [], time.perf_counter()
    while len(seconds) < REPEATS and (
        len(seconds) < FEWEST or time.perf_counter() < begun + LONGEST
    ):
        start = time.perf_counter()
        encode(pictures)
        seconds.append(time.perf_counter() - start)
    return np.array(seconds)


def main(kind, path, pictures, out):
    """Encodes the pictures of a file and times those that are to be timed."""
    sys.modules["tfcmc"] = None
    encode = READERS[kind](path)
    given = np.load(pictures)
    shown = [name for name in given if name.startswith("picture")]
    np.savez(
        out,
        features=np.concatenate([encode(given[name]) for name in shown]),
        one=timed(encode, given["one"]),
        batch=timed(encode, given["batch"]),
        versions=[
            f"{name} {importlib.metadata.version(name)}"
            for name in NEEDED[kind]
        ],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
