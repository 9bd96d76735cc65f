"""What a study found, in words made of its numbers."""

import itertools
import math
from collections.abc import Iterable, Iterator

import numpy as np

from tfcmc.foundation.text import counted, distinct, listed
from tfcmc.studies.effects import Effect, interval

CERTAIN = 0.95  # the probability from which one is said to be the best


def ranking_words(
    contenders: list, values: np.ndarray, best, title: str, every: int
) -> str:
    """Says which contender leads, and how sure that is.

    Args:
        contenders: The label of each.
        values: `[seeds, contenders]`, in percent.
        best: The probability of each that it is the best; None of one seed.
        title: What is ranked by.
        every: How many combinations there are, with those that are not
            ranked.
    """
    if len(contenders) < 2:
        return "No two combinations were run at one seed: none is ranked."
    means = values.mean(axis=0)
    first, second = np.argsort(-means, kind="stable")[:2]
    told = (
        f"By the {title} {contenders[first]} leads with "
        f"{_percent(values[:, first])}, before {contenders[second]} with "
        f"{_percent(values[:, second])}"
    )
    rest = every - len(contenders)
    left = (
        f" {counted(rest, 'combination is', 'combinations are')} not ranked: "
        f"not all seeds that are compared have "
        f"{'it' if rest == 1 else 'them'}."
        if rest
        else ""
    )
    if best is None:
        return f"{told}; one seed says nothing of the spread.{left}"
    sure = best[first]
    if sure >= CERTAIN:
        return f"{told}: the best with a probability of {_share(sure)}.{left}"
    rivals = [
        f"{contenders[place]} {_share(best[place])}"
        for place in np.argsort(-best, kind="stable")
        if best[place] >= 1 - CERTAIN or place == first
    ]
    return (
        f"{told}. Which is the best is not settled; the probabilities are "
        f"{', '.join(rivals)}.{left}"
    )


def effect_words(effect: Effect) -> str:
    """Says what one axis changes, from its worst level to its best."""
    (axis,), (levels,) = effect.axes, effect.levels
    means = effect.means.mean(axis=0)
    low, high = int(np.argmin(means)), int(np.argmax(means))
    ends = interval(
        effect.means[:, high] - effect.means[:, low], math.comb(len(levels), 2)
    )
    told = (
        f"{axis}: {levels[high]} {means[high]:.1f} % and {levels[low]} "
        f"{means[low]:.1f} % on average, {means[high] - means[low]:.1f} "
        f"points apart"
    )
    if effect.chance is None:
        return f"{told}, of one seed."
    told += f" ({_ends(ends)})" if ends else ""
    if effect.shown or (ends and ends[0] > 0):
        return f"{told}."
    return f"{told}, which chance may explain (p = {effect.chance:.2f})."


def interactions_words(effects: Iterable[Effect]) -> str:
    """Says of every two axes whether one changes what the other is worth."""
    shown = [each for each in effects if each.shown]
    rest = [each for each in effects if not each.shown]
    told = list(map(interaction_words, shown))
    if rest and all(each.chance is None for each in rest):
        told.append("One seed does not show that any two axes interact.")
    elif rest:
        pairs = ", ".join(
            f"{' and '.join(each.axes)} ({_chance(each.chance)})"
            for each in rest
        )
        told.append(f"Not shown to interact: {pairs}.")
    return " ".join(told)


def interaction_words(effect: Effect) -> str:
    """Says how what one axis is worth depends on the other."""
    first, second = effect.axes
    leaders = effect.means.mean(axis=0).argmax(axis=0)
    told = (
        f"What {first} is worth depends on {second} ({_chance(effect.chance)})"
    )
    if len(set(leaders)) == 1:
        leader = effect.levels[0][leaders[0]]
        return f"{told}, but {leader} leads with all. {_largest(effect)}"
    each = ", ".join(
        f"{effect.levels[0][leader]} with {level}"
        for leader, level in zip(leaders, effect.levels[1], strict=True)
    )
    if _turns(effect, leaders):
        return f"{told}, and another leads: {each}. {_largest(effect)}"
    return (
        f"{told}; which of those ahead leads, the seeds do not separate "
        f"({each}). {_largest(effect)}"
    )


