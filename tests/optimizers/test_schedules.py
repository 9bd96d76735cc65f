"""Learning rates over the steps: numbers by hand."""

import math

import pytest

from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.lazy import keras, tf
from tfcmc.optimizers import SCHEDULES


def read(schedule, steps):
    """Its rates, asked for as an optimizer asks, by a whole number."""
    return [float(schedule(tf.constant(s, tf.int64))) for s in range(steps)]


@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.31, 1.0])
def test_cosine(warmup):
    """A line up, half a cosine down, and 0 from the last step on."""
    steps, rate = 90, 0.3
    schedule = SCHEDULES.lookup("cosine").function(rate, steps, warmup)
    rising = round(warmup * steps)
    want = []
    for step in range(steps):
        if step < rising:
            want.append(rate * step / rising)
        else:
            turn = math.pi * (step - rising) / (steps - rising)
            want.append(rate * (1 + math.cos(turn)) / 2)
    assert read(schedule, steps) == pytest.approx(want, rel=1e-5, abs=1e-7)
    if warmup < 1:
        assert float(schedule(steps)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("warmup", [0.0, 0.05])
def test_cosine_is_keras_own(warmup):
    """The settings by which runs were trained, to the bit."""
    schedule = SCHEDULES.lookup("cosine").function(1e-3, 90, warmup)
    rising = {0.0: 0, 0.05: 4}[warmup]
    own = keras.optimizers.schedules.CosineDecay(
        0.0 if rising else 1e-3,
        90 - rising,
        warmup_target=1e-3 if rising else None,
        warmup_steps=rising,
    )
    assert type(schedule) is type(own)
    assert schedule.get_config() == own.get_config()


def test_constant():
    """A float, which is what Keras wants, whatever it was given."""
    rate = SCHEDULES.lookup("constant").function(1, 90, 0.5)
    assert rate == 1.0 and type(rate) is float


@pytest.mark.parametrize(
    ("spec", "epochs", "falls"),
    [
        ("steps", 200, (120, 160)),  # MoCo
        ("steps(at=(0.5, 0.6666667, 0.8333333))", 240, (120, 160, 200)),  # CMC
        ("steps(at=(0.4, 0.6, 0.8))", 200, (80, 120, 160)),  # InstDisc
        ("steps(at=(0.5,), factor=0.2)", 10, (5,)),
    ],
)
def test_steps(spec, epochs, falls):
    """The first step of such an epoch is the first at the lower rate."""
    bound = SCHEDULES.lookup(spec)
    factor = bound.options["factor"]
    schedule = bound.function(0.03, epochs * 7, 0.05)
    want = [
        0.03 * factor ** sum(step >= 7 * epoch for epoch in falls)
        for step in range(epochs * 7)
    ]
    assert read(schedule, epochs * 7) == pytest.approx(want, rel=1e-6)
    assert SCHEDULES.lookup(bound.spec) == bound


def test_steps_of_the_shortest_training():
    """One step: at its rate or below, and a number."""
    schedule = SCHEDULES.lookup("steps").function(0.5, 1, 0.0)
    assert read(schedule, 2) == pytest.approx([0.5, 0.005])


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("cosin", "Did you mean cosine"),
        ("cosine(factor=0.1)", "Unknown option of cosine"),
        ("steps(factor=1.0)", "`factor` must be .* below 1"),
        ("steps(at=0.5)", "`at` must be rising numbers"),
        ("steps(at=())", "`at` must be rising numbers"),
        ("steps(at=[0.6, 0.8])", "`at` must be rising numbers"),
        ("steps(at=(0.8, 0.6))", "`at` must be rising numbers"),
        ("steps(at=(0.6, 0.6))", "`at` must be rising numbers"),
        ("steps(at=(0.0, 0.6))", "`at` must be rising numbers"),
        ("steps(at=(0.6, 1.0))", "`at` must be rising numbers"),
        ("steps(at=(0.6, '0.8'))", "`at` must be rising numbers"),
        ("steps(at=(True, 0.8))", "`at` must be rising numbers"),
        ("steps(at=(120, 160))", "`at` must be rising numbers"),
    ],
)
def test_bad_options_are_refused(spec, words):
    """In words, before anything is made."""
    with pytest.raises(UsageError, match=words):
        SCHEDULES.lookup(spec)
