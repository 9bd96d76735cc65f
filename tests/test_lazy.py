"""Keras as tfcmc is written for it, whatever else it is set to."""

import importlib
import json
import sys
import types

import numpy as np
import pytest

import tfcmc
from tfcmc.encoders import ENCODERS
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import (
    SETTINGS,
    LazyModule,
    hidden,
    keras,
    load_tensorflow,
    settled,
)

FOREIGN = {
    "floatx": "float16",
    "dtype_policy": "mixed_float16",
    "epsilon": 1e-3,
    "image_data_format": "channels_first",
    "max_epochs": 1,
    "max_steps_per_epoch": 1,
}


@pytest.fixture
def foreign():
    """Keras as another set it: a function that says what it is set to."""
    config = keras.config

    def told():
        found = {name: getattr(config, name)() for name in FOREIGN}
        return found | {"dtype_policy": found["dtype_policy"].name}

    with settled():  # it is as it was afterwards
        for name, value in FOREIGN.items():
            getattr(config, f"set_{name}")(value)
        yield told


def test_keras_own_settings_change_no_network(foreign):
    """Formats, types and limits are ours within, and theirs afterwards."""
    encode = ENCODERS.lookup("paper").function
    with settled():
        assert foreign() == SETTINGS
        found = encode((64, 64, 1), 0)
    assert foreign() == FOREIGN
    assert found.get_layer("features").output.shape == (None, 384)
    assert {weight.dtype for weight in found.weights} == {"float32"}


def test_a_part_leaves_keras_as_it_is(foreign):
    """A loss, a measure and a run's code in another's mixed precision."""
    load_tensorflow.__wrapped__()
    vectors = np.eye(4, dtype=np.float16)
    loss = tfcmc.losses.get("softmax")(vectors, vectors)
    assert loss.dtype == "float32" and 0 < float(loss) < 1e-3
    assert foreign() == FOREIGN


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
