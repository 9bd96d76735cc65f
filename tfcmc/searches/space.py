"""What a search varies, and between which ends.

The loss says it where its options register; `--space` narrows, widens, adds
and fixes:

    temperature=0.05:0.5:log, batch_size=64|128|256, encoder.width=2

Options of the loss go by their name, settings of the run by theirs, options
of the encoder as `encoder.NAME`. Text is matched, never evaluated. What is
varied is kept as a span an option, as `Search.space` holds it.
"""

import dataclasses
import math
import re

from tfcmc.experiment.config import PretrainConfig, overlaid
from tfcmc.experiment.recipe import AXES, make_plan
from tfcmc.foundation.errors import UsageError, is_number, must, unknown
from tfcmc.foundation.registry import Anything, Number


@dataclasses.dataclass(frozen=True)
class Option:
    """Something that a search may vary."""

    numeric: bool  # whether it may be a number
    whole: bool | None = False  # only a whole one; None where it is as written
    scale: str = "linear"  # its usual one
    tried: dict | None = None  # the span searched unless another is said


SETTINGS = {
    "learning_rate": Option(True, scale="log"),
    "batch_size": Option(True, whole=True, scale="log"),
    "beta_1": Option(True),
    "beta_2": Option(True),
    "warmup": Option(True),
    "schedule": Option(False),
    "geometry": Option(False),
    "flip": Option(False),
}
# Axes whose options may vary, and what stands before their names.
SPECS = {"loss": "", "encoder": "encoder."}
SCALES = ("log", "linear")
FORM = (
    "written name=low:high, name=low:high:log, name=a|b or name=value, and "
    "parted by commas"
)
LONGEST = 2_000  # characters of a space
NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_]\w*)?", re.ASCII)
WORD = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
NUMBER = re.compile(
    r"[+-]?(\d{1,17}\.?\d{0,17}|\.\d{1,17})([eE][+-]?\d{1,3})?", re.ASCII
)
LITERALS = {"true": True, "false": False, "none": None}
DIGITS = 4  # of a number that a search proposes


def make_space(config, text="", kept=()) -> tuple[PretrainConfig, dict]:
    """Settles what is searched.

    Args:
        config: What all trials have in common.
        text: As `--space` takes it.
        kept: Options of the loss that stay as they are unless `text` names
            them: those that the user wrote out.

    Returns:
        The config with what was fixed, and name to span of what is varied.

    Raises:
        UsageError: if a name is not known, a span is empty or illegal, or
            nothing is left to search.
    """
    known = _options_of(config)
    space = {
        name: option.tried
        for name, option in known.items()
        if option.tried is not None and name not in kept
    }
    fixed = {}
    for name, written in _entries(text).items():
        if name not in known:
            raise unknown("name in --space", name, known)
        space.pop(name, None)
        if ":" in written or "|" in written:
            space[name] = _span_of(name, written, known[name])
        else:
            fixed[name] = _value_of(name, written, known[name])
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


def setting_of(name: str) -> str:
    """Returns the setting that what a search calls so belongs to."""
    axis, dot, _ = name.partition(".")
    return axis if dot or name in SETTINGS else "loss"


def configure(config: PretrainConfig, values: dict) -> PretrainConfig:
    """Puts values, named as a search names them, in their places.

    Raises:
        UsageError: if one is not legal.
    """
    options, others = {axis: {} for axis in SPECS}, {}
    for name, value in values.items():
        if (axis := setting_of(name)) in SPECS:
            options[axis][name.removeprefix(SPECS[axis])] = value
        else:
            others[name] = value
    settings = overlaid(dataclasses.asdict(config), others)
    for axis, changed in options.items():
        if changed:
            bound = AXES[axis].lookup(settings[axis])
            for name, value in changed.items():
                _legal(bound)[name].check(name, value)
            changed = bound.options | changed
            settings[axis] = dataclasses.replace(bound, options=changed).spec
    return PretrainConfig.from_dict(settings)


def values_of(settings: dict, names) -> dict:
    """Reads what a search names so out of settings: `configure` undone."""
    known = dict(settings)
    for axis, prefix in SPECS.items():
        options = AXES[axis].lookup(settings[axis]).options
        known |= {prefix + name: value for name, value in options.items()}
    return {name: known[name] for name in names}


def values_text(values: dict) -> str:
    """Writes values as `--space` reads them: "temperature=0.1, flip=True"."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def share_of(span: dict, value) -> float:
    """Places a value in its span: in [0, 1], linear on the span's scale."""
    if "choices" in span:
        last = max(1, len(span["choices"]) - 1)
        return span["choices"].index(value) / last
    low, high = span["low"], span["high"]
    if span["scale"] == "log":
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low) if high > low else 0.0


