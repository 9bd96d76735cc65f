"""Functions of a user's own, as specs that other processes understand.

One in a module is named. One of a notebook, of a script or within another
function is written to a file, with all that it uses: a process that trains
must not run the script again.
"""

import builtins
import functools
import hashlib
import inspect
import pathlib
import symtable
import sys
import textwrap
import types
from collections.abc import Callable

import numpy as np

from tfcmc.foundation.atomic import write_whole
from tfcmc.foundation.errors import must
from tfcmc.foundation.registry import is_plain, spelt
from tfcmc.runs.folder import make_folder

# Of what may be a function, the name of its first parameter.
FIRST = {"encoder": "shape", "views": "frame"}
FIRST |= dict.fromkeys(("head", "predictor"), "features")


def spec_of(axis: str, function: Callable, folder: pathlib.Path) -> str:
    """Returns the spec of a function.

    Args:
        axis: One of `FIRST`.
        function: A function, or a `functools.partial` of one by names.
        folder: Where its text is written, if it lies in no module.

    Raises:
        UsageError: if it is no function, takes something else first, or uses
            what cannot be written down.
    """
    options = {}
    if isinstance(function, functools.partial) and not function.args:
        function, options = (
            function.func,
            {
                option: value.item()
                if isinstance(value, np.generic)
                else value
                for option, value in function.keywords.items()
            },
        )
    if not inspect.isfunction(function):
        raise must(axis, "a spec or a function", function)
    name = function.__name__
    if next(iter(inspect.signature(function).parameters), "") != FIRST[axis]:
        told = f"a function of `{FIRST[axis]}`"
        raise must(axis, told, f"{name}{inspect.signature(function)}")
    return f"{_place(axis, function, folder)}:{spelt(name, options)}"


def _place(axis, function, folder):
    """The module or file that has the function."""
    module, name = sys.modules.get(function.__module__), function.__name__
    file = getattr(module, "__file__", None) or ""
    named = getattr(module, name, None) is function and file.endswith(".py")
    if named and module.__name__ != "__main__":
        # Another process may find no module beside a notebook by its name.
        packaged = bool(module.__package__)
        return module.__name__ if packaged else str(pathlib.Path(file))
    text = "\n\n".join(_Text(axis).of(function)) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    path = folder.absolute() / f"{name}-{digest}.py"
    if not path.exists():
        make_folder(folder)
        write_whole(path, text)
        print(f"  note: the {axis} is written to {path}")
    return str(path)


class _Text:
    """The text of a function, and before it that of all that it uses."""

    def __init__(self, axis):
        self._axis = axis  # what the function is to be, for messages
        self._parts, self._values = {}, {}

    def of(self, function) -> list:
        """Returns the parts of the text, in an order that runs."""
        self._add_function(function)
        return list(self._parts.values())

    def _add_function(self, function):
        try:
            text = textwrap.dedent(inspect.getsource(function))
        except OSError:
            raise self._refused(function, "whose text is not known") from None
        if not text.startswith(f"def {function.__name__}("):
            raise self._refused(function, "which is no plain `def`")
        known = dict(function.__globals__)
        if function.__closure__:
            names = function.__code__.co_freevars
            cells = zip(names, function.__closure__, strict=True)
            known |= {name: cell.cell_contents for name, cell in cells}
        self._parts[function.__name__] = ""  # it may call itself
        for name in sorted(_used(text) & known.keys()):
            value = known[name]
            known_as = self._values.setdefault(name, value)
            alike = is_plain(value) and is_plain(known_as)
            alike = alike and known_as == value
            if known_as is not value and not alike:
                told = f"which uses another {name} than what it calls"
                raise self._refused(function, told)
            if name not in self._parts:
                self._add(name, value, function)
        del self._parts[function.__name__]
        self._parts[function.__name__] = text.strip() + "\n"

    def _add(self, name, value, user):
        """Adds what makes `name` be `value`."""
        module = getattr(value, "__module__", None)
        if isinstance(value, types.ModuleType):
            self._parts[name] = f"import {value.__name__} as {name}"
        elif isinstance(value, types.FunctionType) and (
            module == user.__module__ and value.__name__ == name
        ):
            self._add_function(value)
        elif (
            hasattr(value, "__name__")
            and module not in (None, "__main__")
            and getattr(sys.modules.get(module), value.__name__, None) is value
        ):
            words = f"import {value.__name__} as {name}"
            self._parts[name] = f"from {module} {words}"
        elif is_plain(value):
            self._parts[name] = f"{name} = {value!r}"
        else:
            raise self._refused(user, f"which uses {name}")

    def _refused(self, function, told):
        return must(
            self._axis,
            "a function in a file of its own, or one that uses modules, "
            "functions and plain values alone",
            f"{function.__name__}, {told}",
        )


def _used(text):
    """The names that a function takes from outside."""
    found, tables = set(), [symtable.symtable(text, "<function>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced()
            and (symbol.is_global() or table.get_type() == "module")
        }
    return found - vars(builtins).keys()
