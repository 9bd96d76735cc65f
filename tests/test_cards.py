"""Cards: read from the docstrings, and nothing lost on the way."""

import importlib.util
import re

import pytest

from tests.conftest import ROOT
from tfcmc.foundation.registry import Choice, Flag, Number, Range, Registry
from tfcmc.losses import LOSSES, cards
from trainers import losses

every_loss = pytest.mark.parametrize(
    "member", LOSSES.members(), ids=LOSSES.names()
)


@pytest.fixture
def fruit():
    """A member with a docstring of every part."""
    registry = Registry("fruit")

    @registry.register(
        "apple", weight=Number(above=0), colour=Choice(("red", "green"))
    )
    def apple(tree, *, weight=1.0, colour="red"):
        """Falls from a tree.

        Not far
        from it.

        Formula: g h,
            the height.
        Range: from 0.
        At initialisation: on the tree.
        At collapse: 0: on the ground.

        Args:
            tree: `[count]`, where it grows.
            weight: How heavy, above 0; apples have
                0.1 to 0.3.
            colour: "red" or "green".

        Returns:
            `[count]`.

        Reference: Newton 1687,
            "Principia".
        """

    return registry.lookup("apple").member


def test_parts(fruit):
    """Every part is found, and its lines are joined."""
    card = cards.read_card(fruit.function)
    assert card.line == "Falls from a tree."
    assert card.meaning == ("Not far from it.",)
    assert card.sections == {
        "Formula": "g h, the height.",
        "Range": "from 0.",
        "At initialisation": "on the tree.",
        "At collapse": "0: on the ground.",
        "Returns": "`[count]`.",
        "Reference": 'Newton 1687, "Principia".',
    }
    assert card.arguments == {
        "tree": "`[count]`, where it grows.",
        "weight": "How heavy, above 0; apples have 0.1 to 0.3.",
        "colour": '"red" or "green".',
    }


def test_brief(fruit):
    """Spec, line, options, start, collapse, reference."""
    assert cards.brief(fruit).splitlines() == [
        "apple(weight=1.0, colour=red)",
        "    Falls from a tree.",
        "    weight             a number above 0",
        "    colour             one of red, green",
        "    at start           on the tree.",
        "    at collapse        0: on the ground.",
        '    reference          Newton 1687, "Principia".',
    ]


@pytest.mark.parametrize(
    ("legal", "words"),
    [
        (Number(), "a number"),
        (Number(at_least=1, whole=True), "a whole number at least 1"),
        (Number(above=0, below=1), "a number above 0 and below 1"),
        (Number(at_most=2, optional=True), "a number at most 2, or None"),
        (Flag(), "one of True, False"),
        (
            Choice(("a", "b"), number=Number(above=0)),
            "one of a, b, or a number above 0",
        ),
    ],
)
def test_words_of_a_range(legal, words):
    """What is legal, as a mistake is told, and a card where none is tried."""
    assert cards.range_words(legal) == cards.option_words(legal) == words


def test_words_of_a_search():
    """What a search tries stands in the card too."""
    for tried, words in (
        (Range(0.02, 1, "log"), "0.02 to 1 on a log scale"),
        (
            Range(0, 2, non_negative=2**0.5),
            "0 to 2 (1.41 for features from 0)",
        ),
    ):
        text = cards.option_words(Number(above=0, search=tried))
        assert text == f"a number above 0; searched {words}"


@every_loss
def test_nothing_is_lost(member):
    """The full card has every word that is not of tensors, in 79 columns."""
    card = cards.read_card(member.function)
    assert set(member.legal) <= set(card.arguments)
    assert all(
        card.sections[name] for name in cards.HEADINGS if name != "Args"
    )
    text = re.sub(r"(?s)Args:.*?Returns:", "", member.function.__doc__)
    text = re.sub(rf"({'|'.join(cards.HEADINGS)}):", "", text)
    options = " ".join(card.arguments[name] for name in member.legal)
    full = cards.full(member)
    assert set(f"{text} {options}".split()) <= set(full.split())
    for shown in (cards.brief(member), full):
        assert all(len(line) <= 79 for line in shown.splitlines()[1:])


def test_the_list_has_all(capsys):
    """Every loss with its defaults, in the order of their names."""
    losses.main([])
    text = capsys.readouterr().out
    found = re.findall(r"^(\w+)\(", text, re.MULTILINE)
    assert found == LOSSES.names()


def test_negatives_are_told(capsys):
    """A card says which sources of negatives go with its loss."""
    losses.main(["nt_xent"])
    assert "not remembered, no bank" in capsys.readouterr().out
    losses.main(["softmax(temperature=0.5)"])
    assert "a bank or a queue" in capsys.readouterr().out


def test_the_documentation_has_each():
    """Options as they are, line, formula, collapse."""
    place = importlib.util.spec_from_file_location(
        "generated", ROOT / "docs" / "generated.py"
    )
    generated = importlib.util.module_from_spec(place)
    place.loader.exec_module(generated)
    text = generated.loss_list().replace("\\*", "*")
    items = re.split("^- ", text, flags=re.M)[1:]
    for name, item in zip(LOSSES.names(), items, strict=True):
        first, *parts = [part.strip() for part in item.split("\n\n")]
        (spec,) = re.findall(r"^\[`(.*?)`\]", first)
        bound = LOSSES.lookup(spec)
        assert bound.name == name
        assert bound.options == bound.member.defaults()
        assert all(
            LOSSES.lookup(also).name == name
            for also in re.findall("or `(.*?)`", first)
        )
        card = cards.read_card(bound.member.function)
        collapse = f"At collapse: {card.sections['At collapse']}"
        assert parts == [card.line, card.sections["Formula"], collapse]


def test_without_docstrings(command, python):
    """`python -OO` keeps none, and the cards are the same."""
    words = ("trainers.losses", "triplet")
    plain = command(*words)
    done = python("-OO", "-m", *words)
    assert (done.stdout, done.stderr) == (plain.stdout, "")
