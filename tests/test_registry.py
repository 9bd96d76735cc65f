"""Specs: the good spellings, and every bad one told plainly."""

import pytest

from tfcmc.foundation.errors import UsageError
from tfcmc.foundation.registry import (
    Choice,
    Flag,
    Number,
    Registry,
    parse_spec,
)


@pytest.fixture
def table():
    """A registry with two members."""
    registry = Registry("fruit")

    @registry.register(
        "apple",
        aliases=("pomme",),
        weight=Number(above=0),
        colour=Choice(("red", "green")),
        ripe=Flag(),
    )
    def apple(scale, *, weight=1.0, colour="red", ripe=True):
        return scale, weight, colour, ripe

    @registry.register("file", takes_argument=True)
    def file(argument):
        return argument

    return registry


def test_options_are_bound(table):
    """Defaults fill what the spec leaves out; quotes may be missing."""
    bound = table.lookup("apple(weight=0.5, colour=green)")
    assert bound.function(3) == (3, 0.5, "green", True)
    assert bound.spec == "apple(weight=0.5, colour=green, ripe=True)"
    assert table.lookup(bound.spec) == bound
    assert table.lookup("pomme").name == "apple"
    assert table.lookup("file:a(b)=c:d").argument == "a(b)=c:d"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("aple", "Did you mean apple"),
        ("apple(wieght=1)", "Did you mean weight"),
        ("apple(weight=0)", "above 0"),
        ("apple(weight=nan)", "above 0"),
        ("apple(weight=1e999)", "above 0"),
        ("apple(weight='1')", "a number"),
        ("apple(weight=True)", "a number"),
        ("apple(colour=blue)", "'red', 'green'"),
        ("apple(ripe=yes)", "True, False"),
        ("apple(1)", "written name"),
        ("apple(", "written name"),
        ("apple)", "written name"),
        ("apple(weight=1, weight=2)", "written name"),
        ("apple(**{'weight': 1})", "written name"),
        ("apple(weight=__import__('os'))", "written name"),
        ("apple.weight", "written name"),
        ("", "written name"),
        (" ", "written name"),
        ("(" * 5000, "written name"),
        ("apple:x", "without ':'"),
        ("file", "file:ARGUMENT"),
        ("file:", "file:ARGUMENT"),
        ("apple(weight=-1)", "above 0"),
        ("apple\x00", "written name"),
    ],
)
def test_bad_specs(table, spec, words):
    """Each is a `UsageError` of at most two lines that says what is wrong."""
    with pytest.raises(UsageError) as caught:
        table.lookup(spec)
    assert words in str(caught.value)
    assert str(caught.value).count("\n") <= 1


@pytest.mark.parametrize("spec", [None, 3, b"apple", ["apple"]])
def test_only_text_is_a_spec(spec):
    """What is no text is refused."""
    with pytest.raises(UsageError, match="Received"):
        parse_spec(spec)


def test_duplicates_are_refused(table):
    """Neither a name nor an alias is taken twice."""
    with pytest.raises(ValueError, match="twice"):
        table.register("pomme")(lambda: None)


def test_options_must_be_parameters():
    """An option that the function lacks is refused at registration."""
    with pytest.raises(KeyError):
        Registry("x").register("a", size=Number())(lambda: None)


@pytest.mark.parametrize("value", ["green", "None", "True", "in", "2x", ""])
def test_specs_read_back(value):
    """A spec written in full is read as what it was."""
    words = Registry("word")

    @words.register("say", word=Choice(("", value)))
    def say(*, word=""):
        return word

    bound = words.lookup(f"say(word={value!r})")
    assert bound.options == {"word": value}
    assert words.lookup(bound.spec) == bound
