"""The figures of a search."""

import numpy as np

from tfcmc.foundation.errors import is_number
from tfcmc.report import figures
from tfcmc.searches.label_free import JUDGE, Agreement
from tfcmc.searches.ranking import Results, ranked
from tfcmc.searches.records import DONE, OBJECTIVES, Objective
from tfcmc.searches.regression import MOST_WEIGHED, importance, smooth
from tfcmc.searches.space import share_of, value_at

POINTS = 200  # at which an estimate is drawn


def axis_words(objective: Objective, between: str = ", ") -> str:
    """Says what an objective is and which direction is better."""
    return f"{objective.title}{between}{objective.better} is better"


def draw_options(results: Results, folder) -> None:
    """Draws the objective over each option; one trial is done at least."""
    figures.objective_over_options(
        [slice_of(name, results) for name in results.search.space],
        folder / "objective_over_options.png",
        objective=axis_words(results.objective, "\nvalidation part, "),
        percent=results.objective.percent,
    )


def slice_of(name: str, results: Results) -> figures.Slice:
    """Gathers what one option did."""
    span, objective = results.search.space[name], results.search.objective

    def pairs(trials):
        return tuple((t.values[name], t.scores[objective]) for t in trials)

    order = results.order
    numbers = {trial.number for trial in order}
    shorter = [
        trial
        for trial in results.trials
        if trial.status == DONE
        and trial.number not in numbers
        and objective in trial.scores
    ]
    mark = (None, None)
    if (default := results.rival) is not None:
        # An option may have a default that is none of the values searched.
        value = default.values[name]
        known = is_number(value)
        if "choices" in span:
            known = value in span["choices"]
        mark = (value if known else None, default.scores.get(objective))
    return figures.Slice(
        name=name,
        trials=pairs(order),
        best=pairs(order[:1])[0],
        shorter=pairs(shorter),
        failed=tuple(
            t.values[name] for t in results.trials if t.status != DONE
        ),
        default=mark,
        log=span.get("scale") == "log",
        choices=tuple(span.get("choices", ())),
        estimate=_estimate(span, pairs(order)),
    )


def draw_importance(results: Results, folder) -> dict:
    """Draws what each option matters, where several are searched.

    Returns:
        Option to its `share` and the 95 % `interval` of that; {} of one
        option or too few trials.
    """
    space, order = results.search.space, results.order
    if len(space) < 2:
        return {}
    found = importance(
        [[share_of(space[n], t.values[n]) for n in space] for t in order],
        [trial.scores[results.search.objective] for trial in order],
        [
            [share_of(span, choice) for choice in span["choices"]]
            if "choices" in span
            else None
            for span in space.values()
        ],
    )
    if found is None:
        return {}
    figures.option_importance(
        list(space),
        *found,
        folder / "option_importance.png",
        note=f"Gaussian processes of {min(len(order), MOST_WEIGHED)} trials: "
        f"mean, and line: "
        f"95 % interval",
    )
    return {
        name: {"share": float(share), "interval": (float(low), float(high))}
        for name, share, low, high in zip(space, *found, strict=True)
    }


def draw_label_free(found: list[Agreement], results: Results, folder) -> None:
    """Draws the probe over each objective that needs no labels."""
    default = results.rival
    known = set() if default is None else default.scores.keys()
    panels = []
    for each in found:
        trials = {
            trial.number: trial
            for trial in ranked(results.trials, JUDGE)
            if each.objective in trial.scores
        }

        def pair(trial, name=each.objective):
            return trial.scores[name], trial.scores[JUDGE]

        pairs = tuple(map(pair, trials.values()))
        objective = OBJECTIVES[each.objective]
        panels.append(
            figures.Scatter(
                title="\n".join(each.words()),
                objective=objective.title,
                better=objective.better,
                trials=pairs,
                chosen=pair(trials[each.chosen]),
                best=pairs[0],
                default=pair(default)
                if {JUDGE, each.objective} <= known
                else None,
            )
        )
    figures.label_free_objectives(panels, folder / "label_free_objectives.png")


def _estimate(span, pairs):
    """Returns a smooth estimate over an option of numbers, or None."""
    if "choices" in span:
        return None
    places = [share_of(span, value) for value, _ in pairs]
    at = np.linspace(0, 1, POINTS)
    found = smooth(places, [score for _, score in pairs], at)
    return found and (value_at(span, at), *found)
