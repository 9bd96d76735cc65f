"""The figures of a search."""

import math

import numpy as np

from tfcmc.foundation.errors import is_number
from tfcmc.report import figures
from tfcmc.search.label_free import JUDGE
from tfcmc.search.ranking import comparable, ranked
from tfcmc.search.records import DONE, FAILED, OBJECTIVES
from tfcmc.search.regression import importance, smooth
from tfcmc.search.table import PERCENT, TITLES

POINTS = 200  # at which an estimate is drawn
DIRECTIONS = {"max": "higher", "min": "lower"}


def axis_words(objective, between=", "):
    """Says what an objective is and which direction is better."""
    direction = DIRECTIONS[OBJECTIVES[objective]]
    return f"{TITLES[objective]}{between}{direction} is better"


def share_of(limits, value):
    """Places a value in the range that is searched.

    Args:
        limits: `{"low", "high", "scale"}` or `{"choices"}`, as in `Search`.
        value: A value of the range.

    Returns:
        A number in [0, 1], linear on the scale of the range.
    """
    if "choices" in limits:
        last = max(1, len(limits["choices"]) - 1)
        return limits["choices"].index(value) / last
    low, high = limits["low"], limits["high"]
    if limits["scale"] == "log":
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low) if high > low else 0.0


def value_at(limits, share):
    """Returns the value at a place of a range of numbers: `share_of` undone.

    Args:
        limits: `{"low", "high", "scale"}`.
        share: `[points]`, in [0, 1].
    """
    low, high = limits["low"], limits["high"]
    if limits["scale"] == "log":
        return low * (high / low) ** share
    return low + (high - low) * share


def draw_options(search, trials, default, folder):
    """Draws the objective over each option, trial by trial.

    Args:
        search: The `Search`.
        trials: `Trial`s, one of them done at least.
        default: The defaults as a `Trial`, or None.
        folder: Where the PNG goes.
    """
    figures.objective_over_options(
        [slice_of(name, search, trials, default) for name in search.space],
        folder / "objective_over_options.png",
        objective=axis_words(search.objective, "\nvalidation part, "),
        percent=search.objective in PERCENT,
    )


def slice_of(name, search, trials, default):
    """Gathers what one option did.

    Args:
        name: The option.
        search: The `Search`.
        trials: `Trial`s.
        default: The defaults as a `Trial`, or None.

    Returns:
        A `tfcmc.report.figures.Slice`.
    """
    limits, objective = search.space[name], search.objective

    def pair(trial):
        return trial.values[name], trial.scores[objective]

    order = ranked(trials, objective)
    numbers = {trial.number for trial in order}
    shorter = [
        trial
        for trial in trials
        if trial.status == DONE
        and trial.number not in numbers
        and objective in trial.scores
    ]
    mark = (None, None)
    if default is not None:
        # An option may have a default that is none of the values searched.
        value = default.values[name]
        known = value in limits.get("choices", ()) or is_number(value)
        mark = (value if known else None, default.scores.get(objective))
    return figures.Slice(
        name=name,
        trials=tuple(map(pair, order)),
        best=pair(order[0]),
        shorter=tuple(map(pair, shorter)),
        failed=tuple(t.values[name] for t in trials if t.status == FAILED),
        default=mark,
        log=limits.get("scale") == "log",
        choices=tuple(limits.get("choices", ())),
        estimate=_estimate(limits, [pair(trial) for trial in order]),
    )


def draw_importance(search, trials, folder):
    """Draws what each option matters, where several are searched.

    Args:
        search: The `Search`.
        trials: `Trial`s.
        folder: Where the PNG goes.

    Returns:
        Option to its `share` and the 95 % `interval` of that; {} of one
        option or too few trials.
    """
    names = list(search.space)
    order = ranked(trials, search.objective)
    if len(names) < 2:
        return {}
    found = importance(
        [
            [share_of(search.space[name], t.values[name]) for name in names]
            for t in order
        ],
        [trial.scores[search.objective] for trial in order],
        [_levels(search.space[name]) for name in names],
    )
    if found is None:
        return {}
    figures.option_importance(
        names,
        *found,
        folder / "option_importance.png",
        note=f"Gaussian processes of {len(order)} trials: mean, and line: "
        f"95 % interval",
    )
    return {
        name: {"share": float(share), "interval": (float(low), float(high))}
        for name, share, low, high in zip(names, *found, strict=True)
    }


def draw_label_free(agreements, trials, default, folder):
    """Draws the probe over each objective that needs no labels.

    Args:
        agreements: `Agreement`s, one at least.
        trials: `Trial`s.
        default: The defaults as a `Trial`, or None.
        folder: Where the PNG goes.
    """
    probed = [t for t in comparable(trials) if JUDGE in t.scores]
    best = max(probed, key=lambda trial: trial.scores[JUDGE])
    panels = []
    for each in agreements:

        def pair(trial, name=each.objective):
            return trial.scores[name], trial.scores[JUDGE]

        (chosen,) = [t for t in probed if t.number == each.chosen]
        known = default is not None and JUDGE in default.scores
        panels.append(
            figures.Scatter(
                title=panel_title(each),
                objective=TITLES[each.objective],
                better=DIRECTIONS[OBJECTIVES[each.objective]],
                trials=tuple(map(pair, probed)),
                chosen=pair(chosen),
                best=pair(best),
                default=pair(default) if known else None,
            )
        )
    figures.label_free_objectives(panels, folder / "label_free_objectives.png")


def panel_title(each):
    """Says how an objective agrees with the probe, in three lines."""
    if each.correlation is None:
        told = "no rank correlation: one is constant"
    else:
        told = f"Spearman's rank correlation {each.correlation:.2f}"
    lost = [
        f"its choice {100 * each.regret:.1f}",
        f"random {100 * each.random_regret:.1f}",
    ]
    if each.default_regret is not None:
        lost.append(f"defaults {100 * each.default_regret:.1f}")
    return f"{told}\npoints below the best trial:\n{', '.join(lost)}"


def _levels(limits):
    """Returns the places that a choice can take, or None of a number."""
    if "choices" not in limits:
        return None
    return [share_of(limits, choice) for choice in limits["choices"]]


def _estimate(limits, pairs):
    """Returns a smooth estimate over an option of numbers, or None."""
    if "choices" in limits:
        return None
    places = [share_of(limits, value) for value, _ in pairs]
    at = np.linspace(0, 1, POINTS)
    found = smooth(places, [score for _, score in pairs], at)
    return found and (value_at(limits, at), *found)
