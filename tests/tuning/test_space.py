"""What is searched: as losses declare it, and as `--space` says it."""

import dataclasses
import math

import numpy as np
import pytest

from tfcmc.encoders import ENCODERS
from tfcmc.experiment.config import PretrainConfig, make_config, overlaid
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError
from tfcmc.losses import LOSSES
from tfcmc.searches.space import (
    configure,
    grid_of,
    make_space,
    rounded,
    share_of,
    value_at,
    values_of,
    values_text,
)
from tfcmc.searches.study import plan_search


def space_of(text="", **settings):
    return make_space(make_config(settings), text)


@pytest.mark.parametrize("name", LOSSES.names())
def test_every_loss_can_be_searched(name):
    """Its own options, within what is legal; the defaults are among them.

    A prediction has none to search: what is has to be said.
    """
    if LOSSES.lookup(name).member.extra.get("kind") == "prediction":
        with pytest.raises(UsageError, match="something to search"):
            space_of(loss=name, target="stopped", force=True)
        return
    # Codes are of views of one branch.
    config, space = space_of(loss=name, views="rgb")
    options = LOSSES.lookup(name).options
    assert space and space.keys() <= options.keys()
    for option, span in space.items():
        assert span["low"] <= options[option] <= span["high"]
        for share in (0.0, 0.3, 1.0):
            tried = rounded(span, value_at(span, share))
            configure(config, {option: tried})


def test_ranges_as_declared():
    """Temperatures on a log scale; margins as far as vectors can be apart."""
    assert space_of(loss="softmax")[1] == {
        "temperature": {"low": 0.02, "high": 1, "scale": "log"}
    }
    for name in ("triplet", "spring"):
        assert space_of(loss=name)[1]["margin"]["high"] == 2
        apart = space_of(loss=name, encoder="paper(final_relu=True)")[1]
        assert apart["margin"]["high"] == pytest.approx(math.sqrt(2))
        # A projection after the ReLU has coordinates of both signs.
        projected = "paper(final_relu=True, dim=9)"
        assert space_of(loss=name, encoder=projected)[1]["margin"]["high"] == 2


def test_narrowed_widened_added_and_fixed():
    """Every form of `--space`, each with its type."""
    config, space = space_of(
        "mining=all|hard , margin=0.1:3, learning-rate=1e-4:3e-3,"
        "batch_size=64|128, encoder.dim=none|32, encoder.width=0.5:2:linear,"
        "flip=True|false, beta_1=0, warmup=0:1",
        loss="triplet",
    )
    assert space == {
        "margin": {"low": 0.1, "high": 3.0, "scale": "log"},
        "mining": {"choices": ["all", "hard"]},
        "learning_rate": {"low": 1e-4, "high": 3e-3, "scale": "log"},
        "batch_size": {"choices": [64, 128]},
        "warmup": {"low": 0.0, "high": 1.0, "scale": "linear"},
        "flip": {"choices": [True, False]},
        "encoder.width": {"low": 0.5, "high": 2.0, "scale": "linear"},
        "encoder.dim": {"choices": [None, 32]},
    }
    assert (config.beta_1, type(config.beta_1)) == (0.0, float)
    assert type(space["batch_size"]["choices"][0]) is int
    # The order is the same, however it was written: what is drawn hangs on it.
    _, again = space_of("batch_size=64|128, mining=all|hard", loss="triplet")
    assert list(again) == ["margin", "mining", "batch_size"]
    _, whole = space_of("batch_size=32:256")
    assert whole["batch_size"]["whole"] is True


