"""The one sentence in which mistakes are told, and the checks that use it."""

import difflib
import os
import pathlib

LONGEST = 200  # characters of a value in a message


class UsageError(ValueError):
    """A mistake of the user: told in one or two lines, without a traceback."""


class TrainingFailed(Exception):
    """A training, or a search, that came to nothing: told in one line."""


def must(name, condition, received):
    """Makes the error for a value that breaks a condition.

    Args:
        name: What the value is called where the user wrote it.
        condition: What it must be, as the rest of "`name` must be ...".
        received: The value.

    Returns:
        A `UsageError`, to be raised by the caller.
    """
    return UsageError(
        f"`{name}` must be {condition}. Received: {shown(received)}"
    )


def must_be_writable(folder, error):
    """Makes the error for a run folder that the system does not let us use.

    Args:
        folder: Its path.
        error: The `OSError`.

    Returns:
        A `UsageError`, to be raised by the caller.
    """
    return must(
        "run-dir",
        "a folder that can be written to",
        f"{folder} ({error.strerror})",
    )


def shown(value):
    """Writes a value as a message tells it: on one line, and not for ever.

    Args:
        value: Any value.

    Returns:
        Its `repr`, cut where it is long.
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        # Python refuses to write out a number of thousands of digits, and
        # values that hold each other without end.
        text = f"{type(value).__name__} too long to be written"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def unknown(kind, name, known):
    """Makes the error for a name that is not known, with the nearest ones.

    Args:
        kind: What is named: "loss", "option of `softmax`".
        name: The name received.
        known: All known names.

    Returns:
        A `UsageError`, to be raised by the caller.
    """
    near = difflib.get_close_matches(str(name), list(known), n=1)
    near = near or [word for word in known if word.startswith(str(name))]
    hint = f" Did you mean {near[0]}?" if near else ""
    listed = ", ".join(sorted(known)) or "none"
    return UsageError(
        f"Unknown {kind}: {shown(name)}.{hint}\nKnown: {listed}."
    )


def differing(kept: dict, wanted: dict, but=()) -> list[str]:
    """Tells in which settings two records are not the same.

    Args:
        kept: Name to value.
        wanted: Name to value; a name that one of them lacks counts as None.
        but: Names that may differ.

    Returns:
        "batch_size 16 and not 32", one for each that differs.
    """
    return [
        f"{name} {shown(kept.get(name))} and not {shown(wanted.get(name))}"
        for name in dict.fromkeys((*kept, *wanted))
        if name not in but and kept.get(name) != wanted.get(name)
    ]


def is_number(value):
    """Says whether a value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def reason_of(error, longest=LONGEST):
    """Writes why something failed, in one line.

    Args:
        error: An exception, or text.
        longest: Characters, at most.

    Returns:
        The first line of what it says, or its type where it says nothing.
    """
    line = str(error).strip().partition("\n")[0]
    return line[:longest] or type(error).__name__


def number_words(
    *, whole=False, above=None, at_least=None, below=None, at_most=None
):
    """Says which numbers are legal, as `check_number` checks them.

    Args:
        whole: Whether only whole numbers are allowed.
        above: Exclusive lower bound, or None.
        at_least: Inclusive lower bound, or None.
        below: Exclusive upper bound, or None.
        at_most: Inclusive upper bound, or None.

    Returns:
        "a number above 0 and at most 1".
    """
    bounds = {
        "above": above,
        "at least": at_least,
        "below": below,
        "at most": at_most,
    }
    words = " and ".join(
        f"{word} {int(limit) if limit == int(limit) else limit:,}"
        for word, limit in bounds.items()
        if limit is not None
    )
    return f"{'a whole number' if whole else 'a number'} {words}".rstrip()


def check_number(
    name,
    value,
    *,
    whole=False,
    above=None,
    at_least=None,
    below=None,
    at_most=None,
):
    """Checks that a value is a finite number inside its range.

    Args:
        name: What the value is called where the user wrote it.
        value: The value.
        whole: Whether only whole numbers are allowed.
        above: Exclusive lower bound, or None.
        at_least: Inclusive lower bound, or None.
        below: Exclusive upper bound, or None.
        at_most: Inclusive upper bound, or None.

    Raises:
        UsageError: if the value is not such a number.
    """
    condition = number_words(
        whole=whole,
        above=above,
        at_least=at_least,
        below=below,
        at_most=at_most,
    )
    types = (int,) if whole else (int, float)
    if not isinstance(value, types) or isinstance(value, bool):
        raise must(name, condition, value)
    inside = (
        abs(value) < float("inf")
        and (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (below is None or value < below)
        and (at_most is None or value <= at_most)
    )
    if not inside:
        raise must(name, condition, value)


def check_choice(name, value, choices):
    """Checks that a value is one of a few.

    Args:
        name: What the value is called where the user wrote it.
        value: The value.
        choices: The allowed values.

    Raises:
        UsageError: if it is none of them.
    """
    # 1 equals True, and is none of (True, False) all the same.
    if not any(
        isinstance(value, type(choice)) and value == choice
        for choice in choices
    ):
        listed = ", ".join(repr(choice) for choice in choices)
        raise must(name, f"one of {listed}", value)


def check_text(name, value):
    """Checks that a value is text.

    Args:
        name: What the value is called where the user wrote it.
        value: The value.

    Raises:
        UsageError: if it is not.
    """
    if not isinstance(value, str):
        raise must(name, "text", value)


def check_writable(name, path, endings):
    """Checks that a file could be written, before long work.

    Args:
        name: What it is called where the user wrote it.
        path: The file.
        endings: The endings allowed, each with its dot.

    Raises:
        UsageError: if its ending is another, it is a folder, or its folder is
            not there or cannot be written to.
    """
    path = pathlib.Path(path)
    # Unlike pathlib's own, these answer no to a name that is too long.
    if path.suffix not in endings or os.path.isdir(path):
        raise must(name, f"a file ending in {' or '.join(endings)}", str(path))
    if not os.path.isdir(path.parent) or not os.access(path.parent, os.W_OK):
        raise must(name, "in a folder that can be written to", str(path))


def check_pair(anchor, candidates, rows, name="positive"):
    """Checks that a loss's tensors fit each other.

    Args:
        anchor: `[batch, dim]`.
        candidates: `[count, dim]`.
        rows: `[batch]`, whole numbers.
        name: What `rows` is called.

    Raises:
        ValueError: if ranks or static shapes disagree; they are never
            broadcast.
    """
    shapes = [tuple(t.shape) for t in (anchor, candidates, rows)]
    named = f"`anchor`, `candidates` and `{name}` must"
    ranks = tuple(len(shape) for shape in shapes)
    if ranks != (2, 2, 1):
        raise ValueError(
            f"{named} be of shapes [batch, dim], [count, dim] and [batch]. "
            f"Received: {shapes}"
        )
    for first, second in (
        (shapes[0][1], shapes[1][1]),
        (shapes[0][0], shapes[2][0]),
    ):
        if None not in (first, second) and first != second:
            raise ValueError(
                f"{named} agree in dim and batch. Received: {shapes}"
            )