def _turns(effect, leaders):
    """Whether two that lead change places beyond what the seeds explain."""
    many = math.comb(len(effect.levels[0]), 2) * len(effect.levels[1])

    def ahead(one, other, level):
        gap = effect.means[:, one, level] - effect.means[:, other, level]
        ends = interval(gap, many)
        return gap.mean() > 0 if ends is None else ends[0] > 0

    return any(
        ahead(one, other, level) and ahead(other, one, beside)
        for (level, one), (beside, other) in itertools.combinations(
            enumerate(leaders), 2
        )
    )


def _largest(effect):
    """The difference of two levels that changes most with the other axis."""
    (first, second), means = effect.levels, effect.means.mean(axis=0)
    best, most = None, -1.0
    for one in range(len(first)):
        for other in range(len(first)):
            gaps = means[one] - means[other]
            change = gaps.max() - gaps.min()
            if change > most:
                best, most = (one, other, gaps.argmax(), gaps.argmin()), change
    one, other, at, beside = best
    gaps = effect.means[:, one] - effect.means[:, other]
    wide, narrow = (gaps[:, place].mean() for place in (at, beside))
    ends = interval(
        gaps[:, at] - gaps[:, beside],
        math.comb(len(first), 2) * math.comb(len(second), 2),
    )
    return (
        f"{first[one]} is {_side(wide)} {first[other]} with {second[at]} and "
        f"{_side(narrow)} it with {second[beside]}, a change of "
        f"{most:.1f}{f' ({_ends(ends)})' if ends else ''}."
    )


def _side(points):
    return f"{abs(points):.1f} points {'above' if points >= 0 else 'below'}"


def front_words(labels: list, seconds, values, kept: list) -> str:
    """Says who is the best for its time.

    Args:
        labels: Of all.
        seconds: Of training, of all.
        values: Accuracies in percent, of all.
        kept: The places of those that are not outdone, the quickest first.
    """
    each = ", ".join(
        f"{labels[place]} ({values[place]:.1f} % in {seconds[place]:,.0f} s)"
        for place in kept
    )
    return f"Nothing is both as quick and better than: {each}."


def not_shown(
    missing: int,
    failures: dict,
    run: int,
    every: int,
    untold: list,
    never: list,
    alone: list,
) -> Iterator[str]:
    """Yields what the study does not show, a sentence each.

    Args:
        missing: How many runs are still to be made.
        failures: Run name to the reason.
        run: How many combinations were run.
        every: Of how many.
        untold: Effects that the runs which are there cannot tell yet.
        never: Effects that the combinations asked for cannot tell.
        alone: Levels of one seed, where others have several.
    """
    if missing:
        runs = counted(missing, "run is", "runs are")
        yield f"{runs} still to be made: the same command goes on."
    if failures:
        yield f"Broken and left out: {', '.join(failures)}."
    if run < every:
        yield (
            f"{run} of {every} combinations were run: what three axes do "
            f"together is taken for nothing, and an interaction that is large "
            f"may be told as a main effect, or as another interaction."
        )
    if alone:
        yield f"Of one seed, and in no effect: {', '.join(alone)}."
    for told, effects in (
        ("Too few runs to tell", untold),
        ("Not told by the combinations asked for", never),
    ):
        if effects:
            named = ", ".join(" with ".join(effect) for effect in effects)
            yield f"{told}: {named}."


def nested_words(axis: str, only: dict) -> str:
    """Says where alone an axis was varied.

    Args:
        only: Other axis to the levels at which it was.
    """
    places = [f"{other} {listed(levels)}" for other, levels in only.items()]
    return f"{axis} was varied only with {', and '.join(places)}."


def _percent(values):
    spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{spread} %"


def _share(probability):
    return f"{probability:.2f}" if probability < 0.995 else "0.99 or more"


def _chance(chance):
    if chance is None:
        return "one seed"
    return "p < 0.001" if chance < 0.001 else f"p = {chance:.3f}"


def _ends(ends):
    low, high = map(distinct, ends)
    return f"95 % interval {low} to {high}"