def test_values_reach_the_specs_and_come_back():
    """What is fixed is in the loss and the encoder of every trial.

    What a line of the screen shows is a space that fixes it.
    """
    config, space = space_of(
        "margin=0.4, mining=all|hard, encoder.width=2", loss="triplet"
    )
    assert list(space) == ["mining"]
    values = {"mining": "hard", "flip": False, "encoder.dim": 8}
    tried = configure(config, values)
    assert LOSSES.lookup(tried.loss).options == {
        "margin": 0.4,
        "mining": "hard",
        "squared": False,
    }
    assert ENCODERS.lookup(tried.encoder).options["width"] == 2.0
    values["margin"] = 0.4
    assert values_of(dataclasses.asdict(tried), values) == values
    written, _ = space_of(values_text(values) + ", warmup=0:1", loss="triplet")
    wanted = configure(PretrainConfig(loss="triplet"), values)
    assert (written.loss, written.encoder) == (wanted.loss, wanted.encoder)
    assert written.flip is False


def test_a_decay_is_what_is_searched():
    """Settled settings have Adam's decays in the optimizer's spec, too."""
    search, config, _ = plan_search({"space": "beta_1=0.1:0.9, beta_2=0.9"})
    assert list(search.space) == ["temperature", "beta_1"]
    tried = make_plan(configure(config, {"beta_1": 0.85})).config
    assert (tried.beta_1, tried.beta_2) == (0.85, 0.9)
    assert tried.optimizer == "adam(beta_1=0.85, beta_2=0.9)"
    again = make_plan(configure(tried, {"flip": False})).config
    assert again.optimizer == tried.optimizer
    settled = dataclasses.asdict(tried)
    given = overlaid(settled, {"optimizer": "adam(beta_1=0.3)"})
    assert make_plan(PretrainConfig(**given)).config.beta_1 == 0.3
    given = overlaid(settled, {"beta_2": 0.99})
    assert make_plan(PretrainConfig(**given)).optimizer.options == {
        "beta_1": 0.85,
        "beta_2": 0.99,
    }


def test_what_the_loss_writes_out_stays():
    """Unless the space names it; a preset's own words do not count."""
    given = {"loss": "debiased(tau_plus=0.2)"}
    search, config, _ = plan_search(dict(given))
    assert list(search.space) == ["temperature"]
    assert "tau_plus=0.2" in config.loss
    search, _, _ = plan_search(given | {"space": "tau_plus=0.1:0.2"})
    assert search.space["tau_plus"]["high"] == 0.2
    search, config, _ = plan_search({"loss": "triplet", "preset": "paper"})
    assert "margin=0.5" in config.loss
    # The paper's encoder ends in a ReLU.
    assert search.space["margin"]["high"] == pytest.approx(math.sqrt(2))
    assert config.judge_on == "validation"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("temprature=0.1:1", "Did you mean temperature"),
        ("margin=0.1:1", "Unknown name in --space: 'margin'"),
        ("epochs=1:5", "Unknown name"),
        ("temperature", "name=low:high"),
        ("=0.1", "name=low:high"),
        ("temperature=0.1:1,", "name=low:high"),
        ("temperature=1:2:log:3", "name=low:high"),
        ("temperature=0.1:1, temperature=1", "twice"),
        ("temperature=1:0.1", "below its high end"),
        ("temperature=0.1:0.1", "below its high end"),
        ("temperature=0:1:log", "above 0 on a log scale"),
        ("temperature=0:1:linear", "`temperature` must be a number above 0"),
        ("temperature=0.1:101", "at most 100"),
        ("temperature=0.1:1:cubic", "on a scale log or linear"),
        ("temperature=low:high", "between two numbers"),
        ("temperature=None:1", "between two numbers"),
        ("temperature=1|1.0", "different choices"),
        ("temperature=hot", "`temperature` must be a number"),
        ("temperature=1e999", "a number"),
        ("temperature=nan:1", "between two numbers"),
        ("learning_rate=1e-3:20", "`learning-rate` must be"),
        ("batch_size=1|64", "`batch-size` must be"),
        ("batch_size=2.5:8", "a whole number"),
        ("flip=0|1", "`flip` must be a word"),
        ("flip=maybe", "`flip` must be one of True, False"),
        ("geometry=0:1", "written a|b"),
        ("geometry=shared|apart", "one of 'independent', 'shared'"),
        ("encoder.depth=3", "Unknown name"),
        ("encoder.dim=0|32", "`dim` must be"),
        ("temperature=0.3", "leave something to search"),
        ("temperature=__import__('os').system('false')", "a number or a word"),
        ("temperature=(1)|2", "a number or a word"),
        ("temperature=" + "9" * 1000, "a number or a word"),
        ("a.b.c=1", "name=low:high"),
        ("\N{GREEK SMALL LETTER TAU}=1", "name=low:high"),
        ("temperature=1_0", "a number or a word"),
        ("temperature=0.1:1 " + "," * 2000, "2,000 characters"),
    ],
)
def test_mistakes(text, told):
    """One or two plain lines, whatever is written."""
    with pytest.raises(UsageError) as caught:
        space_of(text)
    assert told in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


