"""Ranges and choices of a search, as they are written and as they are kept.

Text is matched, never evaluated.
"""

import dataclasses
import math
import re

from tfcmc.foundation.errors import is_number, must

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


@dataclasses.dataclass(frozen=True)
class Option:
    """Something that a search may vary.

    Attributes:
        numeric: Whether it may be a number.
        whole: Whether only a whole number.
        scale: Its usual scale.
        tried: What is searched unless something else is said: a range as
            `Search.space` holds it, or None.
    """

    numeric: bool
    whole: bool = False
    scale: str = "linear"
    tried: dict | None = None


def parse(text):
    """Splits a space into its names and what is written of each.

    Args:
        text: As `--space` takes it.

    Returns:
        Name to text, in the order written.

    Raises:
        UsageError: if it is not of the form.
    """
    if len(text) > LONGEST:
        raise must("space", f"at most {LONGEST:,} characters", len(text))
    found = {}
    for entry in text.split(",") if text.strip() else ():
        name, equals, written = map(str.strip, entry.partition("="))
        name = name.replace("-", "_")
        if not equals or not written or NAME.fullmatch(name) is None:
            raise must("space", FORM, entry.strip())
        if name in found:
            raise must("space", f"without {name} twice", text)
        found[name] = written
    return found


def span_of(name, written, option):
    """Reads a range, low:high or low:high:scale, or choices, a|b.

    Args:
        name: Of the option, for a message.
        written: The text.
        option: The `Option`.

    Returns:
        As `Search.space` holds it.

    Raises:
        UsageError: if it is empty, or not of the option's kind.
    """
    if "|" in written:
        choices = [value_of(name, word, option) for word in written.split("|")]
        if len({repr(choice) for choice in choices}) < len(choices):
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
    low, high = (_value(name, end) for end in (low, high))
    for end in (low, high):
        if not is_number(end):
            raise must(name, "between two numbers", written)
    if not low < high:
        raise must(name, "of a low end below its high end", written)
    if scale == "log" and low <= 0:
        raise must(name, "above 0 on a log scale", written)
    low, high = (typed(name, end, option) for end in (low, high))
    return make_range(low, high, scale, option.whole)


def make_range(low, high, scale, whole=False):
    """Returns a range as `Search.space` holds it."""
    span = {"low": low, "high": high, "scale": scale}
    return span | {"whole": True} if whole else span


def value_of(name, written, option):
    """Reads one value: a number, True, False, None or a word."""
    return typed(name, _value(name, written), option)


def _value(name, text):
    text = text.strip()
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    if WORD.fullmatch(text):
        return LITERALS.get(text.lower(), text)
    raise must(name, "a number or a word", text)


def typed(name, value, option):
    """Makes a whole number a float where the option takes any number."""
    number = is_number(value)
    if number and not option.numeric:
        raise must(name, "a word: it is no number", value)
    if number and isinstance(value, int) and not option.whole:
        return float(value)
    return value


def grid_of(space, trials):
    """Makes ranges into points, so that the whole grid fits the budget.

    Args:
        space: As `Search.space`.
        trials: How many trials, at most.

    Returns:
        A space of choices: every range has as many points, two at least, its
        ends among them.
    """
    ranges = [name for name, span in space.items() if "low" in span]
    others = math.prod(
        len(span["choices"]) for span in space.values() if "choices" in span
    )
    points = 2
    while ranges and others * (points + 1) ** len(ranges) <= trials:
        points += 1
    shares = [number / (points - 1) for number in range(points)]
    return {
        name: span
        if name not in ranges
        else {"choices": sorted({point(span, share) for share in shares})}
        for name, span in space.items()
    }


def point(span, share):
    """Returns the number at a share, from 0 to 1, of a range."""
    low, high = span["low"], span["high"]
    if span["scale"] == "log":
        return rounded(span, low * (high / low) ** share)
    return rounded(span, low + (high - low) * share)


def rounded(span, value):
    """Rounds a number as a range has it: short enough to be written down."""
    low, high = span["low"], span["high"]
    if span.get("whole"):
        return int(min(max(round(value), low), high))
    return float(min(max(float(f"{value:.{DIGITS}g}"), low), high))


def values_text(values):
    """Writes values as `--space` reads them: "temperature=0.1, flip=True"."""
    return ", ".join(f"{name}={value}" for name, value in values.items())
