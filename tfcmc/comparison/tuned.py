"""What tuning did to the losses of a comparison, in words."""

import dataclasses
import itertools

from tfcmc.report import beyond_spread

KEY = "linear_probe"


@dataclasses.dataclass(frozen=True)
class Tuned:
    """Which rows of a comparison are a loss at its defaults and at its best.

    Attributes:
        pairs: `(default, tuned)` labels, one pair a loss; the same label
            twice where the defaults were the best.
        notes: Sentences on the searches that chose.
    """

    pairs: tuple
    notes: tuple


def tuned_words(pairs, rows):
    """Says what tuning gained each loss, and whether it changes the ranking.

    Losses are told apart as everywhere: where their means differ by more than
    both standard deviations together.

    Args:
        pairs: As in `Tuned`.
        rows: `Row`s of the table, all with the linear probe.

    Returns:
        Sentences.
    """
    by_label = {row.label: row for row in rows}
    known = [pair for pair in pairs if set(pair) <= by_label.keys()]
    cells = [
        tuple(by_label[label].cells[KEY] for label in pair) for pair in known
    ]
    told = [
        _gain(pair, *both) for pair, both in zip(known, cells, strict=True)
    ]
    if any(cell.deviation is None for both in cells for cell in both):
        told.append(
            "One seed has no spread: it does not say whether tuning changes "
            "the ranking."
        )
    elif len(known) > 1:
        told.append(_ranking(known, cells))
    return " ".join(told)


def _gain(pair, default, tuned):
    """Says what tuning gained one loss."""
    if pair[0] == pair[1]:
        return f"{pair[0]} was best at its defaults."
    gap = tuned.mean - default.mean
    text = f"{pair[1]} is {abs(gap):.1f} points {_side(gap)} its defaults"
    if None in (default.deviation, tuned.deviation):
        return f"{text}."
    beyond = _beyond(default, tuned)
    return f"{text}, {'beyond' if beyond else 'within'} the spread."


def _ranking(known, cells):
    """Says whether two losses change places beyond the spread."""
    turned = []
    for one, other in itertools.combinations(range(len(known)), 2):
        (before, after), (other_before, other_after) = cells[one], cells[other]
        if _beyond(before, other_before) and _beyond(after, other_after):
            first = before.mean > other_before.mean
            if first != (after.mean > other_after.mean):
                pair = (one, other) if first else (other, one)
                turned.append([known[place] for place in pair])
    if not turned:
        return (
            "Tuning changes no place in the ranking beyond the spread of the "
            "seeds."
        )
    listed = "; ".join(
        f"{lower[0]} is below {upper[0]}, and {lower[1]} above {upper[1]}"
        for upper, lower in turned
    )
    return f"Tuning changes the ranking, beyond the spread: {listed}."


def _beyond(first, second):
    """Whether two means differ by more than both deviations together."""
    gap = first.mean - second.mean
    return beyond_spread(gap, first.deviation, second.deviation)


def _side(gap):
    return "above" if gap >= 0 else "below"
