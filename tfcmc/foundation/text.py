"""Names of files and classes as text that can be written and shown."""

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # and what undoes its escape
SURROGATES = re.compile("[\ud800-\udfff]")


def plain_text(name):
    """Returns a name whose bytes are no UTF-8 as text that is.

    Args:
        name: Text as Python has a file's name: with lone surrogates for bytes
            that are no UTF-8.

    Returns:
        Text; "\ufffd" stands for what is none.
    """
    return SURROGATES.sub("\ufffd", name)


def counted(count, singular, plural):
    """Returns a number of things with the words for them.

    Args:
        count: How many.
        singular: The words for one.
        plural: The words for any other number.

    Returns:
        "1 picture" or "2,000 pictures", for instance.
    """
    return f"{count:,} {singular if count == 1 else plural}"


def table_cell(value):
    """Returns a value of a CSV file that no spreadsheet takes for a formula.

    Args:
        value: A name or a number.

    Returns:
        The value; text that begins as a formula does has an apostrophe before
        it. So has text that begins with one: taking the first off again gives
        every name back.
    """
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def printable(name):
    """Returns a name that neither a screen nor a figure obeys.

    Args:
        name: Text as Python has a file's name.

    Returns:
        One line of text; line breaks, control characters and what is no text
        are spelt out.
    """
    return "".join(
        sign
        if sign.isprintable()
        else sign.encode("unicode_escape").decode("ascii")
        for sign in name
    )
