"""Tables of named members, and the specs that choose one.

A spec is `name`, `name(option=value, ...)` or `name:argument`. Values are
literals; a bare word is read as a string, because shells eat quotes. Where a
table takes what is not registered, `module:name` and `module:name(option=...)`
are specs too.
"""

import ast
import dataclasses
import functools
import inspect
import keyword
import warnings
from collections.abc import Callable

from tfcmc.foundation.errors import (
    BOUNDS,
    check_choice,
    check_number,
    must,
    unknown,
)

# What Python raises where text is no expression, or one of no literals.
UNREADABLE = (SyntaxError, ValueError, TypeError, OverflowError)
UNREADABLE += (MemoryError, RecursionError)


@dataclasses.dataclass(frozen=True)
class Range:
    """The values of an option that a search tries."""

    low: float
    high: float
    scale: str = "linear"  # or "log": where they are drawn evenly
    # `high` where no coordinate of an embedding is negative, and none are
    # farther apart than sqrt(2); None where it is the same.
    non_negative: float | None = None


@dataclasses.dataclass(frozen=True)
class Number:
    """The legal range of a number option.

    Bounds as in `check_number`. `optional` also allows None; `search` is the
    `Range` that a search tries, or None where it leaves the option alone.
    """

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    whole: bool = False
    optional: bool = False
    search: Range | None = None

    def bounds(self):
        """Returns what is legal as the arguments of `check_number`."""
        return {name: getattr(self, name) for name in ("whole", *BOUNDS)}

    def check(self, name, value):
        """Raises a `UsageError` unless the value is in the range."""
        if value is None and self.optional:
            return
        check_number(name, value, **self.bounds())


@dataclasses.dataclass(frozen=True)
class Choice:
    """The legal words of an option; `number` also allows a number."""

    words: tuple
    number: Number | None = None

    def check(self, name, value):
        """Raises a `UsageError` unless the value is one of the words."""
        numeric = isinstance(value, (int, float)) and value not in self.words
        if self.number is not None and numeric:
            self.number.check(name, value)
            return
        check_choice(name, value, self.words)


class Anything:
    """The option that takes any value."""

    def check(self, name, value):
        """Raises nothing."""


def Flag() -> Choice:
    """The option that is on or off."""
    return Choice((True, False))


@dataclasses.dataclass(frozen=True)
class Member:
    """One registered name; the fields are as in `Registry.register`."""

    name: str
    function: Callable
    legal: dict[str, Number | Choice]
    takes_argument: bool
    extra: dict

    def defaults(self):
        """Returns option name to default, from the function's signature."""
        parameters = inspect.signature(self.function).parameters
        return {name: parameters[name].default for name in self.legal}


@dataclasses.dataclass(frozen=True)
class Bound:
    """A member with its options, all of them, as a spec chose them."""

    member: Member
    options: dict
    argument: str | None = None  # what followed the colon

    @property
    def name(self):
        return self.member.name

    @property
    def spec(self):
        """The spec in full, with every option written out."""
        return self._spelt(self.options)

    @property
    def short(self):
        """The spec with those options alone that are not the defaults."""
        return self._spelt(self.changed)

    @property
    def changed(self):
        """The options that are not the defaults, name to value."""
        usual = self.member.defaults() if self.member.legal else {}
        missing = object()
        return {
            name: value
            for name, value in self.options.items()
            if usual.get(name, missing) != value
        }

    def _spelt(self, options):
        if self.argument is not None:
            return f"{self.name}:{self.argument}"
        return spelt(self.name, options)

    @property
    def function(self):
        """The member's function with the options filled in."""
        return functools.partial(self.member.function, **self.options)


