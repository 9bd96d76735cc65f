"""Training in float16: its gradients, its scale, and going on with it."""

import numpy as np
import pytest

from tests.tiny import make, state_of
from tfcmc.training.stopping import NotFinite, StopWhenNotFinite

SHARP = {"loss": "nce(z=mean, temperature=0.05)"}


def test_gradients_are_those_of_float32():
    """Scaled back they lie within 1 % of them, and the loss within 0.2 %."""
    losses, gradients = [], []
    for precision, scale in (("float32", 1.0), ("float16", 64.0)):
        tiny = make(precision=precision, **SHARP)
        if precision == "float16":
            tiny.model.optimizer.dynamic_scale.assign(scale)
        loss, found, _ = tiny.model.differentiate(tiny.stream.batch(0))
        losses.append(float(loss))
        gradients.append(
            np.concatenate([np.ravel(each) / scale for each in found])
        )
    assert losses[1] == pytest.approx(losses[0], rel=2e-3)
    assert losses[1] != losses[0]
    wanted = np.linalg.norm(gradients[0])
    assert np.linalg.norm(gradients[1] - gradients[0]) < 0.01 * wanted


def test_a_step_that_overflows_is_skipped():
    """It is a step all the same, and the next ones go by half the scale."""
    tiny = make(precision="float16", **SHARP)
    tiny.learn(0, 2)
    tiny.model.optimizer.dynamic_scale.assign(2.0**40)
    before = state_of(tiny.model)
    tiny.learn(2, 1)
    after = state_of(tiny.model)
    changed = {
        name
        for name, value in after.items()
        if name.startswith(("L/", "ab/", "optimizer/"))
        and not np.array_equal(value, before[name])
    }
    assert changed == {"optimizer/iteration", "optimizer/dynamic_scale"}
    assert after["optimizer/dynamic_scale"] == 2.0**39
    assert tiny.model.steps_done() == 3
    stopping = StopWhenNotFinite()
    stopping.set_model(tiny.model)
    stopping.on_train_batch_end(0, {"loss": 1.0})
    tiny.model.optimizer.dynamic_scale.assign(0.5)
    with pytest.raises(NotFinite, match="gradient in float16 is too large"):
        stopping.on_train_batch_end(0, {"loss": 1.0})


def test_it_goes_on_with_its_scale():
    """From what is saved it learns the same, to the bit."""
    one, other = (make(precision="float16", **SHARP) for _ in range(2))
    one.model.optimizer.dynamic_scale.assign(2.0**6)
    one.learn(0, 2)
    other.model.set_state(state_of(one.model))
    for tiny in (one, other):
        tiny.learn(2, 2)
    ends = state_of(one.model), state_of(other.model)
    assert ends[0]["optimizer/step_counter"] == 4
    for name in ends[0]:
        np.testing.assert_array_equal(ends[1][name], ends[0][name], name)
