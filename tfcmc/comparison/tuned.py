"""What tuning did to the losses of a comparison, in words."""

import dataclasses
import itertools

from tfcmc.comparison.rows import LINEAR
from tfcmc.foundation.text import distinct
from tfcmc.report import Table, difference, separated


@dataclasses.dataclass(frozen=True)
class Tuned:
    """Which rows of a comparison are a loss at its defaults and its best."""

    # (default, tuned) labels, one pair a loss; the same label twice where the
    # defaults were the best.
    pairs: tuple
    notes: tuple  # sentences on the searches that chose


def tuned_words(pairs, table: Table) -> str:
    """Says what tuning gained each loss, and whether it changes the ranking.

    Losses are told apart as everywhere: where the interval of the difference
    of their means leaves out 0.

    Args:
        pairs: As in `Tuned`.
        table: With the linear probe in all rows.
    """
    by_label = table.cells(LINEAR)
    known = {
        pair: tuple(by_label[label] for label in pair)
        for pair in pairs
        if set(pair) <= by_label.keys()
    }
    told = [_gain(pair, *cells) for pair, cells in known.items()]
    if any(cell.deviation is None for both in known.values() for cell in both):
        told.append(
            "One seed has no spread: it does not say whether tuning changes "
            "the ranking."
        )
    elif len(known) > 1:
        told.append(_ranking(known))
    return " ".join(told)


def _gain(pair, default, tuned):
    """Says what tuning gained one loss."""
    if pair[0] == pair[1]:
        return f"{pair[0]} was best at its defaults."
    gap = tuned.mean - default.mean
    way = "above" if gap >= 0 else "below"
    text = f"{pair[1]} is {distinct(abs(gap))} points {way} its defaults"
    ends = difference(tuned, default)
    if ends is None:
        return f"{text}."
    side = "beyond" if separated(ends) else "within"
    return f"{text}{interval_words(ends)}, {side} what the seeds explain."


def interval_words(ends) -> str:
    """Writes the interval of a difference, as `difference` returns it."""
    if ends is None:
        return ""
    low, high = map(distinct, ends)
    return f" (95 % interval {low} to {high})"


def _ranking(known):
    """Says whether two losses change places beyond what seeds explain."""
    turned = []
    for (one, cells), (two, others) in itertools.permutations(
        known.items(), 2
    ):
        pairs = list(zip(cells, others, strict=True))
        apart = all(separated(difference(*pair)) for pair in pairs)
        before, after = (ours.mean > theirs.mean for ours, theirs in pairs)
        if apart and before and not after:
            turned.append(
                f"{two[0]} is below {one[0]}, and {two[1]} above {one[1]}"
            )
    if not turned:
        return (
            "Tuning changes no place in the ranking beyond what the seeds "
            "explain."
        )
    return (
        f"Tuning changes the ranking, beyond what the seeds explain: "
        f"{'; '.join(turned)}."
    )
