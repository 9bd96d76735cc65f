"""Names of files and classes as text that can be written and shown."""

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # and what undoes its escape
SURROGATES = re.compile("[\ud800-\udfff]")


def plain_text(name: str) -> str:
    """Returns a file's name with "\ufffd" for each byte that is no UTF-8."""
    return SURROGATES.sub("\ufffd", name)


def counted(count: int, singular: str, plural: str) -> str:
    """Returns "1 picture" or "2,000 pictures", for instance."""
    return f"{count:,} {singular if count == 1 else plural}"


def listed(names: list) -> str:
    """Returns "a", "a and b", "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def distinct(value: float) -> str:
    """Returns "0.1" or, of what that would make 0, as many digits as tell."""
    for digits in range(1, 5):
        if float(text := f"{value:.{digits}f}") or not value:
            return text.replace("-0.0", "0.0") if not value else text
    return "0.0"


def option(name: str) -> str:
    """Returns how a setting is written on the command line."""
    return "--" + name.replace("_", "-")


def options(settings: dict) -> list[str]:
    """Returns how settings are given there, a word each: "--epochs=20"."""
    return [f"{option(name)}={value}" for name, value in settings.items()]


def table_cell(value):
    """Returns a value of a CSV file that no spreadsheet takes for a formula.

    Text that begins as a formula does gets an apostrophe before it. So does
    text that begins with one: taking the first off gives every name back.
    """
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def printable(name: str) -> str:
    """Returns a file's name on one line, as no screen or figure obeys it.

    Line breaks, control characters and what is no text are spelt out.
    """
    return "".join(
        sign
        if sign.isprintable()
        else sign.encode("unicode_escape").decode("ascii")
        for sign in name
    )
