"""Records: JSON files of a known form, read back whole or refused.

Disks fail, copies are cut short and files are edited by hand: whatever is
read back goes through here, and nobody below meets what was never written.

A form is what a value must be like: a type; a `Within`; a set of the values
allowed; a tuple of the forms allowed, None among them; a list of one form, for
as many values, or of several, for just these; a dict of name to form, where a
name that ends in ? may be missing, others may be there, and `str` stands for
any name; or a dataclass whose fields are annotated with theirs:
`Annotated[type, form]`.
"""

import dataclasses
import json
import pathlib
import sys
import typing

from tfcmc.foundation.atomic import read_small
from tfcmc.foundation.errors import UsageError, is_number, reason_of

MOST_BYTES = 2**24  # of a record: the longest, of a thousand findings, is less


@dataclasses.dataclass(frozen=True)
class Within:
    """The form of a number from `low` to `high`, or without an end."""

    low: float
    high: float | None = None
    whole: bool = False


SHARE = Within(0, 1)
COUNT = Within(0, whole=True)


def read_record(path, form, writer: str = "a run"):
    """Reads a record of a form.

    Args:
        writer: Who wrote it, in words.

    Returns:
        The value, of a dataclass an instance; None where there is no file.

    Raises:
        UsageError: if the file is not regular, no JSON, not of the form, or
            holds a number that is not finite.
    """
    path = pathlib.Path(path)
    try:
        found = json.loads(read_small(path, MOST_BYTES))
        check_form(found, form)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error, writer) from None
    if dataclasses.is_dataclass(form) and isinstance(form, type):
        return form(**{name: found[name] for name in _fields(form)})
    return found


def damaged(path, why, writer: str = "a run") -> UsageError:
    """Makes the error for a file that is not as it was written.

    Args:
        why: An exception, or text.
        writer: Who wrote it, in words.
    """
    return UsageError(
        f"`{path.name}` must be whole, as {writer} wrote it. "
        f"Received: {path} ({reason_of(why)})"
    )


def check_form(value, form, where: str = "it") -> None:
    """Raises a ValueError unless a value, called `where`, is of a form.

    Its numbers must be finite.
    """
    told = _misfit(value, form, where)
    told = told or next(_not_finite(value, where), None)
    if told:
        raise ValueError(told)


def _fields(kind):
    """Returns name to form of a dataclass's fields."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {
        field.name: getattr(
            hints[field.name], "__metadata__", [hints[field.name]]
        )[0]
        for field in dataclasses.fields(kind)
    }


def _misfit(value, form, where):
    """Says what of a value is not of a form, or returns None."""
    if isinstance(form, Within):
        fits = _is_within(value, form)
    elif dataclasses.is_dataclass(form):
        return _table_misfit(value, _fields(form), where)
    elif isinstance(form, dict):
        return _table_misfit(value, form, where)
    elif isinstance(form, list):
        return _list_misfit(value, form, where)
    elif isinstance(form, tuple):
        told = [_misfit(value, each, where) for each in form]
        return None if None in told else told[0]
    elif isinstance(form, set):
        fits = isinstance(value, str) and value in form
    elif form is float:
        fits = is_number(value)
    elif form is None:
        fits = value is None
    else:
        # True is a whole number to Python.
        fits = isinstance(value, form) and (
            form is bool or not isinstance(value, bool)
        )
    return None if fits else f"{where} is {value!r:.50}"


def _is_within(value, form):
    return (
        is_number(value)
        and value >= form.low
        and (form.high is None or value <= form.high)
        and (not form.whole or isinstance(value, int))
    )


def _table_misfit(value, form, where):
    if not isinstance(value, dict):
        return f"{where} is no table of names"
    if str in form:
        form = dict.fromkeys(value, form[str])
    for key, inner in form.items():
        name = key.removesuffix("?")
        if name not in value:
            if name == key:
                return f"{where} lacks {name}"
        elif told := _misfit(value[name], inner, name):
            return told
    return None


def _list_misfit(value, form, where):
    if not isinstance(value, list):
        return f"{where} is no list"
    forms = form * len(value) if len(form) == 1 else form
    if len(forms) != len(value):
        return f"{where} is a list of {len(value)}"
    told = map(_misfit, value, forms, [where] * len(value))
    return next(filter(None, told), None)


def numbers_in(value, where: str = ""):
    """Yields `(name, number)` of the numbers in what a JSON file holds.

    At any depth; the name is that of the table's entry it stands in.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from numbers_in(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers_in(inner, where)
    elif is_number(value):
        yield where, value


def _not_finite(value, where):
    """Says for each number that is not finite where it is."""
    for name, number in numbers_in(value, where):
        if not abs(number) <= sys.float_info.max:
            yield f"{name} is {number}"
