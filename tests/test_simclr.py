"""The documented script on CIFAR-10, shortened; and a collapse planted."""

import functools
import pathlib
import re

import numpy as np
import pytest

from tfcmc.foundation.lazy import keras

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "how" / "simclr.md"
SHORTER = {
    "EPOCHS, SIDE = 256, 10": "EPOCHS, SIDE = 64, 1",
    "[:45000]": "[:256]",
    "45000:46000": "45000:45064",
    "(32, 64, 128, 256)": "(32, 256)",
}
# Of agreement alone, in steps that are too long.
PLANTED = {
    "nt_xent(temperature=0.2)": "cosine",
    "Adam(1e-3)": "Adam(0.1)",
    "64, 1": "64, 4",
}


@pytest.mark.parametrize("planted", [False, True])
def test_the_documented_script(
    planted, photographs, tmp_path, monkeypatch, capsys
):
    """It learns, names a collapse, and its loss is saved with the model."""
    # Not at the top: each of two processes would load it to collect tests.
    import tensorflow_datasets as tfds

    prepared = {"data_dir": photographs, "download": False}
    load = functools.partial(tfds.load, **prepared)
    monkeypatch.setattr("tensorflow_datasets.load", load)
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len(code.splitlines()) <= 60
    for long, short in (SHORTER | (PLANTED if planted else {})).items():
        assert long in code
        code = code.replace(long, short)
    known = {}
    exec(code, known)
    signs = {finding.sign for finding in known["doctor"].findings}
    assert ("one point" in signs) == planted, signs
    assert ("nearly one point" in capsys.readouterr().out) == planted
    history = known["model"].history.history
    assert {"loss", "lidar", "knn"} <= history.keys()
    again = keras.models.load_model("simclr.keras")
    assert again.contrast.get_config() == known["model"].contrast.get_config()
    views = known["first"][:8], known["second"][:8]
    np.testing.assert_array_equal(again(views[0]), known["model"](views[0]))
