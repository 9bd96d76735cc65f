"""Functions of a user's own file, found by a spec `module:function`."""

import contextlib
import dataclasses
import functools
import hashlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import linecache
import pathlib
import random
import sys
from collections.abc import Callable

from tfcmc.foundation import lazy
from tfcmc.foundation.errors import UsageError, must, reason_of, unknown
from tfcmc.foundation.imported import imported_files, text_of
from tfcmc.foundation.paths import is_same
from tfcmc.foundation.registry import Anything, Member, is_plain

GIVEN = ("seed", "batch_norm")  # parameters that are no options
REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_ran = {}  # name of a file's module to the texts that it was run with
_texts = {}  # module name to its spec and the SHA-256 of its text


@dataclasses.dataclass(frozen=True)
class Code:
    """Where a function of the user's own comes from."""

    file: str  # its path
    sha256: str  # of its text
    beside: str = ""  # that of the files that it imports from its folder

    def record(self) -> dict:
        """Returns what a run's identity says of it."""
        found = dataclasses.asdict(self)
        return {name: each for name, each in found.items() if each}


def own_member(
    kind: str, place: str, name: str, first: str, wrap: Callable = lambda f: f
) -> Member:
    """Makes a member of a table of a function of the user's own.

    Its options are the function's arguments that have a default.

    Args:
        kind: What it is to be: "encoder".
        place: A module that Python finds, or the path of a .py file.
        name: The function's.
        first: The name that its first parameter has to have, so that nothing
            is called that was not written to be.
        wrap: Function to the function that the member is.

    Returns:
        A `Member`; its `extra` has the `Code`.

    Raises:
        UsageError: if there is no such module, file or function, the file
            fails as it is run, the function takes something else, or the
            module was imported from another text.
    """
    module = _import(kind, place)
    file = getattr(module, "__file__", None)
    if file is None or not file.endswith(".py"):
        raise must(kind, "a function in a Python file", f"{place}:{name}")
    digest = _text_of(kind, module)
    functions = {
        key: value
        for key, value in vars(module).items()
        if inspect.isfunction(value)
        and next(iter(_parameters(value)), "") == first
    }
    if name not in functions:
        raise unknown(f"function of {first} in {place}", name, functions)
    file = pathlib.Path(file).resolve()
    code = Code(str(file), digest, _beside(kind, module, file))
    if place.endswith(".py"):
        place = str(file)
    options = []
    for option, each in _parameters(functions[name]).items():
        if option in (first, *GIVEN) or each.kind in REST:
            continue
        if not is_plain(each.default):
            told = f"a function of {first}, and of others with plain defaults"
            raise must(kind, told, f"{place}:{name}({each})")
        options.append(option)
    return Member(
        f"{place}:{name}",
        wrap(functions[name]),
        dict.fromkeys(options, Anything()),
        False,
        {"code": code},
    )


@contextlib.contextmanager
def drawing(seed):
    """Lets Keras draw the seeds of layers that name none from one seed."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def seeded(function: Callable, apart: int = 0) -> Callable:
    """Makes a builder's initial weights a function of a seed in any case.

    Args:
        function: Builds something of what it is given first, by its options.
        apart: What is added to the seed.

    Returns:
        `(first, seed, **options)`, which builds it.
    """

    @functools.wraps(function)
    def build(first, seed, **options):
        if takes(function, "seed"):
            options["seed"] = seed + apart
        with drawing(seed + apart):
            return function(first, **options)

    return build


def takes(function: Callable, name: str) -> bool:
    """Whether a function has a parameter of this name."""
    return name in _parameters(function)


def _parameters(function):
    return inspect.signature(function).parameters


def _beside(kind, module, file):
    """The SHA-256 of what a module imports from its folder; "" of nothing."""
    files = imported_files(file, module.__package__ or "")
    for name, path in files.items():
        known = sys.modules.get(name)
        if (there := getattr(known, "__file__", None)) is None:
            continue
        if not is_same(there, path):
            told = "beside files that no other module is called as"
            raise must(kind, told, f"{path}, where {name} is {there}")
        _text_of(kind, known)
    return text_of(files[name] for name in sorted(files))


def _text_of(kind, module):
    """The SHA-256 of the text that a module was made of."""
    text = pathlib.Path(module.__file__).read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    spec, known = _texts.get(module.__name__, (None, digest))
    if spec is not module.__spec__:  # as it is made by importing once more
        known = digest
    if known != digest:
        told = f"{module.__file__}, which has changed since"
        raise must(kind, "in a file as it was when it was imported", told)
    _texts[module.__name__] = module.__spec__, digest
    return digest


def _import(kind, place):
    """Imports a module by its name, or a file by its path."""
    try:
        if place.endswith(".py"):
            with lazy.importing():
                return _run_file(pathlib.Path(place).expanduser().resolve())
        if "" not in sys.path and str(pathlib.Path.cwd()) not in sys.path:
            sys.path.append(str(pathlib.Path.cwd()))
        with lazy.importing():
            return importlib.import_module(place)
    except UsageError:
        raise
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise must(
            kind,
            "known, or MODULE:FUNCTION or FILE.py:FUNCTION of your own",
            f"{place} ({reason_of(error)})",
        ) from None
    except Exception as error:
        # Whatever the user's file does as it is run.
        told = f"{place} ({type(error).__name__}: {reason_of(error)})"
        raise must(kind, "in a file that runs", told) from None


class _AsItIs(importlib.machinery.SourceFileLoader):
    """Runs a text, not what Python kept of one that was as old and long."""

    def get_code(self, fullname):
        return self.source_to_code(self.get_data(self.path), self.path)


def _run_file(path):
    """Runs a file as a module, once a text; beside it may lie others."""
    name = f"tfcmc_own_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if not path.is_file():
        raise FileNotFoundError("no such file")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    texts = digest, text_of(imported_files(path).values())
    if name in sys.modules and _ran[name] == texts:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, path, loader=_AsItIs(name, str(path))
    )
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    sys.modules[name] = module
    _texts[name], _ran[name] = (spec, digest), texts
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    linecache.checkcache(str(path))  # whoever asks for the text has this one
    return module
