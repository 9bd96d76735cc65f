"""Keras as tfcmc is written for it, whatever else it is set to."""

import importlib
import json
import sys
import types

import numpy as np
import pytest

from tfcmc.encoders import ENCODERS
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import (
    LazyModule,
    hidden,
    keras,
    load_tensorflow,
)


def test_keras_own_settings_change_no_network():
    """Formats, types and limits of Keras's own are set to what they were."""
    encode = ENCODERS.lookup("paper").function
    wanted = encode((64, 64, 1), 0)
    config = keras.config
    config.set_image_data_format("channels_first")
    config.set_floatx("float16")
    config.set_dtype_policy("float16")
    config.set_epsilon(1e-3)
    config.set_max_epochs(1)
    config.set_max_steps_per_epoch(1)
    load_tensorflow.__wrapped__()
    found = encode((64, 64, 1), 0)
    assert found.get_layer("features").output.shape == (None, 384)
    for one, other in zip(found.weights, wanted.weights, strict=True):
        assert one.dtype == "float32"
        np.testing.assert_array_equal(one, other)
    assert config.epsilon() == 1e-7
    assert (config.max_epochs(), config.max_steps_per_epoch()) == (None, None)


def _variable(monkeypatch, home):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    return "KERAS_BACKEND"


def _file(monkeypatch, home):
    monkeypatch.setenv("KERAS_HOME", str(home))
    (home / "keras.json").write_text(json.dumps({"backend": "jax"}))
    return "keras.json"


def _imported(monkeypatch, home):
    config = types.SimpleNamespace(backend=lambda: "jax")
    fake = types.SimpleNamespace(config=config)
    monkeypatch.setitem(sys.modules, "keras", fake)
    return "imported already"


@pytest.mark.parametrize("choose", [_variable, _file, _imported])
def test_another_backend_is_refused(choose, monkeypatch, tmp_path):
    """Wherever it was chosen: before anything is loaded, with what to do."""
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "keras")
        patch.delenv("KERAS_BACKEND", raising=False)
        where = choose(patch, tmp_path)
        with pytest.raises(UsageError) as refused:
            make_plan(PretrainConfig())
    assert "'jax'" in str(refused.value) and where in str(refused.value)
    assert "set KERAS_BACKEND=tensorflow" in str(refused.value)


def test_attributes_are_looked_up_once():
    """What was asked for is kept: a look-up costs microseconds each time."""
    module = LazyModule("fractions")
    assert "Fraction" not in vars(module)
    assert module.Fraction is vars(module)["Fraction"]


def test_hidden_modules(monkeypatch):
    """What is not loaded is not there meanwhile; what is stays."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with hidden("colorsys", "json"):
        assert importlib.import_module("json") is json
        with pytest.raises(ImportError):
            importlib.import_module("colorsys")
    assert importlib.import_module("colorsys").rgb_to_hsv(1, 0, 0) == (0, 1, 1)
