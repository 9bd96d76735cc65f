"""What tuning did to the losses of a comparison, in words."""

import dataclasses
import itertools

from tfcmc.report import difference, separated

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

    Losses are told apart as everywhere: where the interval of the difference
    of their means leaves out 0.

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
    ends = difference(tuned, default)
    if ends is None:
        return f"{text}."
    side = "beyond" if separated(ends) else "within"
    return f"{text}{interval_words(ends)}, {side} what the seeds explain."


def interval_words(ends) -> str:
    """Writes the interval of a difference in points beside it.

    Args:
        ends: `(low, high)`, or None where it is not known.
    """
    if ends is None:
        return ""
    return f" (95 % interval {ends[0]:.1f} to {ends[1]:.1f})"


def _ranking(known, cells):
    """Says whether two losses change places beyond what seeds explain."""
    turned = []
    for one, other in itertools.combinations(range(len(known)), 2):
        (before, after), (other_before, other_after) = cells[one], cells[other]
        pairs = (before, other_before), (after, other_after)
        if all(separated(difference(*pair)) for pair in pairs):
            first = before.mean > other_before.mean
            if first != (after.mean > other_after.mean):
                pair = (one, other) if first else (other, one)
                turned.append([known[place] for place in pair])
    if not turned:
        return (
            "Tuning changes no place in the ranking beyond what the seeds "
            "explain."
        )
    listed = "; ".join(
        f"{lower[0]} is below {upper[0]}, and {lower[1]} above {upper[1]}"
        for upper, lower in turned
    )
    return (
        f"Tuning changes the ranking, beyond what the seeds explain: {listed}."
    )


def _side(gap):
    return "above" if gap >= 0 else "below"