def test_margins_of_another_loss():
    """An option is legal as the loss has it."""
    with pytest.raises(UsageError, match="at most 4"):
        space_of("margin=1:5", loss="spring")
    with pytest.raises(UsageError, match="below 1"):
        space_of("margin=0.5:1.5", loss="circle")
    _, space = space_of("z=exact|2.5", loss="nce")
    assert space["z"] == {"choices": ["exact", 2.5]}


@pytest.mark.parametrize("trials", [1, 4, 7, 20, 64])
def test_grid(trials):
    """As many points a range as the budget has room for, both ends too."""
    _, space = space_of(
        "temperature=0.02:2:log, batch_size=32:36, flip=True|False"
    )
    grid = grid_of(space, trials)
    sizes = [len(span["choices"]) for span in grid.values()]
    wanted = max([n for n in range(2, 99) if 2 * n * n <= trials], default=2)
    assert sizes == [wanted, min(wanted, 5), 2]
    temperatures = grid["temperature"]["choices"]
    assert (temperatures[0], temperatures[-1]) == (0.02, 2.0)
    ratios = np.diff(np.log(temperatures))
    np.testing.assert_allclose(ratios, ratios[0], rtol=2e-3)
    assert all(type(size) is int for size in grid["batch_size"]["choices"])


def test_rounded(rng):
    """Four digits, and never outside the range."""
    low, high = 0.12344, 1.414213562
    span = {"low": low, "high": high, "scale": "linear"}
    assert rounded(span, low) == low and rounded(span, high) == 1.414
    for value in rng.uniform(low, high, 100):
        near = rounded(span, value)
        assert low <= near <= high
        assert near == low or near == float(f"{value:.4g}")


def test_places_in_a_range(rng):
    """Ends at 0 and 1, even on its scale, and back again."""
    for low, high, scale in ((0.02, 1, "log"), (-3, 5, "linear")):
        span = {"low": low, "high": high, "scale": scale}
        shares = rng.uniform(size=8)
        back = [share_of(span, value) for value in value_at(span, shares)]
        np.testing.assert_allclose(back, shares)
        assert (share_of(span, low), share_of(span, high)) == (0, 1)
    assert value_at({"low": 1, "high": 4, "scale": "log"}, 0.5) == 2
    words = {"choices": ["all", "hard", "semihard"]}
    assert [share_of(words, word) for word in words["choices"]] == [0, 0.5, 1]


def test_an_encoder_of_the_users_own(tmp_path, monkeypatch):
    """Its options are searched as they are written, whole or not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "def build(shape, seed, *, width=8, norm='none', rate=0.1): pass\n"
    )
    config, space = space_of(
        "encoder.width=4:16, encoder.rate=1|0.5, encoder.norm=none|batch",
        encoder="mine.py:build(norm=local)",
    )
    assert space["encoder.width"]["whole"] is True
    assert space["encoder.rate"] == {"choices": [1, 0.5]}
    tried = configure(config, {"encoder.width": 12, "encoder.norm": "batch"})
    _, _, call = tried.encoder.rpartition(":")
    assert call == "build(width=12, norm=batch, rate=0.1)"
    with pytest.raises(UsageError, match="Unknown name"):
        space_of("encoder.depth=3", encoder="mine.py:build")
