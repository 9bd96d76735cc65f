"""What tuning did to losses: the words and the figure."""

import numpy as np
import pytest

from tfcmc.comparison.tuned import tuned_words
from tfcmc.report import Cell, Row, figures

PAIRS = (
    ("nce(a=1)", "nce(a=2), tuned"),
    ("spring(m=1)", "spring(m=3), tuned"),
)


def rows_of(deviation, *means):
    """Rows of the two losses: each at its defaults, then tuned."""
    labels = [label for pair in PAIRS for label in pair]
    return [
        Row(label, "loss", {"linear_probe": Cell(mean, deviation, 3)})
        for label, mean in zip(labels, means, strict=True)
    ]


@pytest.mark.parametrize(
    ("means", "changes"),
    [
        ((60.0, 61.0, 50.0, 70.0), True),
        ((50.0, 70.0, 60.0, 61.0), True),
        ((60.0, 61.0, 50.0, 62.5), False),  # tuned, 1.5 apart: within 2.3
        ((60.0, 61.0, 58.5, 70.0), False),  # at the defaults, 1.5 apart
        ((60.0, 70.0, 50.0, 61.0), False),
    ],
)
def test_ranking(means, changes):
    """It changes where both orders are beyond chance, and differ."""
    text = tuned_words(PAIRS, rows_of(1.0, *means))
    assert ("changes the ranking" in text) == changes
    assert ("changes no place" in text) == (not changes)
    if changes:
        lower = 0 if means[0] < means[2] else 1
        upper = 1 - lower
        assert (
            f"{PAIRS[lower][0]} is below {PAIRS[upper][0]}, and "
            f"{PAIRS[lower][1]} above {PAIRS[upper][1]}."
        ) in text


def test_gains():
    """Beyond or within chance; nothing of a spread that is not known."""
    text = tuned_words(PAIRS, rows_of(1.0, 60.0, 61.5, 50.0, 46.0))
    assert "1.5 points above its defaults (95 % interval -0.8 to 3.8)" in text
    assert "4.0 points below its defaults (95 % interval -6.3 to -1.7)" in text
    assert "), within what" in text and "), beyond what" in text
    alone = tuned_words(PAIRS, rows_of(None, 60.0, 61.5, 50.0, 70.0))
    assert "beyond" not in alone and "One seed has no spread" in alone
    same = (("nce(a=1)", "nce(a=1)"), PAIRS[1])
    text = tuned_words(same, rows_of(1.0, 60.0, 61.5, 50.0, 46.0))
    assert "nce(a=1) was best at its defaults." in text


def gains_of(rng, seeds):
    """Three losses, the last with its defaults for its best."""
    found = [
        figures.Gain(
            f"loss_{n}(a=1)",
            f"loss_{n}(a=2), tuned",
            tuple(rng.uniform(0.3, 0.6, seeds)),
            tuple(rng.uniform(0.3, 0.6, seeds)),
        )
        for n in range(2)
    ]
    same = tuple(rng.uniform(0.3, 0.6, seeds))
    return [*found, figures.Gain("$x_{1", "$x_{1", same, same)]


@pytest.mark.parametrize("seeds", [1, 3])
def test_figure(rng, seeds, picture, tmp_path):
    """Drawn with and without a spread; a gain changes it, the order not."""
    gains = gains_of(rng, seeds)

    def drawn(gains):
        path = tmp_path / "a.png"
        figures.tuned_and_default(gains, path, measured="accuracy")
        return picture(path)

    first = drawn(gains)
    np.testing.assert_array_equal(first, drawn(gains[::-1]))
    other = [figures.Gain("a", "b", (0.4,) * seeds, (0.5,) * seeds)]
    second = drawn([*gains[:2], *other])
    assert first.shape != second.shape or (first != second).any()
