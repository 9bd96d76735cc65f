"""Names of files and classes as text that can be written and shown."""

import re

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
