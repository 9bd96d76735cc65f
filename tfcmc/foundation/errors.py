"""The one sentence in which mistakes are told, and the checks that use it."""

import difflib
import errno
import operator
import os
import pathlib

LONGEST = 200  # characters of a value in a message
# Of a number, in the order in which they are told.
BOUNDS = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}


class UsageError(ValueError):
    """A mistake of the user: told in one or two lines, without a traceback."""


# What a machine answers that may answer otherwise another time.
PASSING = (
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ESTALE,
    errno.ETIMEDOUT,
)


def is_passing(error: BaseException) -> bool:
    """Whether the machine failed, and not what was to be read."""
    number = getattr(error, "errno", None)
    return isinstance(error, MemoryError) or number in PASSING


class TrainingFailed(Exception):
    """A training, or a search, that came to nothing: told in one line."""


def must(name: str, condition: str, received) -> UsageError:
    """Makes the error "`name` must be `condition`. Received: ...", to raise.

    Args:
        name: What the value is called where the user wrote it.
        condition: What it must be.
    """
    return UsageError(
        f"`{name}` must be {condition}. Received: {shown(received)}"
    )


def must_be_writable(folder, error: OSError) -> UsageError:
    """Makes the error for a run folder that the system does not let us use."""
    return must(
        "run-dir",
        "a folder that can be written to",
        f"{folder} ({error.strerror})",
    )


def shown(value) -> str:
    """Writes a value as a message tells it: on one line, and not for ever."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        # Python refuses to write out a number of thousands of digits, and
        # values that hold each other without end.
        text = f"{type(value).__name__} too long to be written"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def unknown(kind: str, name, known) -> UsageError:
    """Makes the error for a name that is not known, with the nearest ones.

    Args:
        kind: What is named: "loss", "option of `softmax`".
    """
    near = difflib.get_close_matches(str(name), list(known), n=1)
    near = near or [word for word in known if word.startswith(str(name))]
    hint = f" Did you mean {near[0]}?" if near else ""
    listed = ", ".join(sorted(known)) or "none"
    return UsageError(
        f"Unknown {kind}: {shown(name)}.{hint}\nKnown: {listed}."
    )


def differing(kept: dict, wanted: dict, but=()) -> list[str]:
    """Tells in which settings, but some, two records are not the same.

    A name that one of them lacks counts as None there.

    Returns:
        "batch_size 16 and not 32", one for each that differs.
    """
    return [
        f"{name} {shown(kept.get(name))} and not {shown(wanted.get(name))}"
        for name in dict.fromkeys((*kept, *wanted))
        if name not in but and kept.get(name) != wanted.get(name)
    ]


def is_number(value) -> bool:
    """Says whether a value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def reason_of(error, longest: int = LONGEST) -> str:
    """Writes why something failed: the first line of an exception or text."""
    line = str(error).strip().partition("\n")[0]
    return line[:longest] or type(error).__name__


def number_words(*, whole: bool = False, **bounds) -> str:
    """Says which numbers are legal: "a number above 0 and at most 1".

    Args:
        whole: Whether only whole numbers are.
        **bounds: Of `BOUNDS`, each a number or None.
    """
    words = " and ".join(
        f"{name.replace('_', ' ')} "
        f"{int(limit) if limit == int(limit) else limit:,}"
        for name in BOUNDS
        if (limit := bounds.get(name)) is not None
    )
    return f"{'a whole number' if whole else 'a number'} {words}".rstrip()


def check_number(name: str, value, *, whole: bool = False, **bounds) -> None:
    """Checks that a value is a finite number inside its range.

    Args:
        name: What the value is called where the user wrote it.
        whole: Whether only whole numbers are allowed.
        **bounds: Of `BOUNDS`, each a number or None.
    """
    right = isinstance(value, int) if whole else is_number(value)
    if (
        not right
        or isinstance(value, bool)
        or not abs(value) < float("inf")
        or not all(
            BOUNDS[bound](value, limit)
            for bound, limit in bounds.items()
            if limit is not None
        )
    ):
        raise must(name, number_words(whole=whole, **bounds), value)


def check_choice(name: str, value, choices) -> None:
    """Raises a `UsageError` unless a value is one of a few."""
    # 1 equals True, and is none of (True, False) all the same.
    if not any(
        isinstance(value, type(choice)) and value == choice
        for choice in choices
    ):
        listed = ", ".join(repr(choice) for choice in choices)
        raise must(name, f"one of {listed}", value)


def check_text(name: str, value) -> None:
    """Raises a `UsageError` unless a value is text."""
    if not isinstance(value, str):
        raise must(name, "text", value)


def check_writable(name: str, path, endings) -> None:
    """Checks that a file could be written, before long work.

    Args:
        name: What it is called where the user wrote it.
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
