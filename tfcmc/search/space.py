"""What a search varies, and between which ends.

The loss says it where its options register; `--space` narrows, widens, adds
and fixes:

    temperature=0.05:0.5:log, batch_size=64|128|256, encoder.width=2

Options of the loss go by their name, settings of the run by theirs, options
of the encoder as `encoder.NAME`.
"""

import dataclasses
import typing

from tfcmc.encoders import ENCODERS
from tfcmc.experiment.config import PretrainConfig
from tfcmc.experiment.recipe import make_plan
from tfcmc.foundation.errors import UsageError, unknown
from tfcmc.foundation.registry import Bound, Number
from tfcmc.losses import LOSSES
from tfcmc.search.ranges import Option, make_range, parse, span_of, value_of

# Settings of the run that a search may vary, and their usual scale.
SETTINGS = {
    "learning_rate": "log",
    "batch_size": "log",
    "beta_1": "linear",
    "beta_2": "linear",
    "warmup": "linear",
    "schedule": None,
    "geometry": None,
    "flip": None,
}
ENCODER = "encoder."


def make_space(config, text="", kept=()):
    """Settles what is searched.

    Args:
        config: A `PretrainConfig`.
        text: As `--space` takes it.
        kept: Options of the loss that stay as they are unless `text` names
            them: those that the user wrote out.

    Returns:
        `(config, space)`: the config with what was fixed, and what is varied,
        as `Search.space` holds it.

    Raises:
        UsageError: if a name is not known, a range is empty or illegal, or
            nothing is left to search.
    """
    known = options_of(config)
    space = {
        name: option.tried
        for name, option in known.items()
        if option.tried is not None and name not in kept
    }
    fixed = {}
    for name, written in parse(text).items():
        if name not in known:
            raise unknown("name in --space", name, known)
        space.pop(name, None)
        if ":" in written or "|" in written:
            space[name] = span_of(name, written, known[name])
        else:
            fixed[name] = value_of(name, written, known[name])
    config = configure(config, fixed)
    for name, span in space.items():
        for value in span.get("choices", (span.get("low"), span.get("high"))):
            make_plan(configure(config, {name: value}), check_data=False)
    make_plan(config, check_data=False)
    if not space:
        raise UsageError(
            f"`space` must leave something to search: {config.loss} has "
            f"nothing else that is searched unasked. Received: {text!r}"
        )
    # In one order: what a tuner draws depends on it.
    return config, {name: space[name] for name in known if name in space}


def options_of(config):
    """Returns every name that a search may vary, to its `Option`."""
    loss, encoder = LOSSES.lookup(config.loss), ENCODERS.lookup(config.encoder)
    hints = typing.get_type_hints(PretrainConfig)
    apart = encoder.member.extra.get("non_negative", lambda options: False)(
        encoder.options
    )
    found = {
        name: _option(legal, apart)
        for name, legal in loss.member.legal.items()
    }
    for name, scale in SETTINGS.items():
        numeric = hints[name] in (int, float)
        found[name] = Option(
            numeric, hints[name] is int, scale if numeric else "linear"
        )
    for name, legal in encoder.member.legal.items():
        found[ENCODER + name] = _option(legal, apart)
    return found


def configure(config, values):
    """Puts values in their places.

    Args:
        config: A `PretrainConfig`.
        values: Name to value, as a search names them.

    Returns:
        A `PretrainConfig`.

    Raises:
        UsageError: if a value is not legal.
    """
    loss, encoder = LOSSES.lookup(config.loss), ENCODERS.lookup(config.encoder)
    settings = dataclasses.asdict(config)
    parts = {"loss": (loss, {}), "encoder": (encoder, {})}
    for name, value in values.items():
        if name in loss.options:
            parts["loss"][1][name] = value
        elif name.startswith(ENCODER):
            parts["encoder"][1][name.removeprefix(ENCODER)] = value
        else:
            settings[name] = value
    for axis, (bound, options) in parts.items():
        if options:
            for name, value in options.items():
                bound.member.legal[name].check(name, value)
            settings[axis] = Bound(
                bound.member, bound.options | options, bound.argument
            ).spec
    return PretrainConfig.from_dict(settings)


def _option(legal, non_negative):
    """Makes an `Option` of what a registry calls legal."""
    number = legal if isinstance(legal, Number) else legal.number
    if number is None:
        return Option(numeric=False)
    span, scale, tried = number.search, "linear", None
    if span is not None:
        high = span.high
        if non_negative and span.non_negative is not None:
            high = span.non_negative
        tried, scale = make_range(span.low, high, span.scale), span.scale
    return Option(True, number.whole, scale, tried)