class Registry:
    """A table from names to members of one kind.

    Args:
        kind: What its members are, as an error message says it: "loss".
        elsewhere: `(module, name) -> Member`, for what is not registered; its
            `legal` is that of the options or, for any option, None.
    """

    def __init__(self, kind: str, elsewhere: Callable | None = None):
        self.kind = kind
        self._elsewhere = elsewhere
        self._members = {}
        self._aliases = {}

    def register(
        self, name, *, aliases=(), takes_argument=False, extra=None, **legal
    ):
        """Returns the decorator that enters a function under a name.

        Args:
            aliases: Other names for it.
            takes_argument: Whether specs must read `name:argument`.
            extra: What else the table keeps about the member.
            **legal: For each option of the function, its `Number` or `Choice`.

        Raises:
            ValueError: if a name is taken, or the options declared are not
                the function's keyword-only parameters with a default.
        """

        def enter(function):
            for taken in (name, *aliases):
                if taken in self._members or taken in self._aliases:
                    raise ValueError(
                        f"{self.kind} {taken!r} is registered twice"
                    )
            member = Member(name, function, legal, takes_argument, extra or {})
            for option, default in member.defaults().items():
                legal[option].check(option, default)
            self._members[name] = member
            self._aliases.update(dict.fromkeys(aliases, name))
            return function

        return enter

    def names(self):
        """Returns the sorted names, without aliases."""
        return sorted(self._members)

    def aliases(self, name: str) -> list:
        """Returns the other names of a member."""
        return [each for each, of in self._aliases.items() if of == name]

    def members(self):
        """Returns the members in the order of their names."""
        return [self._members[name] for name in self.names()]

    def lookup(self, spec: str) -> Bound:
        """Finds the member of a spec and checks its options.

        Raises:
            UsageError: if the spec does not parse, or the name, an option or
                a value is not known; it lists the known ones.
        """
        place, colon, call = str(spec).strip().partition(":")
        elsewhere = place.endswith(".py") or "(" not in place
        if self._elsewhere and colon and elsewhere:
            name, given, argument = parse_spec(call, self.kind)
            member = self._elsewhere(place, name)
        else:
            name, given, argument = parse_spec(spec, self.kind)
            name = self._aliases.get(name, name)
            if name not in self._members:
                known = [*self._members, *self._aliases]
                raise unknown(self.kind, name, known)
            member = self._members[name]
        if member.takes_argument and not argument:
            raise must(self.kind, f"written {name}:ARGUMENT", spec)
        if argument is not None and not member.takes_argument:
            raise must(self.kind, f"written {name} without ':'", spec)
        if member.legal is None:
            return Bound(member, given)
        options = member.defaults()
        for option, value in given.items():
            if option not in options:
                raise unknown(f"option of {name}", option, options)
            member.legal[option].check(option, value)
            options[option] = value
        return Bound(member, options, argument)


def parse_spec(spec: str, kind: str = "spec") -> tuple:
    """Reads a spec without evaluating it.

    Args:
        spec: `name`, `name(option=value, ...)` or `name:argument`.
        kind: What it names, for the message.

    Returns:
        `(name, options, argument)`; `argument` is None without a colon.
    """
    malformed = must(
        kind, "written name, name(option=value, ...) or name:argument", spec
    )
    if not isinstance(spec, str) or len(spec) > 10_000:
        raise malformed
    # Not at its end: a folder's name may end in a space.
    head, colon, argument = spec.lstrip().partition(":")
    if colon and head.isidentifier():
        return head, {}, argument
    tree = _expression(spec.strip(), malformed)
    if isinstance(tree, ast.Name):
        return tree.id, {}, None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise malformed
    if tree.args or any(each.arg is None for each in tree.keywords):
        raise malformed
    names = [each.arg for each in tree.keywords]
    if len(names) != len(set(names)):
        raise malformed
    values = [_literal(each.value, malformed) for each in tree.keywords]
    return tree.func.id, dict(zip(names, values, strict=True)), None


def spelt(name: str, options: dict) -> str:
    """Writes a name and its options as `parse_spec` reads them."""
    inside = ", ".join(
        f"{option}={_written(value)}" for option, value in options.items()
    )
    return f"{name}({inside})" if inside else name


def is_plain(value) -> bool:
    """Whether a value is one that its text makes again."""
    try:
        return ast.literal_eval(repr(value)) == value
    except UNREADABLE:
        return False


def _written(value):
    """Writes a value as `parse_spec` reads it: words bare, for the shell."""
    if isinstance(value, str) and value.isidentifier():
        return repr(value) if keyword.iskeyword(value) else value
    return repr(value)


def _expression(text, malformed):
    try:
        with warnings.catch_warnings():
            # Python warns of what merely looks odd.
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except UNREADABLE:
        raise malformed from None


def _literal(node, malformed):
    if isinstance(node, ast.Name):
        return node.id
    try:
        return ast.literal_eval(node)
    except UNREADABLE:
        raise malformed from None
