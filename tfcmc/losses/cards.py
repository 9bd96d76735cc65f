"""Cards of registered members, read from their docstrings.

The docstring is the one source: documentation, the lists that commands print
and the help on one member all say what it says.
"""

import ast
import dataclasses
import inspect
import re
import textwrap

from tfcmc.foundation.errors import number_words
from tfcmc.foundation.registry import Number

HEADINGS = (
    "Formula",
    "Range",
    "At initialisation",
    "At collapse",
    "Args",
    "Returns",
    "Reference",
)
WIDTH = 79
COLUMN = 19  # where texts begin, beside the longest heading
HEADING = re.compile(rf"({'|'.join(HEADINGS)}):\s*(.*)")
ARGUMENT = re.compile(r"    (\w+): (.*)")


@dataclasses.dataclass(frozen=True)
class Card:
    """What a docstring says, part by part, each as one line of text."""

    line: str  # its first sentence
    meaning: tuple  # paragraphs before the first heading
    sections: dict  # heading to text, of those `HEADINGS` that are there
    arguments: dict  # argument name to text


def read_card(function) -> Card:
    """Reads the card of a function.

    Args:
        function: One whose docstring has `HEADINGS`.
    """
    free, sections, heading = [], {}, None
    for line in _docstring(function).splitlines():
        found = HEADING.fullmatch(line)
        if found:
            heading = found.group(1)
            sections[heading] = [found.group(2)]
        elif heading is None:
            free.append(line)
        else:
            sections[heading].append(line)
    first, *rest = "\n".join(free).strip().split("\n\n")
    return Card(
        line=_joined(first.splitlines()),
        meaning=tuple(_joined(part.splitlines()) for part in rest),
        sections={
            name: _joined(lines)
            for name, lines in sections.items()
            if name != "Args"
        },
        arguments=_arguments(sections.get("Args", ())),
    )


def range_words(legal):
    """Says which values of an option are legal.

    Args:
        legal: Its `Number` or `Choice`.

    Returns:
        "a number above 0", or "one of all, hard".
    """
    if isinstance(legal, Number):
        words = number_words(**legal.bounds())
        return words + (", or None" if legal.optional else "")
    words = "one of " + ", ".join(map(str, legal.words))
    if legal.number is not None:
        words += f", or {range_words(legal.number)}"
    return words


def option_words(legal):
    """Says which values of an option are legal, and which a search tries."""
    tried = getattr(legal, "search", None)
    if tried is None:
        return range_words(legal)
    words = f"{range_words(legal)}; searched {tried.low:g} to {tried.high:g}"
    if tried.non_negative is not None:
        words += f" ({tried.non_negative:.3g} for features from 0)"
    return words + (" on a log scale" if tried.scale == "log" else "")


def brief(member):
    """Writes a member's card in short.

    Returns:
        Text: spec with the defaults, line, options, start, collapse,
        reference.
    """
    card = read_card(member.function)
    rows = [
        (name, option_words(legal)) for name, legal in member.legal.items()
    ]
    rows += [
        ("at start", card.sections["At initialisation"]),
        ("at collapse", card.sections["At collapse"]),
        ("reference", card.sections["Reference"]),
    ]
    return "\n".join(
        [_heading(member), wrapped(card.line, "    "), *table(rows, "    ")]
    )


def full(member, notes=()):
    """Writes a member's card in full.

    Args:
        notes: Pairs of a word and what else to say under it.

    Returns:
        Text: everything in the docstring that is not about its tensors.
    """
    card = read_card(member.function)
    options = [
        (name, f"{card.arguments[name]} Legal: {option_words(legal)}.")
        for name, legal in member.legal.items()
    ]
    sections = [
        (name.lower(), text)
        for name, text in card.sections.items()
        if name != "Reference"
    ]
    reference = ("reference", card.sections["Reference"])
    parts = [_heading(member), wrapped(card.line)]
    parts += [wrapped(paragraph) for paragraph in card.meaning]
    for rows in (sections, options, [*notes, reference]):
        if rows:
            parts.append("\n".join(table(rows)))
    return "\n\n".join(parts)


def _docstring(function):
    """Reads a docstring off the source: `python -OO` keeps none."""
    source = textwrap.dedent(inspect.getsource(function))
    return ast.get_docstring(ast.parse(source).body[0])


def _heading(member):
    options = ", ".join(f"{k}={v}" for k, v in member.defaults().items())
    return f"{member.name}({options})" if options else member.name


def table(rows, indent=""):
    """Writes rows of a word and its text, the texts below each other.

    Args:
        rows: Pairs of both.
        indent: What stands before every line.

    Returns:
        A text a row.
    """
    column = max(COLUMN, *(len(word) + 2 for word, _ in rows))
    return [
        wrapped(
            f"{word:<{column}}{text}", indent, further=indent + " " * column
        )
        for word, text in rows
    ]


def wrapped(text, indent="", further=None):
    """Breaks a text into lines, at blanks alone.

    Args:
        text: On one line.
        indent: What stands before the first line.
        further: What stands before the others, or None for the same.
    """
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _arguments(lines):
    """Argument name to text; each starts four columns in."""
    found, name = {}, None
    for line in lines:
        match = ARGUMENT.fullmatch(line)
        if match:
            name = match.group(1)
            found[name] = [match.group(2)]
        elif name is not None:
            found[name].append(line)
    return {name: _joined(lines) for name, lines in found.items()}


def _joined(lines):
    return " ".join(line.strip() for line in lines if line.strip())