def value_at(span: dict, share):
    """Returns the number at a share of a range, or an array of them."""
    low, high = span["low"], span["high"]
    if span["scale"] == "log":
        return low * (high / low) ** share
    return low + (high - low) * share


def rounded(span: dict, value: float) -> float | int:
    """Rounds a number as a range has it: short enough to be written down."""
    low, high = span["low"], span["high"]
    if span.get("whole"):
        return int(min(max(round(value), low), high))
    return float(min(max(float(f"{value:.{DIGITS}g}"), low), high))


def grid_of(space: dict, trials: int) -> dict:
    """Makes ranges into choices, so that the whole grid fits the budget.

    Every range has as many points, two at least, its ends among them.
    """
    ranges = [name for name, span in space.items() if "low" in span]
    others = math.prod(
        len(span["choices"]) for span in space.values() if "choices" in span
    )
    points = 2
    while ranges and others * (points + 1) ** len(ranges) <= trials:
        points += 1
    shares = [number / (points - 1) for number in range(points)]
    return space | {
        name: {
            "choices": sorted(
                {
                    rounded(space[name], value_at(space[name], share))
                    for share in shares
                }
            )
        }
        for name in ranges
    }


def _options_of(config):
    """Returns every name that a search may vary, to its `Option`."""
    found = {axis: AXES[axis].lookup(getattr(config, axis)) for axis in SPECS}
    encoder = found["encoder"]
    non_negative = encoder.member.extra.get("non_negative")
    apart = non_negative is not None and non_negative(encoder.options)
    loss, others = (
        {
            SPECS[axis] + name: _option(legal, apart)
            for name, legal in _legal(bound).items()
        }
        for axis, bound in found.items()
    )
    return loss | SETTINGS | others


def _legal(bound):
    """Returns option name to what is legal: of unknown ones, those written."""
    if bound.member.legal is None:
        return dict.fromkeys(bound.options, Anything())
    return bound.member.legal


def _option(legal, non_negative):
    """Makes an `Option` of what a registry calls legal."""
    if isinstance(legal, Anything):
        return Option(True, whole=None)
    number = legal if isinstance(legal, Number) else legal.number
    if number is None:
        return Option(numeric=False)
    span = number.search
    if span is None:
        return Option(True, number.whole)
    high = span.high
    if non_negative and span.non_negative is not None:
        high = span.non_negative
    tried = _range(span.low, high, span.scale)
    return Option(True, number.whole, span.scale, tried)


def _range(low, high, scale, whole=False):
    span = {"low": low, "high": high, "scale": scale}
    return span | {"whole": True} if whole else span


def _entries(text):
    """Splits a space into its names and what is written of each."""
    if len(text) > LONGEST:
        raise must("space", f"at most {LONGEST:,} characters", len(text))
    found = {}
    for entry in text.split(",") if text.strip() else ():
        name, _, written = map(str.strip, entry.partition("="))
        name = name.replace("-", "_")
        if not written or NAME.fullmatch(name) is None:
            raise must("space", FORM, entry.strip())
        if name in found:
            raise must("space", f"without {name} twice", text)
        found[name] = written
    return found


def _span_of(name, written, option):
    """Reads a range, low:high or low:high:scale, or choices, a|b."""
    if "|" in written:
        choices = [
            _value_of(name, word, option) for word in written.split("|")
        ]
        if len(set(map(repr, choices))) < len(choices):
            raise must(name, "of different choices", written)
        return {"choices": choices}
    low, high, *rest = written.split(":")
    if len(rest) > 1:
        raise must("space", FORM, f"{name}={written}")
    if not option.numeric:
        raise must(name, "of choices, written a|b: it is no number", written)
    scale = rest[0].strip() if rest else option.scale
    if scale not in SCALES:
        raise must(name, f"on a scale {' or '.join(SCALES)}", written)
    low, high = _value(name, low), _value(name, high)
    if not is_number(low) or not is_number(high):
        raise must(name, "between two numbers", written)
    if not low < high:
        raise must(name, "of a low end below its high end", written)
    if scale == "log" and low <= 0:
        raise must(name, "above 0 on a log scale", written)
    whole = isinstance(low, int) and isinstance(high, int)
    low, high = (_typed(name, end, option) for end in (low, high))
    whole = whole if option.whole is None else option.whole
    return _range(low, high, scale, whole)


def _value_of(name, written, option):
    return _typed(name, _value(name, written), option)


def _value(name, text):
    """Reads one value: a number, True, False, None or a word."""
    text = text.strip()
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    if WORD.fullmatch(text):
        return LITERALS.get(text.lower(), text)
    raise must(name, "a number or a word", text)


def _typed(name, value, option):
    """Makes a whole number a float where the option takes any number."""
    if is_number(value) and not option.numeric:
        raise must(name, "a word: it is no number", value)
    if is_number(value) and option.whole is False:
        return float(value)
    return value
